// What keeps a signed-in connection good: it is asked when nothing was heard, and its token renewed before it runs out.

import { type Answer, CloseCode, type ConnectedAnswer, protocolTimes } from '@longwire/protocol';
import type { LongwireError } from '../errors.js';
import type { PlatformClock } from '../platform/platform.js';
import { LivenessCheck } from './liveness-check.js';
import type { TokenProvider } from './token-provider.js';
import { TokenRefresh } from './token-refresh.js';

export interface KeepAlivePort {
  /** Sends what `write` makes with its id, and returns the id. */
  sendCommand(write: (id: number) => object): number;
  /** Before a renewed token is sent. Whatever it throws keeps the token from being sent. */
  checkToken(token: string): void;
  onError(error: LongwireError): void;
  /** Nothing answers any more. */
  onDead(code: number, reason: string): void;
}

export class KeepAlive {
  readonly #liveness: LivenessCheck;
  readonly #refresh: TokenRefresh;

  constructor(port: KeepAlivePort, tokens: TokenProvider, clock: PlatformClock, connected: ConnectedAnswer) {
    this.#liveness = new LivenessCheck(
      {
        sendPing: () => port.sendCommand((id) => ({ id, type: 'ping' })),
        onDead: () => port.onDead(CloseCode.heartbeatMissed, 'Nothing was heard from the server'),
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

  /** Is the connection still there? Asked after the machine may have slept. */
  check(): void {
    this.#liveness.check();
  }

  /** Takes the answer to a command of its own; false if it is another's. */
  take(answer: Answer): boolean {
    return this.#refresh.take(answer);
  }

  stop(): void {
    this.#liveness.stop();
    this.#refresh.stop();
  }
}
