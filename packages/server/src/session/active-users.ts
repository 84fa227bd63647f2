// The users who have a session: which sessions, how many they may have, and the rates that all of them share.

import type { DeviceId, UserId } from '@longwire/protocol';
import { CloseCode } from '@longwire/protocol';
import type { SessionPolicy } from '../config/server-config.js';
import type { Clock } from '../runtime/clock.js';
import type { ClientSession } from './client-session.js';
import { type RateLimits, type RateTable, rateTable, UserRates } from './limits/user-rates.js';

export interface ActiveUserLimits {
  readonly rates: RateLimits;
  readonly sessions: SessionPolicy;
}

/** Between two looks at users who have left: their rates are forgotten once that gives them nothing. */
export const SWEEP_INTERVAL_MS = 5_000;
/** Sessions that are closing, for each that a user may have: more come from a client that never answers a close. */
const CLOSING_PER_SESSION = 5;
/** The same however few sessions a user may have: one that is cut without its close code would come back by itself. */
const MIN_CLOSING = 100;
/** Users without a session whose rates are remembered; beyond it those who left first are forgotten. */
const MAX_DEPARTED_USERS = 100_000;

interface ActiveUser {
  /** In the order of their sign-ins; also those that are closing, until their connection is gone. */
  readonly sessions: Set<ClientSession>;
  readonly rates: UserRates;
}

export class ActiveUsers {
  readonly #clock: Clock;
  readonly #rates: RateTable;
  readonly #policy: SessionPolicy;
  readonly #users = new Map<UserId, ActiveUser>();
  /** Without a session, in the order in which they left. */
  readonly #departed = new Set<UserId>();

  constructor(clock: Clock, { rates, sessions }: ActiveUserLimits) {
    this.#clock = clock;
    this.#rates = rateTable(rates);
    this.#policy = sessions;
  }

  /**
   * Gives a session to its user. At the limit it takes the place of the oldest session of its device, so that no one is
   * locked out by their own dead connection; without one there, of the oldest of all, or as the policy says it is not taken,
   * and false is returned. A replaced session is ended with 4101.
   */
  admit(session: ClientSession, user: UserId, device: DeviceId): boolean {
    const known = this.#users.get(user);
    const live = [...(known?.sessions ?? [])].filter(({ hasEnded }) => !hasEnded);
    if (live.length >= this.#policy.perUser) {
      const sameDevice = live.find((other) => other.identity?.device === device);
      const replaced = sameDevice ?? (this.#policy.whenFull === 'replace-oldest' ? live[0] : undefined);
      if (replaced === undefined) return false;
      replaced.end(CloseCode.replaced, 'a newer session of this user took its place');
    }
    const active = known ?? { sessions: new Set(), rates: new UserRates(this.#rates) };
    this.#users.set(user, active);
    this.#departed.delete(user);
    cutOldestClosing(active.sessions, Math.max(MIN_CLOSING, CLOSING_PER_SESSION * this.#policy.perUser));
    active.sessions.add(session);
    session.identity = { user, device };
    session.rates = active.rates;
    return true;
  }

  /** The connection is gone. Does nothing for a session that was not admitted. */
  leave(session: ClientSession): void {
    const user = session.identity?.user;
    const active = user === undefined ? undefined : this.#users.get(user);
    if (user === undefined || active?.sessions.delete(session) !== true || active.sessions.size > 0) return;
    if (active.rates.isFull(this.#clock.monotonicMs())) {
      this.#users.delete(user);
      return;
    }
    this.#departed.add(user);
    if (this.#departed.size > MAX_DEPARTED_USERS) this.#forgetFirstDeparted();
  }

  /** Sessions of a user: those that sign in, and those that are closing, until their connection is gone. */
  sessionsOf(user: UserId): readonly ClientSession[] {
    return [...(this.#users.get(user)?.sessions ?? [])];
  }

  /** Forgets who left and could come back to the same rates. Called every `SWEEP_INTERVAL_MS`. */
  sweep(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const user of this.#departed) {
      if (this.#users.get(user)?.rates.isFull(nowMs) === false) continue;
      this.#users.delete(user);
      this.#departed.delete(user);
    }
  }

  /** Users that take memory here, also those who left a moment ago. */
  get size(): number {
    return this.#users.size;
  }

  #forgetFirstDeparted(): void {
    for (const user of this.#departed) {
      this.#users.delete(user);
      this.#departed.delete(user);
      return;
    }
  }
}

/** Before their time to answer the close is over; what waits on them takes memory until then. */
function cutOldestClosing(sessions: ReadonlySet<ClientSession>, allowed: number): void {
  let excess = [...sessions].filter(({ hasEnded }) => hasEnded).length - allowed;
  for (const session of sessions) {
    if (excess <= 0) return;
    if (!session.hasEnded) continue;
    session.outlet.terminate();
    excess -= 1;
  }
}
