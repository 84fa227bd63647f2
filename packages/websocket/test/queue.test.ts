import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Queue } from '../src/queue.js';

it('Queue returns its items in the order of push, also when thousands wait', () => {
  const step = fc.oneof(
    fc.record({ push: fc.nat(900) }),
    fc.record({ take: fc.nat(900) }),
    fc.constant('all' as const),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const queue = new Queue<number>();
      let [pushed, taken] = [0, 0];
      for (const action of steps) {
        if (action === 'all') {
          for (const item of queue.takeAll()) expect(item).toBe(taken++);
        } else if ('push' in action) {
          for (let n = 0; n < action.push; n++) queue.push(pushed++);
        } else {
          for (let n = Math.min(action.take, pushed - taken); n > 0; n--) expect(queue.shift()).toBe(taken++);
        }
        expect(queue.length).toBe(pushed - taken);
        expect(queue.first).toBe(pushed > taken ? taken : undefined);
      }
      for (const item of queue.takeAll()) expect(item).toBe(taken++);
      expect(taken).toBe(pushed);
      expect(queue.shift()).toBeUndefined();
    }),
    { numRuns: 200 },
  );
});

it('Queue takes the first of 300 000 items as fast as the last', () => {
  const queue = new Queue<number>();
  for (let n = 0; n < 300_000; n++) queue.push(n);
  const start = process.cpuUsage();
  while (queue.length > 0) queue.shift();
  // A few milliseconds; ten seconds if each one moves all others.
  expect(process.cpuUsage(start).user).toBeLessThan(1_000_000);
});
