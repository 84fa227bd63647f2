// A clock that stands still until a test moves it.

import type { Clock, Timer } from '../../src/runtime/clock.js';

interface Due {
  atMs: number;
  everyMs: number | undefined;
  run: () => void;
}

export class ManualClock implements Clock {
  #elapsedMs = 0;
  readonly #startMs: number;
  readonly #due = new Set<Due>();

  constructor(startMs = Date.UTC(2026, 10, 21)) {
    this.#startMs = startMs;
  }

  now(): number {
    return this.#startMs + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    return this.#add({ atMs: this.#elapsedMs + Math.max(0, delayMs), everyMs: undefined, run: callback });
  }

  setRepeatingTimer(intervalMs: number, callback: () => void): Timer {
    return this.#add({ atMs: this.#elapsedMs + intervalMs, everyMs: intervalMs, run: callback });
  }

  /** Moves time on by `durationMs`, running what falls due in its order. */
  advance(durationMs: number): void {
    const endMs = this.#elapsedMs + durationMs;
    for (let next = this.#firstUntil(endMs); next !== undefined; next = this.#firstUntil(endMs)) {
      this.#elapsedMs = next.atMs;
      if (next.everyMs === undefined) this.#due.delete(next);
      else next.atMs += next.everyMs;
      next.run();
    }
    this.#elapsedMs = endMs;
  }

  /** How many timers wait. */
  get pendingTimers(): number {
    return this.#due.size;
  }

  #add(due: Due): Timer {
    this.#due.add(due);
    return { cancel: () => void this.#due.delete(due) };
  }

  #firstUntil(endMs: number): Due | undefined {
    let first: Due | undefined;
    for (const due of this.#due) if (due.atMs <= endMs && (first === undefined || due.atMs < first.atMs)) first = due;
    return first;
  }
}
