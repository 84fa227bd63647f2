// Random histories of channels of every kind, against the memory engine as the model: with places in memory and in the table,
// and with restarts.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { announcements, type Channel, inboxChannel } from '../../../src/channel/channel.js';
import type { LaneRow } from '../../../src/channel/lane.js';
import type { LogItem } from '../../../src/channel/log-item.js';
import type { MemberChange, MemberRole, PendingChange, PendingState } from '../../../src/channel/membership.js';
import { named, nameOf } from '../../../src/storage/channel-name.js';
import type { CursorWrite } from '../../../src/storage/cursors.js';
import type { MaintenanceStep } from '../../../src/storage/maintenance.js';
import { openMemoryStore } from '../../../src/storage/memory/memory-store.js';
import type { AppendRequest, AppendResult } from '../../../src/storage/message-log.js';
import type { SqliteEngine } from '../../../src/storage/sqlite/engine.js';
import { feedRowFrom } from '../../../src/storage/sqlite/reading/feed-reader.js';
import type { MaintenanceStepFrame } from '../../../src/storage/sqlite/threads/worker-messages.js';
import type { Store } from '../../../src/storage/store.js';
import { maintain as maintainModel } from '../maintenance-contract.js';
import {
  append as appendTo,
  changeOf,
  control,
  device,
  direct,
  entryIn,
  FIRST_AT,
  group,
  inbox,
  joins,
  leaves,
  readFeed,
  user,
  versionOf,
} from '../requests.js';
import { makeDataFolder, testedDrivers } from './data-folder.js';
import { append, maintain, openEngine, placeAll, readPage } from './engine-under-test.js';

const users = ['alice', 'bob', 'carol'];
const phone = device('phone');
const laptop = device('laptop');
const groups = [group('eng'), group('ops')];
const pairs = [direct('alice', 'bob'), direct('alice', 'alice'), direct('bob', 'carol')];
const channels = [...groups, ...pairs, inbox('alice'), inbox('carol'), announcements];

const anyUser = fc.constantFrom(...users);
const role = fc.constantFrom<MemberRole>('owner', 'admin', 'member');
const memberChange: fc.Arbitrary<MemberChange> = fc.oneof(
  fc.tuple(anyUser, role, fc.constantFrom('start' as const, 'joining' as const)).map((change) => joins(...change)),
  anyUser.map(leaves),
  fc.record({ type: fc.constant('role' as const), user: anyUser.map(user), role }),
);
const pendingChange: fc.Arbitrary<PendingChange> = fc.record({
  user: anyUser.map(user),
  state: fc.constantFrom<PendingState | undefined>('invited', 'invited', 'requested', undefined),
  by: anyUser.map(user),
});
const rights = fc.record({
  members: fc.array(memberChange, { maxLength: 4 }),
  pending: fc.array(pendingChange, { maxLength: 3 }),
  settings: fc.option(fc.constantFrom('{}', '{"posting":"admins"}'), { nil: undefined, freq: 2 }),
});
const version = fc.constantFrom<'current' | 'any' | number>('current', 'current', 'current', 'any', 0);
const author = fc.constantFrom('user', 'user', 'user', 'application', 'server');

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      channel: fc.constantFrom(...channels),
      author,
      by: anyUser,
      count: fc.integer({ min: 1, max: 4 }),
      kind: fc.constantFrom('message', 'message', 'message', 'react', 'a.b'),
      key: fc.option(fc.constantFrom('k1', 'k2'), { nil: undefined, freq: 2 }),
      version,
      isRefused: fc.constantFrom(false, false, false, true),
      expiresAt: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined, freq: 2 }),
      slot: fc.constantFrom(undefined, 's1', 's2'),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('change' as const),
      channel: fc.constantFrom(...groups),
      rights,
      version: fc.constantFrom<'current' | number>('current', 'current', 'current', 0),
      isControl: fc.constantFrom(false, false, true),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('block' as const),
      pair: fc.constantFrom(0, 2),
      isBlocked: fc.boolean(),
      isLow: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('close' as const), channel: fc.constantFrom(...groups) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('acknowledge' as const),
      user: anyUser,
      channel: fc.constantFrom(...channels),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      isRead: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('readSingly' as const),
      owner: fc.constantFrom('alice', 'carol'),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('signIn' as const), user: anyUser, isLaptop: fc.boolean() }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('trim' as const, 'remove' as const),
      channel: fc.constantFrom(...channels),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('erase' as const), user: anyUser }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('expire' as const), now: fc.integer({ min: 0, max: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('place' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
);

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

test.each(testedDrivers)('the SQLite engine (%s) stores and returns what the memory engine does', async (driver) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
      const { folder, remove } = await makeDataFolder();
      const model = await openMemoryStore({ maxBytes: 100_000_000 });
      const open = () => openEngine(folder, driver, undefined, (damage) => expect.fail(damage.message));
      let engine = open();
      try {
        // Writers have signed in: users are as old as their first sign-in.
        const first = users.map((id) => ({ do: 'signIn', user: id, isLaptop: false }) as const);
        for (const each of [...first, ...steps]) {
          if (each.do === 'place') placeAll(engine);
          if (each.do === 'restart') {
            engine.close();
            engine = open();
          }
          await apply(each, engine, model);
        }
        await expectSame(engine, model);
        engine.close();
        engine = open();
        await expectSame(engine, model);
      } finally {
        engine.close();
        await model.close();
        await remove();
      }
    }),
    { numRuns: 40 },
  );
});

