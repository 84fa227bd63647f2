// Refusals that are counted and logged: at most one line per second and caller, so that a client in a loop cannot fill the log.

import type { ErrorCode, UserId } from '@longwire/protocol';
import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';
import type { RefusalCounter, RefusalKind } from '../../runtime/refusal-counter.js';
import { networkOf } from './connection-limits.js';

/** Between two lines of one caller. */
const INTERVAL_MS = 1_000;
/** Lines per interval over all callers. */
const MAX_LINES = 100;

/** Who was refused: a client by its address, or the signed-in user of a session. */
export type RefusedCaller = { readonly address: string } | { readonly user: UserId };

/** What a line says. Nothing of a credential: a claim by its name, never its value. */
export interface LoggedRefusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly claim?: string | undefined;
}

/** The kinds that are logged. The others come too often, or have no caller. */
const logMessages = {
  credentials: 'Credentials refused',
  ignoredClaim: 'A claim of a token was ignored',
  blockedUser: 'A blocked user was refused',
  'sessions.perUser': 'A session was refused',
  hiddenCharacter: 'A new id with a hidden character was refused',
  'limits.devicesPerUser': 'A new device was refused',
  caller: 'A caller was refused',
  malformedCommand: 'A malformed command was refused',
} as const satisfies Partial<Record<RefusalKind, string>>;

export class RefusalLog {
  /** For refusals that are counted only. */
  readonly counter: RefusalCounter;
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** Callers with a line in the present interval. */
  readonly #logged = new Set<string>();
  #intervalEndMs = 0;
  /** Refusals without a line since the last one that has one. */
  #suppressed = 0;

  constructor(clock: Clock, logger: Logger, counter: RefusalCounter) {
    this.counter = counter;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Addresses of one IPv6 network of 64 bits count as one. */
  report(kind: keyof typeof logMessages, caller: RefusedCaller, { code, message, claim }: LoggedRefusal): void {
    this.counter.count(kind);
    const nowMs = this.#clock.monotonicMs();
    if (nowMs >= this.#intervalEndMs) {
      this.#intervalEndMs = nowMs + INTERVAL_MS;
      this.#logged.clear();
    }
    const key = 'user' in caller ? `user ${caller.user}` : networkOf(caller.address);
    if (this.#logged.has(key) || this.#logged.size >= MAX_LINES) {
      this.#suppressed += 1;
      return;
    }
    this.#logged.add(key);
    const suppressed = this.#suppressed === 0 ? undefined : this.#suppressed;
    this.#suppressed = 0;
    this.#logger.info({ ...caller, code, claim, reason: message, suppressed }, logMessages[kind]);
  }
}
