// Damage of what says who is in a group and who may write there: it fails closed, and is reported.

import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ServerError } from '../../../src/errors.js';
import { nameOf } from '../../../src/storage/channel-name.js';
import { chooseDriver } from '../../../src/storage/sqlite/driver/choose-driver.js';
import { configureConnection, DATABASE_FILE } from '../../../src/storage/sqlite/driver/connection-settings.js';
import type { SqliteEngine } from '../../../src/storage/sqlite/engine.js';
import {
  changeOf,
  control,
  device,
  direct,
  directName,
  entryIn,
  group,
  joins,
  leaves,
  message,
  user,
} from '../requests.js';
import { makeDataFolder, testedDrivers } from './data-folder.js';
import { append, openEngine, placeAll } from './engine-under-test.js';

const eng = group('eng');
const name = nameOf(eng);
const pair = direct('alice', 'bob');

const cases = testedDrivers.flatMap((driver) => [
  { driver, places: 'in memory' },
  { driver, places: 'in the table' },
]);

describe.each(cases)('of a group with a damaged row, through $driver, with places $places,', ({ driver, places }) => {
  let folder: string;
  let remove: () => Promise<void>;
  let engine: SqliteEngine;
  let damage: ServerError[];

  const versionIn = (channel: typeof eng | typeof pair) => {
    const [rights] = engine.rights([nameOf(channel)]).rights;
    if (rights === undefined || rights === 'damaged') throw new Error('the rights are damaged');
    return rights.version;
  };
  const change = (...members: Parameters<typeof changeOf>[0]['members'] & object) =>
    append(
      engine,
      entryIn(eng, undefined, { kind: 'member', rightsVersion: versionIn(eng), change: changeOf({ members }) }),
    );
  const post = (from: string) => append(engine, entryIn(eng, from, { rightsVersion: versionIn(eng) }));

  beforeEach(async () => {
    ({ folder, remove } = await makeDataFolder());
    damage = [];
    engine = openEngine(folder, driver);
    // Channel 1 is the group, of users 1 to 3; offsets 1 to 7.
    change(joins('alice', 'owner'), joins('bob'), joins('carol'));
    change(leaves('bob'));
    change(joins('bob', 'admin'));
    for (const from of ['bob', 'alice', 'bob', 'bob']) post(from);
    append(engine, control(eng, versionIn(eng), { settings: '{"posting":"admins"}' }));
    append(engine, control(pair, 0, { blocks: [{ by: user('bob'), isBlocked: true }] }));
    if (places === 'in the table') placeAll(engine);
  });

  afterEach(async () => {
    engine.close();
    await remove();
  });

  /** Changes rows behind the back of their checksums, and opens what is then there. */
  function damaged(sql: string): void {
    engine.close();
    const database = chooseDriver(driver)(join(folder, DATABASE_FILE));
    configureConnection(database);
    database.prepare(sql).run([]);
    database.close();
    engine = openEngine(folder, driver, undefined, (met) => damage.push(met));
  }

  const members = () => engine.members({ channel: name, after: undefined, limit: 10 }).members.map((each) => each.user);
  const statusesOf = (id: string) =>
    engine.channelStatuses({ user: user(id), device: device('phone'), after: undefined, limit: 10 }).channels;
  const unreadOf = (id: string, read = 0) =>
    engine.describe({ user: user(id), channels: [{ channel: name, read }], maxLastBytes: 100 })[0]?.unread;
  const staysOf = (id: string) => engine.stays({ user: user(id), channels: [name] })[0];

  /** Offsets in the feed, which is read a few milliseconds at a time. */
  const fed = (after = 0): number[] => {
    const { rows, through } = engine.feed({ after, limit: 100 });
    return through === after ? [] : [...rows.map(({ entry }) => entry[0] as number), ...fed(through)];
  };

  /** What was met since the last look. */
  function expectReported(): void {
    expect(damage).not.toEqual([]);
    damage.length = 0;
  }

  const invite = (id: string) => {
    const pending = [{ user: user(id), state: 'invited' as const, by: user('alice') }];
    return append(engine, control(eng, versionIn(eng), { pending }))[0];
  };

  test('a user whose invitation is damaged is not invited, which is reported, and is invited anew', () => {
    invite('dave');
    damaged("UPDATE pending SET state = 2 WHERE user = 'dave'");
    expect(engine.pending({ channel: name, after: undefined, limit: 10 }).rows).toEqual([]);
    expect(engine.pendingOf({ user: user('dave'), after: undefined, limit: 10 }).rows).toEqual([]);
    expectReported();
    expect(invite('dave')).toMatchObject({ outcome: 'controlled', change: { pending: [{ was: undefined }] } });
    expect(engine.pending({ channel: name, after: undefined, limit: 10 }).rows).toHaveLength(1);
  });

  test('what a user has used in groups begins anew where it is damaged, which is reported', () => {
    invite('dave');
    damaged("UPDATE group_usage SET adds = 1000000 WHERE user = 'alice'");
    expect(invite('erin')).toMatchObject({ outcome: 'controlled' });
    expectReported();
    invite('fred');
    expect(damage).toEqual([]);
  });

  test('is whole before', () => {
    damaged('SELECT 1');
    expect(members()).toEqual(['alice', 'bob', 'carol']);
    expect(staysOf('bob')).toMatchObject([{ joined: 1, left: 2 }, { joined: 3 }]);
    expect([unreadOf('alice'), unreadOf('bob'), unreadOf('carol')]).toEqual([3, 1, 4]);
    expect(damage).toEqual([]);
  });

  test.each([
    'UPDATE member SET role = 3 WHERE user = 2 AND channel = 1',
    'UPDATE member SET left_at = 4 WHERE user = 2 AND channel = 1',
    'UPDATE member SET joined = 0, due_from = 1, visible_from = 1 WHERE user = 2 AND channel = 1',
  ])('a member counts as none, and the others as before: %s', (sql) => {
    damaged(sql);
    for (const read of [() => members(), () => statusesOf('bob'), () => unreadOf('bob'), () => staysOf('bob')]) {
      const found = JSON.stringify(read()) ?? '';
      expect(found).not.toContain(read === statusesOf ? 'group/eng' : 'bob');
      expectReported();
    }
    // Each time.
    expect(statusesOf('bob').map(({ channel }) => channel)).not.toContain(name);
    expectReported();
    expect(members()).toEqual(['alice', 'carol']);
    expect(statusesOf('carol')).toMatchObject([{ channel: name }]);
  });

  test('a member whose row is damaged can join anew, and leave', () => {
    damaged('UPDATE member SET role = 3 WHERE user = 2 AND channel = 1');
    change(joins('bob'));
    damage.length = 0;
    expect(members()).toEqual(['alice', 'bob', 'carol']);
    expect(staysOf('bob')).toMatchObject([{ joined: 8, role: 'member' }]);
    change(leaves('bob'));
    expect(members()).toEqual(['alice', 'carol']);
    expect(damage).toEqual([]);
  });

  test.each(['DELETE FROM roster WHERE user = 2', "UPDATE roster SET name = 'zoe' WHERE user = 2"])(
    'a name that is missing among the members is reported: %s',
    (sql) => {
      damaged(sql);
      expect(members()).toEqual(['alice', 'carol']);
      expectReported();
    },
  );

  test.each([
    'DELETE FROM stay WHERE user = 2',
    'UPDATE stay SET visible_from = 0 WHERE user = 2',
    'UPDATE stay SET number = 2 WHERE user = 2',
  ])('an earlier stay costs all stays of that user: %s', (sql) => {
    damaged(sql);
    expect(staysOf('bob')).toEqual([]);
    expectReported();
    expect(staysOf('carol')).toHaveLength(1);
    expect(members()).toContain('bob');
  });

  test.each([
    'UPDATE channel SET rights = 0 WHERE id = 1',
    'UPDATE channel SET rights = 0, settings = 0, members = 0 WHERE id = 1',
    'UPDATE channel SET closed = 1 WHERE id = 1',
    'UPDATE settings SET version = 1',
    'DELETE FROM settings',
  ])('rights that cannot be read are `damaged`: %s', (sql) => {
    damaged(sql);
    expect(engine.rights([name]).rights).toEqual(['damaged']);
    expectReported();
  });

  test.each(['UPDATE channel SET blocks = 0 WHERE id = 2', 'UPDATE channel SET rights = 0, blocks = 0 WHERE id = 2'])(
    'a block is not undone by damage: %s',
    (sql) => {
      damaged(sql);
      expect(append(engine, message('alice', 'bob'), message('alice', 'bob', { rightsVersion: 'any' }))).toMatchObject([
        { outcome: 'damaged' },
        { outcome: 'damaged' },
      ]);
      expect(engine.rights([directName('alice', 'bob')]).rights).toEqual(['damaged']);
    },
  );

  test('a row without an entry is left out of the feed, and changes neither rights nor epochs', () => {
    const { era } = engine;
    damaged('UPDATE entry SET crc = crc + 1 WHERE offset = 0');
    expect(engine.era).toBe(era);
    expect(fed()).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expectReported();
    expect(engine.rights([name]).rights).toMatchObject([{ settings: '{"posting":"admins"}', memberCount: 3 }]);
    expect(post('carol')).toMatchObject([{ outcome: 'stored', offset: 8, messages: 5 }]);
  });

  test('the newest message of a sender is their own although its row cannot be read', () => {
    damaged('UPDATE entry SET crc = crc + 1 WHERE channel = 1 AND offset = 7');
    expect([unreadOf('alice', 3), unreadOf('bob', 3), unreadOf('carol', 3)]).toEqual([3, 1, 4]);
    expect(post('bob')).toMatchObject([{ outcome: 'stored', offset: 8, messages: 5 }]);
    expect([unreadOf('alice', 3), unreadOf('bob', 3)]).toEqual([4, 1]);
  });

  test('whose messages there are is reported where the table says something else', () => {
    // In memory they are counted from the entries.
    if (places !== 'in the table') return;
    for (const sql of [
      'UPDATE authored SET rank = 1 WHERE sender = 2 AND offset = 6',
      'DELETE FROM authored WHERE sender = 2 AND offset = 6',
    ]) {
      damaged(sql);
      unreadOf('bob', 4);
      expectReported();
    }
  });
});
