// One channel from the app's side: `client.user('bob')`, `client.channel('group/eng')`.

import type { Address } from '@longwire/protocol';
import type { AbortSignalLike } from './arguments/abort-signal.js';
import type { PositionInput } from './arguments/position-input.js';
import type { LongwireMessage } from './reading/message.js';
import type { SendOptions, SendResult } from './sending/pending-sends.js';
import type { SendBody } from './sending/send-body.js';

export interface HistoryOptions {
  /** Messages before this one, exclusive. A bare offset counts in the channel's present epoch. */
  readonly before?: PositionInput | number | undefined;
  /** Messages after this one, exclusive. At most one of the two; neither: the newest page. */
  readonly after?: PositionInput | number | undefined;
  /** 1-200, default 50. */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignalLike | undefined;
}

export interface HistoryPage {
  /** Ascending, in their present state. */
  readonly messages: readonly LongwireMessage[];
  /** Whether there is more in the direction that was asked for. */
  readonly more: boolean;
  /** Of the page's first and last entry, also if that is of a kind without name here: to page on from. */
  readonly first: PositionInput | undefined;
  readonly last: PositionInput | undefined;
}

export interface WaitOptions {
  readonly signal?: AbortSignalLike | undefined;
}

export interface ChannelPort {
  send(address: Address, body: SendBody, options: SendOptions): Promise<SendResult>;
  sendJson(address: Address, bodyText: string, options: SendOptions): Promise<SendResult>;
  history(address: Address, options: HistoryOptions): Promise<HistoryPage>;
  read(address: Address, position: PositionInput, options: WaitOptions): Promise<void>;
}

/** A handle: it holds nothing and may be made anew for every call. */
export class Channel {
  readonly address: Address;
  readonly #port: ChannelPort;

  constructor(address: Address, port: ChannelPort) {
    this.address = address;
    this.#port = port;
  }

  /**
   * Sends a message: any JSON value, by convention `{ text }`, or bytes.
   *
   * Resolves when it is stored on the server's disk, also if that takes a reconnect or the server was killed meanwhile:
   * it is repeated with its key and stored once. Sends of one client go out in the order of the calls. One that the
   * server puts off (`rate_limited`, `unavailable`) holds those not yet sent, but not those already on their way.
   * Rejects with a LongwireError: what the server refused it with, `too_large`, `outbox_full`, `aborted`, `closed`,
   * `stopped`, `user_changed`.
   */
  send(body: SendBody, options: SendOptions = {}): Promise<SendResult> {
    return this.#port.send(this.address, body, options);
  }

  /**
   * As `send`, with the JSON text of a body, which is stored and delivered exactly as it is: `send` cannot send numbers
   * that JavaScript cannot hold, such as 12345678901234567890. `keepBodyText` is the same for received bodies.
   */
  sendJson(bodyText: string, options: SendOptions = {}): Promise<SendResult> {
    return this.#port.sendJson(this.address, bodyText, options);
  }

  /** A page of the channel. Waits for the connection if there is none. */
  history(options: HistoryOptions = {}): Promise<HistoryPage> {
    return this.#port.history(this.address, options);
  }

  /** Marks everything up to this message as read by the user, on all their devices. Never goes back. */
  read(position: PositionInput, options: WaitOptions = {}): Promise<void> {
    return this.#port.read(this.address, position, options);
  }
}
