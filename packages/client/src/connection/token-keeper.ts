// The app's tokens: asked for when needed, kept while they are good, renewed before they run out.

import { type AbortSignalLike, onAbort, type PlatformAbortSignal } from '../abort.js';
import { LongwireError } from '../errors.js';
import type { Clock, Timer } from '../platform/platform.js';

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

export class TokenKeeper {
  readonly #getToken: GetToken | undefined;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  /** The call that is waited for; the answer to any other comes too late. */
  #call: { abort(): void } | undefined;
  #latest: string | undefined;
  /** When `#latest` should be renewed, by the local clock; undefined if the server never took it. */
  #goodUntil: number | undefined;

  /** @param timeoutMs  how long a call of `getToken` may take */
  constructor(getToken: GetToken | undefined, clock: Clock, timeoutMs: number) {
    this.#getToken = getToken;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * A token for a new connection: the latest one as long as it is good, so that a server that restarts does not bring
   * every client to the app's sign-in at once. `isKept`: it was not asked for now. Undefined if the app gave no `getToken`: a cookie signs in.
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
    this.#call?.abort();
    this.#call = undefined;
  }

  async #ask(purpose: TokenRequest['purpose']): Promise<string | undefined> {
    if (this.#getToken === undefined) return undefined;
    this.stop();
    const call = new AbortController();
    this.#call = call;
    let timer: Timer | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = this.#clock.startTimer(this.#timeoutMs, () => {
        reject(new LongwireError('token_failed', `getToken gave nothing within ${this.#timeoutMs} ms`));
        call.abort();
      });
      // Stopped, the call waits for nothing but getToken itself, and leaves no timer behind.
      onAbort(call.signal as AbortSignalLike, () => timer?.cancel());
    });
    let token: unknown;
    let isWaitedFor = false;
    try {
      token = await Promise.race([this.#getToken({ purpose, signal: call.signal }), tooLate]);
    } catch (cause) {
      if (cause instanceof LongwireError) throw cause;
      throw new LongwireError('token_failed', `getToken failed: ${String(cause)}`, { cause });
    } finally {
      timer?.cancel();
      isWaitedFor = this.#call === call;
      if (isWaitedFor) this.#call = undefined;
    }
    if (typeof token !== 'string' || token === '') {
      throw new LongwireError('token_failed', `getToken must give a text that is not empty, got ${typeof token}`);
    }
    // Given up, it tells nobody anything: what is kept is the token of a later call.
    if (isWaitedFor) {
      this.#latest = token;
      this.#goodUntil = undefined;
    }
    return token;
  }
}
