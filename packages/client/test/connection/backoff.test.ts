import fc from 'fast-check';
import { expect, it } from 'vitest';
import { backoffMs, fractionFrom } from '../../src/connection/backoff.js';
import { fillRandom } from '../../src/platform/web-apis.js';

it('backoffMs is at least afterMs and less than afterMs plus the limit of the attempt', () => {
  const random = fractionFrom(fillRandom);
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 5000 }),
      fc.integer({ min: 1, max: 10_000 }),
      fc.integer({ min: 1, max: 100_000 }),
      fc.integer({ min: 0, max: 60_000 }),
      (attempt, baseMs, maxMs, afterMs) => {
        const delayMs = backoffMs(attempt, random, { baseMs, maxMs }, afterMs);
        const boundMs = Math.min(maxMs, baseMs * 2 ** attempt);
        expect(delayMs).toBeGreaterThanOrEqual(afterMs);
        expect(delayMs).toBeLessThan(afterMs + boundMs);
      },
    ),
  );
});

it('backoffMs is spread over its whole range', () => {
  const random = fractionFrom(fillRandom);
  const tenths = new Set<number>();
  for (let sample = 0; sample < 1000; sample += 1) {
    tenths.add(Math.floor(backoffMs(3, random, { baseMs: 100, maxMs: 10_000 }) / 80));
  }
  expect([...tenths].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});
