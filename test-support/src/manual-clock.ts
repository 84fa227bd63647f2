// A clock that stands still until a test moves it. It is both the server's `Clock` and the SDK's `PlatformClock`.

import { settled } from './until.js';

interface PendingTimer {
  dueAtMs: number;
  readonly everyMs: number | undefined;
  readonly run: () => void;
}

export class ManualClock {
  #elapsedMs = 0;
  readonly #startMs: number;
  /** In the order in which they were set. */
  readonly #pending = new Set<PendingTimer>();

  /** @param startMs what {@link now} returns first, in milliseconds since 1970 */
  constructor(startMs = 1_790_000_000_000) {
    this.#startMs = startMs;
  }

  now(): number {
    return this.#startMs + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  setTimer(delayMs: number, run: () => void): { cancel(): void } {
    return this.#add({ dueAtMs: this.#elapsedMs + Math.max(0, delayMs), everyMs: undefined, run });
  }

  startTimer(delayMs: number, run: () => void): { cancel(): void } {
    return this.setTimer(delayMs, run);
  }

  setRepeatingTimer(intervalMs: number, run: () => void): { cancel(): void } {
    return this.#add({ dueAtMs: this.#elapsedMs + intervalMs, everyMs: intervalMs, run });
  }

  /** How many timers are pending. */
  get timers(): number {
    return this.#pending.size;
  }

  /** Milliseconds until the next timer; undefined if none is pending. */
  get nextInMs(): number | undefined {
    const next = this.#next();
    return next && next.dueAtMs - this.#elapsedMs;
  }

  /** Moves time by `ms` and runs what falls due, in order; promises settle after each timer. */
  async advance(ms: number): Promise<void> {
    await settled();
    const endMs = this.#elapsedMs + ms;
    while (this.#runNext(endMs)) await settled();
    this.#elapsedMs = endMs;
    await settled();
  }

  /** As {@link advance}, within the calling turn of the event loop. */
  advanceSync(ms: number): void {
    const endMs = this.#elapsedMs + ms;
    while (this.#runNext(endMs));
    this.#elapsedMs = endMs;
  }

  /** The machine sleeps: time passes and no timer runs. What fell due runs late, at the next {@link advance}. */
  sleep(ms: number): void {
    this.#elapsedMs += ms;
  }

  #add(timer: PendingTimer): { cancel(): void } {
    this.#pending.add(timer);
    return { cancel: () => void this.#pending.delete(timer) };
  }

  #runNext(endMs: number): boolean {
    const next = this.#next();
    if (next === undefined || next.dueAtMs > endMs) return false;
    this.#elapsedMs = Math.max(this.#elapsedMs, next.dueAtMs);
    if (next.everyMs === undefined) this.#pending.delete(next);
    else next.dueAtMs += next.everyMs;
    next.run();
    return true;
  }

  #next(): PendingTimer | undefined {
    let first: PendingTimer | undefined;
    for (const timer of this.#pending) if (first === undefined || timer.dueAtMs < first.dueAtMs) first = timer;
    return first;
  }
}
