// Who is online: derived from the sessions there are, each time one begins or ends; never counted.

import type { UserId } from '@longwire/protocol';
import type { Clock, Timer } from '../../runtime/clock.js';

export interface OnlineUsersParts {
  readonly clock: Clock;
  /** Whether the user has a session that is signed in and has not ended. */
  readonly hasSession: (user: UserId) => boolean;
  /** The user has come. */
  readonly onCame: (user: UserId) => void;
  /** The user went at `lastSeenAt`, in Unix milliseconds, and did not come back within the grace. */
  readonly onWent: (user: UserId, lastSeenAt: number) => void;
}

/** A user whose last session has ended. */
interface Leaving {
  readonly lastSeenAt: number;
  /** Monotonic. */
  readonly dueMs: number;
}

export class OnlineUsers {
  readonly #parts: OnlineUsersParts;
  readonly #graceMs: number;
  /** Also those who are leaving. */
  readonly #online = new Set<UserId>();
  /** In the order in which they left, which is that in which they are due. */
  readonly #leaving = new Map<UserId, Leaving>();
  #timer: Timer | undefined;

  constructor(parts: OnlineUsersParts, graceMs: number) {
    this.#parts = parts;
    this.#graceMs = graceMs;
  }

  /** Including the grace. */
  has(user: UserId): boolean {
    return this.#online.has(user);
  }

  /** Users with a session, without those who have just left. */
  get size(): number {
    return this.#online.size - this.#leaving.size;
  }

  /** A session of the user has begun or ended. */
  update(user: UserId): void {
    const { clock, hasSession, onCame } = this.#parts;
    if (hasSession(user)) {
      this.#leaving.delete(user);
      if (this.#online.has(user)) return;
      this.#online.add(user);
      onCame(user);
      return;
    }
    if (!this.#online.has(user) || this.#leaving.has(user)) return;
    this.#leaving.set(user, { lastSeenAt: clock.now(), dueMs: clock.monotonicMs() + this.#graceMs });
    this.#timer ??= clock.setTimer(this.#graceMs, () => this.#reportDue());
  }

  /** The server stops: reports all users as gone, without a grace. */
  end(): void {
    this.#timer?.cancel();
    const now = this.#parts.clock.now();
    for (const user of [...this.#online]) this.#go(user, this.#leaving.get(user)?.lastSeenAt ?? now);
  }

  #reportDue(): void {
    this.#timer = undefined;
    const { clock, hasSession } = this.#parts;
    const nowMs = clock.monotonicMs();
    for (const [user, { lastSeenAt, dueMs }] of this.#leaving) {
      if (dueMs > nowMs) {
        this.#timer = clock.setTimer(dueMs - nowMs, () => this.#reportDue());
        return;
      }
      if (hasSession(user)) this.#leaving.delete(user);
      else this.#go(user, lastSeenAt);
    }
  }

  #go(user: UserId, lastSeenAt: number): void {
    this.#leaving.delete(user);
    this.#online.delete(user);
    this.#parts.onWent(user, lastSeenAt);
  }
}
