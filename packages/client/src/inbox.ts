// The notifications of the user, as the app uses them: `client.inbox`.

import type { Address } from '@longwire/protocol';
import type { WaitOptions } from './arguments/abort-signal.js';
import type { PositionInput } from './arguments/position-input.js';
import { Channel, type ChannelParts } from './channel.js';
import type { Queries } from './sending/queries.js';

export class Inbox extends Channel {
  readonly #queries: Pick<Queries, 'read'>;

  /** @internal Apps use `client.inbox`. */
  constructor(address: Address, ...parts: ChannelParts) {
    super(address, ...parts);
    this.#queries = parts[1];
  }

  /**
   * Marks this notification alone as read by the user, on all their devices: `only` of the channel and of the event `receipt`.
   * Resolves when it is stored. Rejects with a LongwireError: `quota_exceeded` (1 000 above the read cursor are read one by
   * one: `read` marks all up to one of them), another error of the server, `aborted`, `closed`, `stopped`.
   */
  readOnly(notification: PositionInput, options: WaitOptions = {}): Promise<void> {
    return this.#queries.read(this.address, notification, options, true);
  }
}
