import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openMemoryStore } from '../../src/storage/memory/memory-store.js';
import { openSqliteStore } from '../../src/storage/sqlite/sqlite-store.js';
import type { Store } from '../../src/storage/store.js';
import { MessagingFixture } from '../messaging/messaging-fixture.js';
import { makeDataFolder, testedDrivers } from '../storage/sqlite/data-folder.js';
import { pass, RightsRace, USERS } from './rights-race.js';

type Step =
  | { readonly do: 'send'; readonly from: number; readonly to: 'group' | 'pair'; readonly hasKey: boolean }
  | { readonly do: 'repeat'; readonly index: number }
  | {
      readonly do: 'change';
      readonly about: number;
      readonly to: 'join' | 'join-open' | 'leave' | 'admin';
      readonly way: 'queue' | 'store';
    }
  | { readonly do: 'block'; readonly by: number; readonly isBlocked: boolean; readonly way: 'queue' | 'store' }
  | { readonly do: 'connect'; readonly of: number; readonly capacity: number }
  | { readonly do: 'disconnect'; readonly index: number }
  | { readonly do: 'drain'; readonly index: number; readonly count: number }
  | { readonly do: 'pass'; readonly turns: number };

const of = fc.nat({ max: USERS - 1 });
const way = fc.constantFrom<'queue' | 'store'>('queue', 'queue', 'store');
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      from: of,
      to: fc.constantFrom<'group' | 'pair'>('group', 'group', 'pair'),
      hasKey: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('repeat' as const), index: fc.nat({ max: 20 }) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('change' as const),
      about: of,
      to: fc.constantFrom<'join' | 'join-open' | 'leave' | 'admin'>('join', 'join-open', 'leave', 'leave', 'admin'),
      way,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('block' as const),
      by: fc.nat({ max: 1 }),
      isBlocked: fc.boolean(),
      way,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('connect' as const),
      of,
      capacity: fc.constantFrom(1, 3, Number.MAX_SAFE_INTEGER),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('disconnect' as const), index: fc.nat({ max: 9 }) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('drain' as const),
      index: fc.nat({ max: 9 }),
      count: fc.integer({ min: 1, max: 6 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('pass' as const), turns: fc.integer({ min: 1, max: 4 }) }) },
);

async function take(race: RightsRace, next: Step): Promise<void> {
  switch (next.do) {
    case 'send':
      return race.send(next.from, next.to, next.hasKey);
    case 'repeat':
      return race.repeat(next.index);
    case 'change':
      return race.change(next.about, next.to, next.way);
    case 'block':
      return race.block(next.by, next.isBlocked, next.way);
    case 'connect':
      return race.connect(next.of, next.capacity);
    case 'disconnect':
      return race.disconnect(next.index);
    case 'drain':
      return race.drain(next.index, next.count);
    case 'pass':
      return pass(next.turns);
  }
}

interface Engine {
  readonly name: string;
  readonly runs: number;
  readonly open: () => Promise<{ readonly store: Store; readonly remove: () => Promise<void> }>;
}

const engines: readonly Engine[] = [
  {
    name: 'memory',
    runs: 100,
    open: async () => {
      const store = await openMemoryStore({ maxBytes: 1_000_000_000 });
      return { store, remove: () => store.close() };
    },
  },
  ...testedDrivers.map((driver) => ({
    name: `SQLite, ${driver}`,
    runs: 15,
    open: async () => {
      const { folder, remove } = await makeDataFolder();
      const store = await openSqliteStore({ folder, driver });
      return {
        store,
        remove: async () => {
          await store.close();
          await remove();
        },
      };
    },
  })),
];

for (const engine of engines) {
  describe(`members and blocks that change while messages are sent (${engine.name})`, () => {
    let floor: MessagingFixture;
    let remove: () => Promise<void>;
    let races = 0;
    beforeAll(async () => {
      const opened = await engine.open();
      remove = opened.remove;
      // Small, so that groups are loaded again and again.
      floor = new MessagingFixture(opened.store, 10_000_000, undefined, { channels: 1, members: 100 });
    });
    afterAll(() => remove());

    it('the order of the log alone decides who wrote, who is delivered what, and what history has', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 120, size: 'max' }), async (steps) => {
          races += 1;
          const race = await RightsRace.begin(floor, `${races}`);
          for (const next of steps) await take(race, next);
          await race.settle();
          const faults = await race.check();
          race.close();
          floor.faults.length = 0;
          floor.failures.length = 0;
          expect(faults).toEqual([]);
        }),
        // Runs share a store, so that a smaller example would begin with what the larger one left behind.
        { numRuns: engine.runs, endOnFailure: true },
      );
    });
  });
}
