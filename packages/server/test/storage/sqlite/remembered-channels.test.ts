// What the engine remembers of channels and members is what its tables have.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CursorWrite } from '../../../src/storage/cursors.js';
import type { SqliteEngine } from '../../../src/storage/sqlite/engine.js';
import type { FailureFrame } from '../../../src/storage/sqlite/threads/worker-messages.js';
import { device, direct, directName, message, user } from '../requests.js';
import { makeDataFolder, testedDrivers } from './data-folder.js';
import { append, openEngine, placeAll } from './engine-under-test.js';

const names = ['alice', 'bob', 'carol', 'dave'];
const name = fc.constantFrom(...names);
const pair = fc.tuple(name, name);

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('append' as const), pair }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('read' as const), pair, read: fc.nat(9), delivered: fc.nat(9) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('look' as const), user: name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('undo' as const), pair }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('place' as const) }) },
);

const fail = ({ message: reason }: FailureFrame) => expect.unreachable(reason);

function look(engine: SqliteEngine, id: string) {
  const { channels } = engine.channelStatuses({
    user: user(id),
    device: device('phone'),
    after: undefined,
    limit: 200,
  });
  const wanted = channels.map(({ channel, read }) => ({ channel, read }));
  const described = engine.describe({ user: user(id), channels: wanted, maxLastBytes: 512 });
  return { channels, described };
}

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

function run(engine: SqliteEngine, done: Step): void {
  switch (done.do) {
    case 'append':
      append(engine, message(...done.pair));
      return;
    case 'read': {
      const [reader, peer] = done.pair;
      const devices: CursorWrite['devices'] = new Map([[device('phone'), done.delivered]]);
      const { read, delivered } = done;
      const write = { channel: directName(reader, peer), user: user(reader), read, delivered, devices };
      engine.write([{ command: 'test', apply: (self) => self.writeCursors({ batch: [write], at: 1 }), fail }]);
      return;
    }
    case 'look':
      look(engine, done.user);
      return;
    case 'undo':
      // One batch of which the second request is of another channel than it says: all of it is undone.
      expect(() =>
        append(engine, message(...done.pair), message('alice', 'bob', { channel: direct('carol', 'dave') })),
      ).toThrow(TypeError);
      return;
    case 'place':
      placeAll(engine);
  }
}

test.each(testedDrivers)(
  'channelStatuses and describe return from memory what they return after a restart (%s)',
  { timeout: 60_000 },
  async (driver) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const { folder, remove } = await makeDataFolder();
        const engine = openEngine(folder, driver);
        for (const id of names) {
          const signIn = {
            user: user(id),
            device: device('phone'),
            at: 1,
            inUse: [],
            unfinished: undefined,
            mustExist: { user: false, device: false },
          };
          engine.write([{ command: 'test', apply: (self) => void self.openDevice(signIn), fail }]);
        }
        for (const done of steps) run(engine, done);
        const remembered = names.map((id) => look(engine, id));
        expect(names.map((id) => look(engine, id))).toEqual(remembered);
        engine.close();
        const restarted = openEngine(folder, driver);
        expect(names.map((id) => look(restarted, id))).toEqual(remembered);
        restarted.close();
        await remove();
      }),
      { numRuns: 40 },
    );
  },
);
