// Handlers of one session whose promises have not settled: how long they take, and what happens when it is too long.
import { TimerWheel, type WheelEntry } from '@longwire/websocket';
import type { HandlerKind } from '../declaring/handlers.js';

const wheel = new TimerWheel<PendingHandlers>((pending, nowMs) => pending.judge(nowMs));

/** One call of a handler that is pending. */
export interface PendingHandler {
  readonly kind: HandlerKind;
  readonly sinceMs: number;
  isOverdue: boolean;
}

export interface PendingLimits {
  /** After so long the session counts as stalled. */
  readonly stallMs: number;
  /** After so long a handler is overdue; 0: never. */
  readonly overdueMs: number;
}

/** What is called when a limit is reached. */
export interface PendingEvents {
  /** Called again after each further handler that takes so long. */
  stalled(): void;
  overdue(kind: HandlerKind): void;
  deadlineReached(): void;
}

/** One timer for all sessions, and no work for it when a handler settles. */
export class PendingHandlers implements WheelEntry {
  dueMs = -1;
  readonly #limits: PendingLimits;
  readonly #events: PendingEvents;
  readonly #pending = new Set<PendingHandler>();
  #deadlineMs = Number.POSITIVE_INFINITY;
  #hasStalled = false;

  constructor(limits: PendingLimits, events: PendingEvents) {
    this.#limits = limits;
    this.#events = events;
  }

  /** One has been pending for `stallMs`, or another since. */
  get hasStalled(): boolean {
    return this.#hasStalled;
  }

  get size(): number {
    return this.#pending.size;
  }

  add(kind: HandlerKind): PendingHandler {
    const pending: PendingHandler = { kind, sinceMs: wheel.now(), isOverdue: false };
    this.#pending.add(pending);
    // An entry stays in the wheel when its handler settles, and goes when it finds nothing to judge.
    const { stallMs, overdueMs } = this.#limits;
    if (this.dueMs < 0) wheel.schedule(this, overdueMs === 0 ? stallMs : Math.min(stallMs, overdueMs));
    return pending;
  }

  /** The handler has settled. False if it was given up before. */
  delete(pending: PendingHandler): boolean {
    const isPending = this.#pending.delete(pending);
    if (this.#pending.size === 0) this.#hasStalled = false;
    return isPending;
  }

  /** Calls back after this time. */
  setDeadline(withinMs: number): void {
    this.#deadlineMs = wheel.now() + withinMs;
    wheel.schedule(this, withinMs);
  }

  /** Waits for none of them any longer. */
  giveUp(): void {
    this.#pending.clear();
    this.#deadlineMs = Number.POSITIVE_INFINITY;
    wheel.remove(this);
  }

  /** In how many milliseconds to look again; -1 for never. */
  judge(nowMs: number): number {
    let nextMs = Number.POSITIVE_INFINITY;
    const { stallMs, overdueMs } = this.#limits;
    const [oldest] = this.#pending;
    if (oldest !== undefined && !this.#hasStalled) {
      this.#hasStalled = nowMs - oldest.sinceMs >= stallMs;
      if (this.#hasStalled) this.#events.stalled();
      else nextMs = oldest.sinceMs + stallMs;
    }
    for (const pending of overdueMs === 0 ? [] : this.#pending) {
      if (pending.isOverdue) continue;
      pending.isOverdue = nowMs - pending.sinceMs >= overdueMs;
      if (!pending.isOverdue) {
        // The oldest comes first.
        nextMs = Math.min(nextMs, pending.sinceMs + overdueMs);
        break;
      }
      this.#events.overdue(pending.kind);
    }
    if (nowMs >= this.#deadlineMs) {
      this.#deadlineMs = Number.POSITIVE_INFINITY;
      this.#events.deadlineReached();
      return -1;
    }
    nextMs = Math.min(nextMs, this.#deadlineMs);
    return nextMs === Number.POSITIVE_INFINITY ? -1 : nextMs - nowMs;
  }
}
