import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TokenBucket } from '../../src/runtime/token-bucket.js';

/** A bucket as the words describe it: a level that rises with the time, up to the burst. */
class PlainBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #level: number;
  #atMs = 0;

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#level = burst;
  }

  levelAt(nowMs: number): number {
    return Math.min(this.#burst, this.#level + ((nowMs - this.#atMs) * this.#perSecond) / 1_000);
  }

  take(units: number, nowMs: number): void {
    this.#level = this.levelAt(nowMs) - units;
    this.#atMs = nowMs;
  }
}

const rates = fc.record({
  perSecond: fc.integer({ min: 1, max: 1_000_000 }),
  burst: fc.integer({ min: 1, max: 4_000_000 }),
});
/** Each step: a pause, then a wish as a share of the burst. */
const steps = fc.array(
  fc.record({
    pauseMs: fc.double({ min: 0, max: 5_000, noNaN: true }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  { maxLength: 200 },
);

describe('TokenBucket', () => {
  it('grants what a level that rises with the time up to the burst would grant', () => {
    fc.assert(
      fc.property(rates, steps, fc.integer({ min: 0, max: 1e10 }), (rate, wishes, startMs) => {
        const bucket = new TokenBucket(rate);
        const plain = new PlainBucket(rate.perSecond, rate.burst);
        let nowMs = startMs;
        for (const { pauseMs, share } of wishes) {
          nowMs += pauseMs;
          const units = Math.max(1, Math.floor(share * rate.burst));
          const level = plain.levelAt(nowMs);
          const waitMs = bucket.waitMs(units, nowMs);
          // Where the two differ, it is by the rounding of an instant: less than what comes in within 0.01 ms.
          const roundingUnits = (rate.perSecond * 0.01) / 1_000;
          if (waitMs === 0) expect(level).toBeGreaterThanOrEqual(units - roundingUnits);
          else expect(level).toBeLessThan(units + roundingUnits);
          if (waitMs > 0) continue;
          bucket.take(units, nowMs);
          plain.take(units, nowMs);
        }
      }),
    );
  });

  it('has the units when the time that waitMs returned is over, and not a millisecond sooner', () => {
    fc.assert(
      fc.property(
        rates,
        fc.integer({ min: 0, max: 1e10 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (rate, nowMs, share) => {
          const bucket = new TokenBucket(rate);
          bucket.take(rate.burst, nowMs);
          const units = Math.max(1, Math.floor(share * rate.burst));
          const waitMs = bucket.waitMs(units, nowMs);
          expect(bucket.waitMs(units, nowMs + waitMs)).toBe(0);
          expect(waitMs).toBeLessThanOrEqual(Math.ceil((units * 1_000) / rate.perSecond) + 1);
          if (waitMs > 1) expect(bucket.waitMs(units, nowMs + waitMs - 2)).toBeGreaterThan(0);
        },
      ),
    );
  });

  it('is full again once the burst has come in, and isFull says so', () => {
    const bucket = new TokenBucket({ perSecond: 50, burst: 200 });
    expect(bucket.isFull(1_000)).toBe(true);
    bucket.take(200, 1_000);
    expect(bucket.isFull(4_999)).toBe(false);
    expect(bucket.isFull(5_000)).toBe(true);
    expect(bucket.waitMs(200, 5_000)).toBe(0);
  });
});
