// A token bucket: so many units a second on average, and at most a burst of them at once.

/** What a bucket allows. */
export interface Rate {
  readonly perSecond: number;
  /** Units of a full bucket: what may be taken at once after a rest. */
  readonly burst: number;
}

/** The instants are doubles of milliseconds; this much of one is rounding, not debt. */
const ROUNDING_MS = 0.001;

/**
 * Holds one number, the instant at which it is full again, instead of a level and the time of that level: nothing has to
 * be refilled, and a bucket at rest needs no timer. All instants are those of one monotonic clock, in milliseconds.
 */
export class TokenBucket {
  readonly #rate: Rate;
  #fullAtMs = Number.NEGATIVE_INFINITY;

  /** @param rate  shared by all buckets of a kind: there is one bucket per user */
  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /**
   * Milliseconds until `units` can be taken, rounded up; 0 if they can be taken now.
   * @param units  at most the burst: more will never be there
   */
  waitMs(units: number, nowMs: number): number {
    const missingMs = this.#fullAfter(units, nowMs) - nowMs - this.#msFor(this.#rate.burst);
    return missingMs <= ROUNDING_MS ? 0 : Math.ceil(missingMs);
  }

  /** Takes `units`, whether they are there or not: ask `waitMs` first. */
  take(units: number, nowMs: number): void {
    this.#fullAtMs = this.#fullAfter(units, nowMs);
  }

  /** Whether it is as good as a new one. */
  isFull(nowMs: number): boolean {
    return this.#fullAtMs <= nowMs;
  }

  #fullAfter(units: number, nowMs: number): number {
    return Math.max(this.#fullAtMs, nowMs) + this.#msFor(units);
  }

  #msFor(units: number): number {
    return (units * 1_000) / this.#rate.perSecond;
  }
}
