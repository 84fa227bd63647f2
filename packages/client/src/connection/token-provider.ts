// The app's tokens: asked for when needed, kept while they are good, renewed before they run out.

import type { PlatformAbortSignal } from '../arguments/abort-signal.js';
import { LongwireError } from '../errors.js';
import type { PlatformClock } from '../platform/platform.js';
import { withDeadline } from './deadline.js';

// Of browsers, workers and Node; this file is compiled with the types of none of them.
declare const AbortController: new () => { readonly signal: PlatformAbortSignal; abort(reason?: unknown): void };

/** Why a token is wanted: for a new connection, or to go on with the present one beyond the old token's end. */
export interface TokenRequest {
  readonly purpose: 'connect' | 'refresh';
  /** Fires when the answer is of no use any more: it took longer than `connectTimeoutMs`, or what it was for has ended. */
  readonly signal: PlatformAbortSignal;
}

/**
 * Gives the token of the user who is to be signed in; always the same user in one client, else it stops with
 * `user_changed`.
 *
 * Called for the first connection, before a token runs out, for a reconnect when the token has run out, and after a
 * token that a reconnect presented again was refused. A reconnect with a token that is still good asks nobody.
 * A rejection, or no answer within `connectTimeoutMs`, is reported and the call repeated, unless it is a
 * `LongwireError` that is not `retryable`.
 */
export type GetToken = (request: TokenRequest) => string | Promise<string>;

// A token is renewed this long before its end, or in its last quarter if it is that short-lived.
const RENEW_BEFORE_MS = 60_000;

export class TokenProvider {
  readonly #getToken: GetToken | undefined;
  readonly #clock: PlatformClock;
  readonly #timeoutMs: number;
  /** The call that is waited for; the answer to any other comes too late. */
  #call: { giveUp(): void } | undefined;
  #latest: string | undefined;
  /** When `#latest` should be renewed, by the local clock; undefined if the server never took it. */
  #goodUntil: number | undefined;

  /** @param timeoutMs  how long a call of `getToken` may take */
  constructor(getToken: GetToken | undefined, clock: PlatformClock, timeoutMs: number) {
    this.#getToken = getToken;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * A token for a new connection: the latest one as long as it is good, so that a server that restarts does not bring
   * every client to the app's sign-in at once. Undefined if the app gave no `getToken`: a cookie signs in.
   * @returns isKept  the token was there already, and `getToken` was not called
   * @throws LongwireError `token_failed`, or what `getToken` threw if it is a LongwireError
   */
  async forConnect(): Promise<{ readonly token: string | undefined; readonly isKept: boolean }> {
    if (this.#latest !== undefined && this.#goodUntil !== undefined && this.#clock.now() < this.#goodUntil) {
      return { token: this.#latest, isKept: true };
    }
    return { token: await this.#ask('connect'), isKept: false };
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

  /** Gives up the call of `getToken` that is under way: nobody waits for it any more. */
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
        return new LongwireError('token_failed', `getToken gave nothing within ${this.#timeoutMs} ms`);
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
      throw new LongwireError('token_failed', `getToken must give a text that is not empty, got ${typeof token}`);
    }
    // Given up, it tells nobody anything: what is kept is the token of a later call.
    if (this.#call === call) {
      this.#call = undefined;
      this.#latest = token;
      this.#goodUntil = undefined;
    }
    return token;
  }
}
