// Time that stands still until a test moves it.

import type { Clock, Timer } from '../../src/platform/platform.js';

interface Pending {
  readonly dueAt: number;
  readonly order: number;
  run(): void;
}

export class ManualClock implements Clock {
  #now = 1_790_000_000_000;
  #order = 0;
  readonly #pending = new Set<Pending>();

  now(): number {
    return this.#now;
  }

  startTimer(delayMs: number, run: () => void): Timer {
    this.#order += 1;
    const pending = { dueAt: this.#now + delayMs, order: this.#order, run };
    this.#pending.add(pending);
    return { cancel: () => void this.#pending.delete(pending) };
  }

  get timers(): number {
    return this.#pending.size;
  }

  /** Milliseconds until the next timer; undefined if none runs. */
  get nextInMs(): number | undefined {
    const next = this.#next();
    return next && next.dueAt - this.#now;
  }

  /** Lets time pass and runs what comes due, in order; promises settle after each timer. */
  async advance(ms: number): Promise<void> {
    await settled();
    const end = this.#now + ms;
    for (let next = this.#next(); next !== undefined && next.dueAt <= end; next = this.#next()) {
      this.#now = Math.max(this.#now, next.dueAt);
      this.#pending.delete(next);
      next.run();
      await settled();
    }
    this.#now = end;
    await settled();
  }

  /** The machine sleeps: time passes, no timer runs. What came due runs at the next `advance`, late. */
  sleep(ms: number): void {
    this.#now += ms;
  }

  #next(): Pending | undefined {
    let first: Pending | undefined;
    for (const pending of this.#pending) {
      if (
        first === undefined ||
        pending.dueAt < first.dueAt ||
        (pending.dueAt === first.dueAt && pending.order < first.order)
      ) {
        first = pending;
      }
    }
    return first;
  }
}

/** Resolves when all promises that can settle by themselves have. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