async function apply(given: Step, engine: SqliteEngine, model: Store): Promise<void> {
  switch (given.do) {
    case 'place':
    case 'restart':
      return;
    case 'signIn': {
      const signIn = {
        user: user(given.user),
        device: given.isLaptop ? laptop : phone,
        mustExist: { user: false, device: false },
        at: FIRST_AT,
        inUse: [],
        unfinished: undefined,
      };
      write(engine, (self) => self.openDevice(signIn));
      await model.directory.openDevice(signIn);
      return;
    }
    case 'acknowledge': {
      const [head] = (await model.log.heads([given.channel])).heads;
      const offset = Math.round(given.share * (head?.head ?? 0));
      const cursors: CursorWrite = {
        user: user(given.user),
        channel: given.channel,
        read: given.isRead ? offset : undefined,
        delivered: offset,
        devices: new Map([[phone, offset]]),
      };
      write(engine, (self) => self.writeCursors({ batch: [named(cursors)], at: FIRST_AT }));
      await model.cursors.write([cursors], FIRST_AT);
      return;
    }
    case 'readSingly': {
      const owner = user(given.owner);
      const channel = inboxChannel(owner);
      const [[head], [cursor]] = [
        (await model.log.heads([channel])).heads,
        await model.cursors.load([{ user: owner, channel }]),
      ];
      const single = { channel, offset: Math.round(given.share * (head?.head ?? 0)), read: cursor!.read };
      let result: readonly number[] | undefined;
      write(engine, (self) => {
        result = self.singleReads.write(named(single));
      });
      expect(result).toEqual(await model.cursors.readSingly(single));
      return;
    }
    case 'trim':
    case 'remove':
    case 'erase':
    case 'expire': {
      const removal = await removalOf(given, model);
      maintain(engine, ('channel' in removal ? named(removal) : removal) as MaintenanceStepFrame, 1);
      await maintainModel(model.log, removal);
      return;
    }
    case 'block':
    case 'change':
    case 'close':
    case 'write': {
      const batch = await batchOf(given, model);
      const results = append(engine, ...batch);
      expect(results.map(plain)).toEqual((await appendTo(model.log, batch)).map(plain));
    }
  }
}

async function removalOf(
  given: Extract<Step, { do: 'trim' | 'remove' | 'erase' | 'expire' }>,
  model: Store,
): Promise<MaintenanceStep> {
  if (given.do === 'erase') return { kind: 'erase', user: user(given.user), after: undefined };
  if (given.do === 'expire') return { kind: 'expire', now: given.now };
  const { channel, share } = given;
  const [head] = (await model.log.heads([channel])).heads;
  const offset = Math.round(share * (head?.head ?? 0));
  if (given.do === 'trim') return { kind: 'trim', channel, through: offset, after: undefined };
  return { kind: 'remove', channel, offsets: [offset, offset + 1], reason: 'removed' };
}

async function batchOf(
  given: Extract<Step, { do: 'write' | 'change' | 'block' | 'close' }>,
  model: Store,
): Promise<AppendRequest[]> {
  const channel = given.do === 'block' ? pairs[given.pair]! : given.channel;
  const current = await versionOf(model.log, channel);
  if (given.do === 'close') return [control(channel, current, { closes: true })];
  if (given.do === 'block') {
    if (channel.kind !== 'direct') return [];
    const by = given.isLow ? channel.low : channel.high;
    return [control(channel, current, { blocks: [{ by, isBlocked: given.isBlocked }] })];
  }
  const rightsVersion = given.version === 'current' ? current : given.version;
  if (given.do === 'change') {
    const { members, pending, settings } = given.rights;
    if (given.isControl) return [control(channel, current, { pending, settings: settings ?? '[]' })];
    const change = changeOf({ members, pending, settings });
    return [entryIn(channel, 'alice', { kind: 'member', rightsVersion: Number(rightsVersion), change })];
  }
  const { author: as, by, count, kind, key, isRefused, expiresAt, slot } = given;
  const from = as === 'user' ? senderIn(channel, by) : undefined;
  return Array.from({ length: count }, () =>
    entryIn(channel, from, {
      by: as === 'application' ? by : undefined,
      kind,
      key,
      rightsVersion,
      isRefused,
      expiresAt,
      slot,
    }),
  );
}

