// Renews the token of a connection in-band, before it expires, so that expiry does not end the connection.

import type { Answer, ConnectedAnswer } from '@longwire/protocol';
import { errorFromServer, type LongwireError } from '../errors.js';
import type { PlatformClock, PlatformTimer } from '../platform/platform.js';
import type { TokenProvider } from './token-provider.js';

export interface TokenRefreshPort {
  /** Sends `refresh` and returns its id. */
  sendRefresh(token: string): number;
  onError(error: LongwireError): void;
}

const MIN_RETRY_MS = 1000;

/** Belongs to one connection, from `connected` until `stop()`. If it fails until the token expires, the server closes with 4005. */
export class TokenRefresh {
  readonly #port: TokenRefreshPort;
  readonly #tokens: TokenProvider;
  readonly #clock: PlatformClock;
  /** The server's clock minus this machine's, which may be wrong. */
  readonly #clockOffsetMs: number;
  #expiresAt: number | undefined;
  #commandId: number | undefined;
  #timer: PlatformTimer | undefined;
  #isStopped = false;

  constructor(
    port: TokenRefreshPort,
    tokens: TokenProvider,
    clock: PlatformClock,
    connected: Pick<ConnectedAnswer, 'time' | 'expiresAt'>,
  ) {
    this.#port = port;
    this.#tokens = tokens;
    this.#clock = clock;
    this.#clockOffsetMs = connected.time - clock.now();
    this.#accept(connected.expiresAt);
  }

  /** Handles the answer to its own command; false if it is not one. */
  take(answer: Answer): boolean {
    if (answer.re !== this.#commandId || this.#commandId === undefined) return false;
    this.#commandId = undefined;
    if (answer.type === 'refreshed') this.#accept(answer.expiresAt);
    else if (answer.type === 'error') this.#onFailed(errorFromServer(answer));
    return true;
  }

  stop(): void {
    this.#isStopped = true;
    this.#tokens.stop();
    this.#timer?.cancel();
  }

  #accept(expiresAt: number | undefined): void {
    this.#expiresAt = expiresAt;
    const lifetimeMs = this.#remainingMs();
    const renewAfterMs = this.#tokens.accept(lifetimeMs);
    if (renewAfterMs !== undefined) this.#schedule(Math.max(renewAfterMs, MIN_RETRY_MS));
  }

  async #renew(): Promise<void> {
    try {
      const token = await this.#tokens.forRefresh();
      if (token !== undefined && !this.#isStopped) this.#commandId = this.#port.sendRefresh(token);
    } catch (error) {
      if (!this.#isStopped) this.#onFailed(error as LongwireError);
    }
  }

  #onFailed(error: LongwireError): void {
    this.#port.onError(error);
    const remainingMs = this.#remainingMs();
    if (remainingMs === undefined || remainingMs <= 0) return;
    this.#schedule(Math.max(MIN_RETRY_MS, error.afterMs ?? remainingMs / 3));
  }

  #remainingMs(): number | undefined {
    if (this.#expiresAt === undefined) return undefined;
    return this.#expiresAt - (this.#clock.now() + this.#clockOffsetMs);
  }

  #schedule(delayMs: number): void {
    this.#timer = this.#clock.startTimer(delayMs, () => void this.#renew());
  }
}
