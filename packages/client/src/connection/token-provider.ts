// The app's tokens: requested when needed, kept while they are valid, renewed before they expire.

import type { PlatformAbortSignal } from '../arguments/abort-signal.js';
import { LongwireError } from '../errors.js';
import type { PlatformClock } from '../platform/platform.js';
import { withDeadline } from './deadline.js';

// Of browsers, workers and Node; this file is compiled with the types of none of them.
declare const AbortController: new () => { readonly signal: PlatformAbortSignal; abort(reason?: unknown): void };

/** What a token is for: a new connection, or continuing the current one after the old token expires. */
export interface TokenRequest {
  readonly purpose: 'connect' | 'refresh';
  /** Aborts when the token is no longer needed: it took longer than `connectTimeoutMs`, or the connection has ended. */
  readonly signal: PlatformAbortSignal;
}

/**
 * Returns the token of the user to sign in. In one client it is always the same user, or the client stops with
 * `user_changed`.
 *
 * Called for the first connection, before a token expires, for a reconnect with an expired token, and after the server
 * refused a token that a reconnect used again. Not called for a reconnect with a token that is still valid.
 * If it rejects, or takes longer than `connectTimeoutMs`, this is reported and the call repeated, unless it rejects with
 * a `LongwireError` that is not `retryable`.
 */
export type GetToken = (request: TokenRequest) => string | Promise<string>;

// A token is renewed this long before it expires, or in the last quarter of a short lifetime.
const RENEW_BEFORE_MS = 60_000;

export class TokenProvider {
  readonly #getToken: GetToken | undefined;
  readonly #clock: PlatformClock;
  readonly #timeoutMs: number;
  /** The call whose token is awaited. Tokens of other calls are too late. */
  #call: { giveUp(): void } | undefined;
  #latest: string | undefined;
  /** When `#latest` should be renewed, by the local clock; undefined if the server has not accepted it. */
  #goodUntil: number | undefined;

  /** @param timeoutMs  of a call of `getToken` */
  constructor(getToken: GetToken | undefined, clock: PlatformClock, timeoutMs: number) {
    this.#getToken = getToken;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * A token for a new connection: the latest one while it is valid, so that a restart of the server does not send every
   * client to the app's sign-in at once. Undefined without `getToken`: then a cookie identifies the user.
   * @returns isKept  the token is the latest one, and `getToken` was not called
   * @throws LongwireError `token_failed`, or what `getToken` threw if it is a LongwireError
   */
  async forConnect(): Promise<{ readonly token: string | undefined; readonly isKept: boolean }> {
    if (this.#latest !== undefined && this.#goodUntil !== undefined && this.#clock.now() < this.#goodUntil) {
      return { token: this.#latest, isKept: true };
    }
    return { token: await this.#ask('connect'), isKept: false };
  }

  /** A new token for the current connection; undefined without `getToken`. Throws as `forConnect` does. */
  forRefresh(): Promise<string | undefined> {
    return this.#ask('refresh');
  }

  /**
   * The server accepted the latest token.
   * @param lifetimeMs  until it expires, by the server's clock; undefined if it never does
   * @returns milliseconds until it should be renewed
   */
  accept(lifetimeMs: number | undefined): number | undefined {
    if (lifetimeMs === undefined) {
      this.#goodUntil = Number.POSITIVE_INFINITY;
      return undefined;
    }
    const renewAfterMs = Math.max(0, lifetimeMs - Math.min(RENEW_BEFORE_MS, lifetimeMs / 4));
    this.#goodUntil = this.#clock.now() + renewAfterMs;
    return renewAfterMs;
  }

  /** Drops the latest token: the next connection needs another. */
  forget(): void {
    this.#latest = undefined;
    this.#goodUntil = undefined;
  }

  /** Aborts the pending call of `getToken`. */
  stop(): void {
    this.#call?.giveUp();
    this.#call = undefined;
  }

  async #ask(purpose: TokenRequest['purpose']): Promise<string | undefined> {
    const getToken = this.#getToken;
    if (getToken === undefined) return undefined;
    this.stop();
    const abort = new AbortController();
    const { result, cancel } = withDeadline<unknown>(
      this.#clock,
      this.#timeoutMs,
      () => getToken({ purpose, signal: abort.signal }),
      () => {
        abort.abort();
        return new LongwireError('token_failed', `getToken returned nothing within ${this.#timeoutMs} ms`);
      },
    );
    const call = {
      giveUp() {
        cancel();
        abort.abort();
      },
    };
    this.#call = call;
    const token = await result.catch((cause: unknown) => {
      if (cause instanceof LongwireError) throw cause;
      throw new LongwireError('token_failed', `getToken failed: ${String(cause)}`, { cause });
    });
    if (typeof token !== 'string' || token === '') {
      throw new LongwireError('token_failed', `getToken must return a text that is not empty, got ${typeof token}`);
    }
    // The token of an aborted call must not replace that of a later one.
    if (this.#call === call) {
      this.#call = undefined;
      this.#latest = token;
      this.#goodUntil = undefined;
    }
    return token;
  }
}
