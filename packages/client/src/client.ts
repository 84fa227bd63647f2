// The client that the app holds: what it can be asked to do.

// Into the declarations too: `Symbol.asyncDispose` in them must not break an app whose own `lib` is older.
/// <reference lib="esnext.disposable" preserve="true" />

import { type Address, directAddress, isAddress, parseUserId } from '@longwire/protocol';
import { type AbortSignalLike, checkSignal, type WaitOptions } from './arguments/abort-signal.js';
import { checkOptionNames } from './arguments/option-names.js';
import { type PositionInput, positionFrom } from './arguments/position-input.js';
import { Channel } from './channel.js';
import type { ClientCore } from './client-core.js';
import { isEventName, type LongwireEvents, type SessionInfo } from './client-events.js';
import type { ConnectionState } from './connection/connection-state.js';
import { invalidField } from './errors.js';
import type { Listener } from './listeners.js';
import type { ChannelsOptions, ChannelsPage } from './sending/queries.js';

/**
 * A user's line to the server, made by `connect`. It comes back by itself after a lost connection, hands each entry on
 * once and in order, and repeats what was not answered. Nothing is thrown out of its sockets and timers: what goes
 * wrong is told by the promises and by the `error` event. Another user needs another client.
 */
export class LongwireClient {
  readonly #core: ClientCore;

  /** @internal Apps call `connect`. */
  constructor(core: ClientCore) {
    this.#core = core;
  }

  get state(): ConnectionState {
    return this.#core.connection.state;
  }

  /** What the server said at the last sign-in; undefined before the first. */
  get session(): SessionInfo | undefined {
    return this.#core.session;
  }

  /** Sends that were neither stored nor refused yet. */
  get pendingSends(): number {
    return this.#core.sends.count;
  }

  /**
   * Calls `listener` for each such event from now on, in the order in which listeners were added. What it throws or
   * rejects with goes to `error`. Returns the way to stop it; `signal` is another.
   * @throws LongwireError `invalid_field`: no such event, or no function
   */
  on<Name extends keyof LongwireEvents>(
    name: Name,
    listener: Listener<LongwireEvents[Name]>,
    options: { readonly signal?: AbortSignalLike | undefined } = {},
  ): () => void {
    if (!isEventName(name)) throw invalidField(`There is no event ${name}`);
    if (typeof listener !== 'function') throw invalidField(`The listener of ${name} must be a function`);
    checkOptionNames(options, ['signal']);
    const { signal } = options;
    checkSignal(signal);
    if (signal?.aborted === true) return () => undefined;
    const remove = this.#core.listeners.add(name, listener);
    const stop = () => {
      signal?.removeEventListener('abort', stop);
      remove();
    };
    signal?.addEventListener('abort', stop);
    if (name === 'message') this.#core.inbound.resume();
    return stop;
  }

  /**
   * Resolves when the client is signed in, at once if it is.
   * Rejects with a LongwireError: `aborted`, `closed`, `user_changed`, or `stopped` if the server refused it for good.
   */
  ready(options: WaitOptions = {}): Promise<SessionInfo> {
    return this.#core.ready(options);
  }

  /**
   * The channel with another user, or with oneself.
   * @throws LongwireError `invalid_field`: not a user id
   */
  user(id: string): Channel {
    const user = typeof id === 'string' ? parseUserId(id) : undefined;
    if (user === undefined) throw invalidField(`"${id}" is not a user id`);
    return this.#channelAt(directAddress(user));
  }

  /**
   * Any channel by its address: `user/bob`, `group/eng`, `inbox`, `all`, `topic/stocks/AAPL`.
   * @throws LongwireError `invalid_field`: not an address
   */
  channel(address: string): Channel {
    return this.#channelAt(addressFrom(address));
  }

  /** A page of the user's channels, the one with the newest entry first. Waits for the connection if there is none. */
  channels(options: ChannelsOptions = {}): Promise<ChannelsPage> {
    return this.#core.queries.channels(options);
  }

  /**
   * With `ackMode: 'manual'`: the app has this message and all before it in its channel. Sent with others, within 2 s.
   * @throws LongwireError `invalid_field`: no message
   */
  ack(message: PositionInput & { readonly channel: string }): void {
    const position = positionFrom(message);
    this.#core.acks.take(addressFrom(message.channel), position);
  }

  /** The newest position that was read in a channel; undefined as long as nothing of it came. The app's handlers may be behind it. */
  position(address: string): PositionInput | undefined {
    return this.#core.inbound.positionOf(address);
  }

  /** Connects now: instead of waiting for the next attempt, or after the server had ended it for good. */
  reconnect(): void {
    this.#core.start();
  }

  /**
   * Ends the client for good. Hands nothing on any more, waits up to `closeTimeoutMs` for handlers that are running (so
   * do not await it in one), acknowledges what was taken, closes. Sends without answer reject with `closed`. Resolves when
   * the socket is gone; calling it again waits for the same end.
   */
  close(): Promise<void> {
    return this.#core.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #channelAt(address: Address): Channel {
    return new Channel(address, this.#core.pendingSends, this.#core.queries);
  }
}

function addressFrom(text: string): Address {
  if (typeof text === 'string' && isAddress(text)) return text;
  throw invalidField(`"${text}" is not an address`);
}
