// The app's tokens: asked for when needed, kept while they are good, renewed before they run out.

import { LongwireError } from '../errors.js';
import type { Clock } from '../platform/platform.js';

/** Why a token is wanted: for a new connection, or to go on with the present one beyond the old token's end. */
export interface TokenRequest {
  readonly purpose: 'connect' | 'refresh';
}

/**
 * Gives the token of the user who is to be signed in; always the same user in one client, else it stops with
 * `user_changed`. Called before a connection is made and before a token runs out.
 * A rejection is reported and the call repeated, unless it is a `LongwireError` that is not `retryable`.
 */
export type GetToken = (request: TokenRequest) => string | Promise<string>;

// A token is renewed this long before its end, or in its last quarter if it is that short-lived.
const RENEW_BEFORE_MS = 60_000;

export class TokenKeeper {
  readonly #getToken: GetToken | undefined;
  readonly #clock: Clock;
  #latest: string | undefined;
  /** When `#latest` should be renewed, by the local clock; undefined if the server never took it. */
  #goodUntil: number | undefined;

  constructor(getToken: GetToken | undefined, clock: Clock) {
    this.#getToken = getToken;
    this.#clock = clock;
  }

  /**
   * A token for a new connection. Undefined if the app gave no `getToken`: a cookie signs in.
   * @throws LongwireError `token_failed`, or what `getToken` threw if it is a LongwireError
   */
  async forConnect(): Promise<string | undefined> {
    if (this.#latest !== undefined && this.#goodUntil !== undefined && this.#clock.now() < this.#goodUntil) {
      return this.#latest;
    }
    return this.#ask('connect');
  }

  /** A new token for the present connection; undefined if there is no `getToken`. Throws as `forConnect` does. */
  forRefresh(): Promise<string | undefined> {
    return this.#ask('refresh');
  }

  /**
   * The server took the latest token.
   * @param lifetimeMs  how long it is still good, by the server's clock; undefined if it never runs out
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

  /** The latest token is of no use any more: the next connection asks for another. */
  forget(): void {
    this.#latest = undefined;
    this.#goodUntil = undefined;
  }

  async #ask(purpose: TokenRequest['purpose']): Promise<string | undefined> {
    if (this.#getToken === undefined) return undefined;
    let token: unknown;
    try {
      token = await this.#getToken({ purpose });
    } catch (cause) {
      if (cause instanceof LongwireError) throw cause;
      throw new LongwireError('token_failed', `getToken failed: ${String(cause)}`, { cause });
    }
    if (typeof token !== 'string' || token === '') {
      throw new LongwireError('token_failed', `getToken must give a text that is not empty, got ${typeof token}`);
    }
    this.#latest = token;
    this.#goodUntil = undefined;
    return token;
  }
}
