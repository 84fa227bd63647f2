// What keeps a signed-in connection good: it is asked when nothing was heard, and its token renewed before it runs out.

import { type Answer, CloseCode, type ConnectedAnswer, protocolTimes } from '@longwire/protocol';
import type { LongwireError } from '../errors.js';
import type { Clock } from '../platform/platform.js';
import { Heartbeat } from './heartbeat.js';
import type { TokenKeeper } from './token-keeper.js';
import { TokenRefresh } from './token-refresh.js';

export interface UpkeepPort {
  /** Sends what `write` makes with its id, and returns the id. */
  sendCommand(write: (id: number) => object): number;
  /** Before a renewed token is sent. Whatever it throws keeps the token from being sent. */
  checkToken(token: string): void;
  onError(error: LongwireError): void;
  /** Nothing answers any more. */
  onDead(code: number, reason: string): void;
}

export class Upkeep {
  readonly #heartbeat: Heartbeat;
  readonly #refresh: TokenRefresh;

  constructor(port: UpkeepPort, tokens: TokenKeeper, clock: Clock, connected: ConnectedAnswer) {
    this.#heartbeat = new Heartbeat(
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
    this.#heartbeat.heard();
  }

  /** Is the connection still there? Asked after the machine may have slept. */
  check(): void {
    this.#heartbeat.check();
  }

  /** Takes the answer to a command of its own; false if it is another's. */
  take(answer: Answer): boolean {
    return this.#refresh.take(answer);
  }

  stop(): void {
    this.#heartbeat.stop();
    this.#refresh.stop();
  }
}
