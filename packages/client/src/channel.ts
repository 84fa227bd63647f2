// One channel, as the app uses it: `client.user('bob')`, `client.channel('group/eng')`.

import type { Address, JsonValue } from '@longwire/protocol';
import type { WaitOptions } from './arguments/abort-signal.js';
import type { PositionInput } from './arguments/position-input.js';
import type { PendingSends, SendOptions, SendResult } from './sending/pending-sends.js';
import type { HistoryOptions, HistoryPage, Queries } from './sending/queries.js';
import type { SendBody } from './sending/send-body.js';
import type { Signals } from './sending/signals.js';

export interface MuteOptions extends WaitOptions {
  /** When it ends, in milliseconds since 1970. Default: never. */
  readonly until?: number | undefined;
}

/** A handle without state: `client.user`, `client.group` and `client.channel` return a new one for every call. */
export class Channel {
  readonly address: Address;
  readonly #sends: Pick<PendingSends, 'send' | 'sendJson'>;
  readonly #queries: Pick<Queries, 'history' | 'read' | 'setPreference'>;
  readonly #signals: Pick<Signals, 'send' | 'typing' | 'stopTyping' | 'forgetTyping'>;

  /** @internal Apps call `client.user` and `client.channel`. */
  constructor(
    address: Address,
    sends: Pick<PendingSends, 'send' | 'sendJson'>,
    queries: Pick<Queries, 'history' | 'read' | 'setPreference'>,
    signals: Pick<Signals, 'send' | 'typing' | 'stopTyping' | 'forgetTyping'>,
  ) {
    this.address = address;
    this.#sends = sends;
    this.#queries = queries;
    this.#signals = signals;
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
    this.#signals.forgetTyping(this.address);
    return this.#sends.send(this.address, body, options);
  }

  /**
   * As `send`, with the JSON text of a body, which is stored and delivered exactly as it is: `send` cannot send numbers
   * that JavaScript cannot hold, such as 12345678901234567890. `keepBodyText` is the same for received bodies.
   */
  sendJson(bodyText: string, options: SendOptions = {}): Promise<SendResult> {
    this.#signals.forgetTyping(this.address);
    return this.#sends.sendJson(this.address, bodyText, options);
  }

  /**
   * Sends something passing to the sessions of the channel's users that are connected: it is never stored, repeated or
   * queued. `name` is 1-32 characters of `a-z`, `0-9`, `.`, `_` and `-`, `data` at most 1 KiB of JSON.
   *
   * Resolves when the server has taken it; who gets it is not reported. Rejects with a LongwireError: the error of the
   * server (`forbidden` before anything was written in the channel, `rate_limited`), `signal_dropped`, `closed`, `stopped`.
   */
  signal(name: string, data?: JsonValue): Promise<void> {
    return this.#signals.send(this.address, name, data);
  }

  /**
   * Reports that the user types: call it at every keystroke. It is sent at most every 3 s; others see it until the next
   * message, `stopTyping`, or for 6 s. A failure is not reported.
   */
  typing(): void {
    this.#signals.typing(this.address);
  }

  /** Reports that the user no longer types without sending anything, if others may still see it. */
  stopTyping(): void {
    this.#signals.stopTyping(this.address);
  }

  /** A page of the channel. Waits for the connection if there is none. */
  history(options: HistoryOptions = {}): Promise<HistoryPage> {
    return this.#queries.history(this.address, options);
  }

  /** Marks everything up to this message as read by the user, on all their devices. Never moves back. */
  read(position: PositionInput, options: WaitOptions = {}): Promise<void> {
    return this.#queries.read(this.address, position, options);
  }

  /**
   * Asks the user's clients not to notify them of what comes in the channel, until a time in milliseconds since 1970 or
   * without end: `muted` of the channel. Resolves when it is stored. Rejects with a LongwireError: `invalid_field` (not one of
   * the user's channels), `quota_exceeded`, another error of the server, `aborted`, `closed`.
   */
  mute(options: MuteOptions = {}): Promise<void> {
    return this.#queries.setPreference(this.address, { type: 'mute', on: true, until: options.until }, options);
  }

  /** Ends `mute`. */
  unmute(options: WaitOptions = {}): Promise<void> {
    return this.#queries.setPreference(this.address, { type: 'mute', on: false }, options);
  }

  /** Asks the user's clients to show the channel apart from the others: `archived` of the channel. Rejects as `mute`. */
  archive(options: WaitOptions = {}): Promise<void> {
    return this.#queries.setPreference(this.address, { type: 'archive', on: true }, options);
  }

  /** Ends `archive`. */
  unarchive(options: WaitOptions = {}): Promise<void> {
    return this.#queries.setPreference(this.address, { type: 'archive', on: false }, options);
  }

  /** Leaves the channel out of `client.channels` and `session.channels` until it has a newer entry. Rejects as `mute`. */
  hide(options: WaitOptions = {}): Promise<void> {
    return this.#queries.setPreference(this.address, { type: 'hide', on: true }, options);
  }

  /** Ends `hide` at once. */
  unhide(options: WaitOptions = {}): Promise<void> {
    return this.#queries.setPreference(this.address, { type: 'hide', on: false }, options);
  }
}

/** What a subclass hands on. */
export type ChannelParts = ConstructorParameters<typeof Channel> extends [unknown, ...infer Parts] ? Parts : never;
