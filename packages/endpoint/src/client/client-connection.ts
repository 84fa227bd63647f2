// One connection of a client endpoint: connecting, open, waiting to reconnect, closed.

import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocketCloseCode } from '@longwire/websocket';
import { type NotAnAnswer, notAnAnswer } from '../declaring/message-handler.js';
import type { EndpointError } from '../errors.js';
import { answeredAtOnce } from '../promises.js';
import type { CloseReason } from '../session/close-reason.js';
import type { Session } from '../session/session.js';
import type { ClientPath } from './client-endpoint-definition.js';
import { type ResolvedReconnectOptions, reconnectDelayMs } from './reconnecting.js';

export type ClientState = 'connecting' | 'open' | 'waiting' | 'closed';

/** What one attempt led to. */
export interface Dialled {
  readonly session: Session<ClientPath>;
  /** Never rejects. */
  readonly ended: Promise<CloseReason>;
}

/** What a connection needs of the container. */
export interface Dialler {
  /** One attempt: resolves once the session is open and `onOpen` has been called. Rejects with connect_failed. */
  dial(signal: AbortSignal): Promise<Dialled>;
  /** Takes what the program's `shouldReconnect` threw. Never throws. */
  reportUnhandled(error: unknown, session: Session<ClientPath> | undefined): void;
}

// A connection that ends sooner has not worked yet: the waits go on growing.
const provenAfterMs = 5_000;

/**
 * Connects, and reconnects as often as it may. Called once for each connection; resolves when it is over, never rejects.
 * Calls `opened` with each session, or `gaveUp` with connect_failed if there never was one.
 */
export type RunConnection = (opened: () => void, gaveUp: (error: unknown) => void) => Promise<void>;

/**
 * What `container.connect` resolves with. A connection that comes back has a new session each time: ask
 * {@link ClientConnection.session} when you send, and keep in your own state what outlives one.
 */
export class ClientConnection implements NotAnAnswer {
  /** Resolves when it is over for good, with the reason of the last session. Never rejects. */
  readonly closed: Promise<CloseReason>;
  readonly #dialler: Dialler;
  readonly #reconnect: ResolvedReconnectOptions | undefined;
  readonly #stopping = new AbortController();
  #state: ClientState = 'connecting';
  #session: Session<ClientPath> | undefined;
  #error: EndpointError | undefined;
  /** For a session that opens in the very moment in which the connection is closed. */
  #farewell: { readonly code: number; readonly reason: string } | undefined;
  #resolveClosed!: (reason: CloseReason) => void;

  /**
   * Made by `container.connect`.
   * @param executor  gets the function that runs the connection, and that only the container may call
   */
  constructor(
    dialler: Dialler,
    reconnect: ResolvedReconnectOptions | undefined,
    executor: (run: RunConnection) => void,
  ) {
    this.#dialler = dialler;
    this.#reconnect = reconnect;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    executor((opened, gaveUp) => this.#run(opened, gaveUp));
  }

  /** A handler that returns it answers nothing. */
  get [notAnAnswer](): true {
    return true;
  }

  /** The session while it is open; undefined otherwise. */
  get session(): Session<ClientPath> | undefined {
    return this.#session;
  }

  /** `waiting`: the session has ended, and the next attempt comes after a while. */
  get state(): ClientState {
    return this.#state;
  }

  /** Why the last attempt to connect failed (connect_failed); undefined when it did not. */
  get error(): EndpointError | undefined {
    return this.#error;
  }

  /**
   * Closes the session, if one is open, and does not come back. Resolves when the connection is over; handlers may still
   * be at work. Closing twice does nothing.
   * @param code  1000 (the default), 1001, 1003, 1007-1014 or 3000-4999
   * @param reason  at most 123 bytes of UTF-8
   */
  async close(code: number = WebSocketCloseCode.normal, reason = ''): Promise<void> {
    this.#farewell ??= { code, reason };
    this.stop();
    this.#session?.close(code, reason);
    await this.closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Comes back no more, and gives up an attempt that is going on; a session that is open stays. */
  stop(): void {
    this.#stopping.abort();
  }

  async #run(opened: () => void, gaveUp: (error: unknown) => void): Promise<void> {
    const { signal } = this.#stopping;
    let reason: CloseReason | undefined;
    let waits = 0;
    for (;;) {
      const session = await this.#connect();
      if (session !== undefined) {
        const openedAtMs = performance.now();
        opened();
        reason = await session.ended;
        this.#session = undefined;
        if (performance.now() - openedAtMs >= provenAfterMs) waits = 0;
      }
      const why = session === undefined ? this.#error! : reason!;
      if (signal.aborted || !this.#mayComeBack(why, waits, session?.session)) break;
      this.#state = 'waiting';
      await sleep(reconnectDelayMs(waits++, this.#reconnect!), undefined, { signal }).catch(() => {});
      if (signal.aborted) break;
      this.#state = 'connecting';
    }
    this.#state = 'closed';
    if (reason === undefined) gaveUp(this.#error);
    else this.#resolveClosed(reason);
  }

  async #connect(): Promise<Dialled | undefined> {
    try {
      const dialled = await this.#dialler.dial(this.#stopping.signal);
      this.#error = undefined;
      this.#session = dialled.session;
      this.#state = 'open';
      if (this.#stopping.signal.aborted) {
        const { code, reason } = this.#farewell ?? { code: WebSocketCloseCode.goingAway, reason: '' };
        dialled.session.close(code, reason);
      }
      return dialled;
    } catch (error) {
      this.#error = error as EndpointError;
      return undefined;
    }
  }

  #mayComeBack(why: CloseReason | EndpointError, waits: number, session: Session<ClientPath> | undefined): boolean {
    if (this.#reconnect === undefined || waits >= this.#reconnect.maxAttempts) return false;
    try {
      return answeredAtOnce('shouldReconnect', this.#reconnect.shouldReconnect(why)) === true;
    } catch (error) {
      this.#dialler.reportUnhandled(error, session);
      return false;
    }
  }
}
