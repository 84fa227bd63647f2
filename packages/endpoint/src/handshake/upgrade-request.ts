// What node:http hands out when a client asks to change protocols.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/**
 * A request to change protocols, as node:http hands it out: nothing has been answered, `head` came behind the headers.
 */
export interface UpgradeRequest {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}
