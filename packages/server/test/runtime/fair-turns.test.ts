import { settled } from '@longwire/test-support/until';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairTurns, type Turn } from '../../src/runtime/fair-turns.js';

/** Takes turns for parties by name and writes down who is at work. */
class Bench {
  readonly turns: FairTurns;
  readonly granted: string[] = [];
  readonly atWork: { readonly name: string; readonly turn: Turn }[] = [];
  readonly waiting: Turn[] = [];

  constructor(atWork: number, atWorkPerParty: number, waiting = 1_000) {
    this.turns = new FairTurns({ atWork, atWorkPerParty, waiting });
  }

  take(name: string): void {
    const turn = this.turns.take(name);
    this.waiting.push(turn);
    void turn.granted.then((isGranted) => {
      this.waiting.splice(this.waiting.indexOf(turn), 1);
      if (!isGranted) return;
      this.granted.push(name);
      this.atWork.push({ name, turn });
    });
  }

  async finish(index: number): Promise<void> {
    await settled();
    this.atWork.splice(index, 1)[0]?.turn.end();
    await settled();
  }
}

describe('FairTurns', () => {
  it('serves the parties in turn, however many jobs one of them has waiting', async () => {
    const bench = new Bench(1, 1);
    for (let n = 0; n < 5; n++) bench.take('greedy');
    bench.take('modest');
    bench.take('shy');
    for (let n = 0; n < 7; n++) await bench.finish(0);
    expect(bench.granted).toEqual(['greedy', 'modest', 'shy', 'greedy', 'greedy', 'greedy', 'greedy']);
  });

  it('refuses a turn beyond the jobs that may wait', async () => {
    const bench = new Bench(1, 1, 1);
    for (const name of ['first', 'second', 'third']) bench.take(name);
    await settled();
    expect([bench.granted, bench.waiting.length, bench.turns.waiting]).toEqual([['first'], 1, 1]);
  });

  it('end of a waiting turn lets it go with false, and those behind it move up', async () => {
    const bench = new Bench(1, 1);
    for (const name of ['first', 'second', 'third']) bench.take(name);
    await settled();
    bench.waiting[0]!.end();
    bench.waiting[0]!.end();
    await bench.finish(0);
    expect(bench.granted).toEqual(['first', 'third']);
    expect(bench.turns.waiting).toBe(0);
  });

  it('never has more at work than allowed, over all and of one party, and leaves nothing waiting that could work', async () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ take: fc.integer({ min: 0, max: 4 }) }),
        fc.record({ finish: fc.nat(20) }),
        fc.record({ giveUp: fc.nat(20) }),
      ),
      { maxLength: 80 },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 3 }),
        steps,
        async (all, each, run) => {
          const bench = new Bench(all, each);
          const asked = new Map<string, number>();
          for (const step of run) {
            if ('take' in step) {
              const name = `party-${step.take}`;
              asked.set(name, (asked.get(name) ?? 0) + 1);
              bench.take(name);
            } else if ('finish' in step && bench.atWork.length > 0) {
              await bench.finish(step.finish % bench.atWork.length);
            } else if ('giveUp' in step && bench.waiting.length > 0) {
              bench.waiting[step.giveUp % bench.waiting.length]!.end();
            }
            await settled();
            const working = (name: string) => bench.atWork.filter((job) => job.name === name).length;
            expect(bench.atWork.length).toBeLessThanOrEqual(all);
            for (const name of asked.keys()) expect(working(name)).toBeLessThanOrEqual(each);
            const canWork = bench.turns.waiting > 0 && bench.atWork.length < all;
            // Whoever waits although there is room has as many at work as one party may have.
            if (canWork) expect([...asked.keys()].some((name) => working(name) === each)).toBe(true);
          }
          while (bench.atWork.length > 0) await bench.finish(0);
          expect([bench.turns.waiting, bench.waiting.length]).toEqual([0, 0]);
        },
      ),
      { numRuns: 60 },
    );
  });
});