/** Only its two users write in a direct channel. */
function senderIn(channel: Channel, id: string): string {
  return channel.kind === 'direct' && id !== channel.low && id !== channel.high ? channel.low : id;
}

function write(engine: SqliteEngine, apply: (self: SqliteEngine) => unknown): void {
  engine.write([{ command: 'test', apply: (self) => void apply(self), fail: ({ message }) => expect.fail(message) }]);
}

/** Epochs are those of each engine. */
function plain(result: AppendResult): object {
  return { ...result, epoch: undefined };
}

async function expectSame(engine: SqliteEngine, model: Store): Promise<void> {
  const names = channels.map(nameOf);
  expect(engine.heads(names).heads.map(({ head, base }) => ({ head, base }))).toEqual(
    (await model.log.heads(channels)).heads.map(({ head, base }) => ({ head, base })),
  );
  const { rights: expectedRights } = await model.log.rights(channels);
  expect(engine.rights(names).rights.map((each, index) => ({ channel: channels[index], ...Object(each) }))).toEqual(
    expectedRights,
  );
  for (const channel of groups) {
    for (const after of [undefined, user('alice'), user('bobby')]) {
      const { through: _, ...page } = await model.log.members(channel, after, 2);
      expect(engine.members({ channel: nameOf(channel), after, limit: 2 })).toMatchObject(page);
      const { through: __, pending: rows, ...rest } = await model.log.pending(channel, after, 2);
      expect(engine.pending({ channel: nameOf(channel), after, limit: 2 })).toMatchObject({ rows, ...rest });
    }
  }
  for (const channel of channels) {
    for (const direction of ['after', 'before'] as const) {
      const request = { direction, offset: direction === 'after' ? 0 : 1_000, limit: 200, maxBytes: 1_000_000 };
      const page = readPage(engine, { ...request, channel: nameOf(channel) });
      const expected = await model.log.page({ ...request, channel });
      expect(page.items.map(withoutEpoch)).toEqual(expected.items.map(withoutEpoch));
    }
  }
  for (const id of users) await expectSameFor(id, engine, model);
  const rows = feedOf(engine);
  const rowOf = ({ entry, ...row }: LaneRow) => ({ ...row, entry: entry && withoutEpoch(entry) });
  expect(rows.map(rowOf)).toEqual((await readFeed(model.log)).map(rowOf));
}

function withoutEpoch(item: LogItem): object {
  return { ...item, epoch: undefined };
}

function feedOf(engine: SqliteEngine, after = 0): LaneRow[] {
  const { rows, through } = engine.feed({ after, limit: 1_000 });
  if (through === after) return [];
  return [...rows.map((row) => feedRowFrom(row, engine.era)), ...feedOf(engine, through)];
}

async function expectSameFor(id: string, engine: SqliteEngine, model: Store): Promise<void> {
  const names = channels.map(nameOf);
  const member = user(id);
  expect(engine.stays({ user: member, channels: names })).toEqual(await model.log.stays(member, channels));
  const { places } = await model.log.pendingOf(member, undefined, 10);
  expect(engine.pendingOf({ user: member, after: undefined, limit: 10 }).rows).toEqual(places.map(named));
  const cursors = channels.map((channel) => ({ user: member, channel }));
  expect(engine.loadCursors(cursors.map(named)).map(({ read, delivered }) => ({ read, delivered }))).toEqual(
    (await model.cursors.load(cursors)).map(({ read, delivered }) => ({ read, delivered })),
  );
  for (const [deviceId, limit] of [
    [phone, 100],
    [laptop, 2],
    [laptop, 100],
  ] as const) {
    let after: number | undefined;
    do {
      const slice = engine.channelStatuses({ user: member, device: deviceId, after, limit });
      const expected = await model.directory.channelStatuses(member, deviceId, after, limit);
      const statuses = slice.channels.map(({ life: _, ...status }) => status);
      expect(statuses).toEqual(
        expected.channels.map(({ epoch: _, ...status }) => ({ ...status, channel: nameOf(status.channel) })),
      );
      if (limit === 100) expect(slice.next).toEqual(expected.next);
      after = slice.next;
    } while (after !== undefined);
  }
  for (const read of [0, 1, 3, 1_000]) {
    const descriptions = channels.map((channel) => {
      const [frame] = engine.describe({
        user: member,
        channels: [{ channel: nameOf(channel), read }],
        maxLastBytes: 9,
      });
      if (frame === undefined) return undefined;
      const { life: _, ...rest } = frame;
      return { ...rest, last: frame.last.head };
    });
    const expected = [];
    for (const channel of channels) {
      const [found] = await model.directory.describe(member, [{ channel, read }], 9);
      expected.push(found && shortOf(found));
    }
    expect(descriptions).toEqual(expected);
  }
}

function shortOf(found: Awaited<ReturnType<Store['directory']['describe']>>[number]): object {
  const { channel: _, epoch: __, head, ...rest } = found;
  return { ...rest, last: head };
}
