// What a connection is made of, and the states of its life.
import type { Duplex } from 'node:stream';
import type { PerMessageDeflate } from '../extension/permessage-deflate.js';
import type { Role } from '../frame/opcode.js';
import type { ResolvedWebSocketOptions } from '../options.js';
import type { HandlerOf } from './handler.js';

export type ReadyState = 'open' | 'closing' | 'closed';

/** What `accept` and `dial` know when they make a connection. */
export interface ConnectionSetup<Connection> {
  readonly role: Role;
  readonly socket: Duplex;
  /** Bytes that came behind the handshake. */
  readonly head: Buffer;
  readonly options: ResolvedWebSocketOptions;
  readonly handler: HandlerOf<Connection>;
  readonly subprotocol: string;
  readonly extensions: string;
  readonly deflate: PerMessageDeflate | undefined;
}
