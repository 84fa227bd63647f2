// Keeps a signed-in connection alive: pings the server when it is silent, and renews the token before it expires.

import { type Answer, CloseCode, type ConnectedAnswer, protocolTimes } from '@longwire/protocol';
import type { LongwireError } from '../errors.js';
import type { PlatformClock } from '../platform/platform.js';
import { LivenessCheck } from './liveness-check.js';
import type { TokenProvider } from './token-provider.js';
import { TokenRefresh } from './token-refresh.js';

export interface KeepAlivePort {
  /** Sends the command that `write` makes with an id, and returns the id. */
  sendCommand(write: (id: number) => object): number;
  /** Called before a renewed token is sent. If it throws, the token is not sent. */
  checkToken(token: string): void;
  onError(error: LongwireError): void;
  /** The server does not answer. */
  onDead(code: number, reason: string): void;
}

export class KeepAlive {
  readonly #liveness: LivenessCheck;
  readonly #refresh: TokenRefresh;

  constructor(port: KeepAlivePort, tokens: TokenProvider, clock: PlatformClock, connected: ConnectedAnswer) {
    this.#liveness = new LivenessCheck(
      {
        sendPing: () => port.sendCommand((id) => ({ id, type: 'ping' })),
        onDead: () => port.onDead(CloseCode.heartbeatMissed, 'The server did not answer a ping'),
      },
      clock,
      {
        heartbeatMs: connected.heartbeatMs > 0 ? connected.heartbeatMs : protocolTimes.heartbeatMs,
        answerTimeoutMs: protocolTimes.pingAnswerTimeoutMs,
      },
    );
    this.#refresh = new TokenRefresh(
      {
        sendRefresh: (token) => {
          port.checkToken(token);
          return port.sendCommand((id) => ({ id, type: 'refresh', token }));
        },
        onError: port.onError,
      },
      tokens,
      clock,
      connected,
    );
  }

  heard(): void {
    this.#liveness.heard();
  }

  /** Pings the server, after the machine may have slept. */
  check(): void {
    this.#liveness.check();
  }

  /** Handles the answer to one of its own commands; false if it is not one. */
  take(answer: Answer): boolean {
    return this.#refresh.take(answer);
  }

  stop(): void {
    this.#liveness.stop();
    this.#refresh.stop();
  }
}
