// One channel, as the app uses it: `client.user('bob')`, `client.channel('group/eng')`.

import type { Address } from '@longwire/protocol';
import type { WaitOptions } from './arguments/abort-signal.js';
import type { PositionInput } from './arguments/position-input.js';
import type { PendingSends, SendOptions, SendResult } from './sending/pending-sends.js';
import type { HistoryOptions, HistoryPage, Queries } from './sending/queries.js';
import type { SendBody } from './sending/send-body.js';

/** A handle without state: `client.user` and `client.channel` return a new one for every call. */
export class Channel {
  readonly address: Address;
  readonly #sends: Pick<PendingSends, 'send' | 'sendJson'>;
  readonly #queries: Pick<Queries, 'history' | 'read'>;

  /** @internal Apps call `client.user` and `client.channel`. */
  constructor(
    address: Address,
    sends: Pick<PendingSends, 'send' | 'sendJson'>,
    queries: Pick<Queries, 'history' | 'read'>,
  ) {
    this.address = address;
    this.#sends = sends;
    this.#queries = queries;
  }

  /**
   * Sends a message: any JSON value, by convention `{ text }`, or bytes.
   *
   * Resolves when the message is stored on the server's disk, also if that takes a reconnect or the server is killed
   * meanwhile: it is repeated with its key, and stored once. Sends of one client go out in the order of the calls. One
   * that the server defers (`rate_limited`, `unavailable`) delays those not yet sent, but not those on their way.
   * Rejects with a LongwireError: the error of the server, `invalid_field`, `too_large`, `outbox_full`, `aborted`,
   * `closed`, `stopped`, `user_changed`. A rejection that the app ignores goes to the `error` event.
   */
  send(body: SendBody, options: SendOptions = {}): Promise<SendResult> {
    return this.#sends.send(this.address, body, options);
  }

  /**
   * As `send`, with the JSON text of a body, which is stored and delivered exactly as it is: `send` cannot send numbers
   * that JavaScript cannot hold, such as 12345678901234567890. `keepBodyText` is the same for received bodies.
   */
  sendJson(bodyText: string, options: SendOptions = {}): Promise<SendResult> {
    return this.#sends.sendJson(this.address, bodyText, options);
  }

  /** A page of the channel. Waits for the connection if there is none. */
  history(options: HistoryOptions = {}): Promise<HistoryPage> {
    return this.#queries.history(this.address, options);
  }

  /** Marks everything up to this message as read by the user, on all their devices. Never moves back. */
  read(position: PositionInput, options: WaitOptions = {}): Promise<void> {
    return this.#queries.read(this.address, position, options);
  }
}
