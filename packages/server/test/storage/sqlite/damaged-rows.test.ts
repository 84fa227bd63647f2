// Rows that say something else than they did when they were written: what each one costs, and what it does not.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ServerError } from '../../../src/errors.js';
import { chooseDriver } from '../../../src/storage/sqlite/driver/choose-driver.js';
import { configureConnection, DATABASE_FILE } from '../../../src/storage/sqlite/driver/connection-settings.js';
import type { SqlValue } from '../../../src/storage/sqlite/driver/sql-database.js';
import type { SqliteEngine } from '../../../src/storage/sqlite/engine.js';
import { device, directName, FIRST_AT, message, user } from '../requests.js';
import { makeDataFolder, testedDrivers } from './data-folder.js';
import { append, openEngine, placeAll, readPage } from './engine-under-test.js';

const alice = user('alice');
const phone = device('phone');
const withBob = directName('alice', 'bob');
const withCarol = directName('alice', 'carol');

const cases = testedDrivers.flatMap((driver) => [
  { driver, places: 'in memory' },
  { driver, places: 'in the table' },
]);

describe.each(cases)('of a store with a damaged row, through $driver, with places $places,', ({ driver, places }) => {
  let folder: string;
  let remove: () => Promise<void>;
  let engine: SqliteEngine;
  let damage: ServerError[];

  beforeEach(async () => {
    ({ folder, remove } = await makeDataFolder());
    damage = [];
    engine = openEngine(folder, driver);
    // Channel 1 is alice's with bob, channel 2 hers with carol; alice is user 1.
    append(engine, ...['a1', 'a2', 'a3', 'a4'].map((key) => message('alice', 'bob', { key })));
    append(engine, message('bob', 'alice', { key: 'b5' }), message('alice', 'carol'));
    engine.write([
      {
        command: 'test',
        apply: (self) => {
          self.openDevice({
            user: alice,
            device: phone,
            mustExist: { user: false, device: false },
            at: FIRST_AT,
            inUse: [],
            unfinished: undefined,
          });
          const batch = [withBob, withCarol].map((channel) => ({
            user: alice,
            channel,
            read: 1,
            delivered: 1,
            devices: new Map([[phone, 1]]),
          }));
          self.writeCursors({ batch, at: FIRST_AT });
        },
        fail: ({ message: text }) => {
          throw new Error(text);
        },
      },
    ]);
    if (places === 'in the table') placeAll(engine);
  });

  afterEach(async () => {
    engine.close();
    await remove();
  });

  /** Changes rows behind the back of their checksums, and opens what is then there. */
  function damaged(sql: string, values: readonly SqlValue[] = []): void {
    engine.close();
    const database = chooseDriver(driver)(join(folder, DATABASE_FILE));
    configureConnection(database);
    database.prepare(sql).run(values);
    database.close();
    engine = openEngine(folder, driver, undefined, (met) => damage.push(met));
  }

  const statuses = () => engine.channelStatuses({ user: alice, device: phone, after: undefined, limit: 10 }).channels;
  const describeOne = (channel: typeof withBob) =>
    engine.describe({ user: alice, channels: [{ channel, read: 0 }], maxLastBytes: 1_000 })[0];
  const page = (direction: 'after' | 'before', offset: number) =>
    readPage(engine, { channel: withBob, direction, offset, limit: 10, maxBytes: 10_000 });

  test('the newest entry costs a channel its `last`, and nobody the list', () => {
    damaged('UPDATE entry SET crc = crc + 1 WHERE channel = 1 AND offset = 5');
    expect(statuses().map(({ channel, head }) => [channel, head])).toEqual([
      [withBob, 5],
      [withCarol, 1],
    ]);
    expect(describeOne(withBob)).toMatchObject({
      unread: 1,
      last: { head: 5, entries: [] },
      members: [{ read: 1 }, {}],
    });
    expect(describeOne(withCarol)?.last.entries).not.toEqual([]);
    expect(damage.map(({ message: text, offset }) => [text.slice(0, 33), offset])).toContainEqual([
      `${withBob}, offset 5 cannot`,
      5,
    ]);
  });

  test('the newest entries cost nothing of the log before them, and writing goes on behind them', () => {
    damaged('UPDATE entry SET crc = 0 WHERE channel = 1 AND offset > 3');
    expect(page('after', 0)).toMatchObject({
      head: 5,
      more: false,
      items: [{ offset: 1 }, { offset: 2 }, { offset: 3 }, { from: 4, to: 5, reason: 'unreadable' }],
    });
    expect(damage.map(({ offset }) => offset)).toEqual(expect.arrayContaining([4, 5]));
    const results = append(engine, message('bob', 'alice'), message('alice', 'bob'));
    // As many messages as if nothing had happened, and the time does not go back behind what can be read.
    expect(results).toMatchObject([
      { outcome: 'stored', offset: 6, messages: 6, at: FIRST_AT },
      { outcome: 'stored', offset: 7, messages: 7 },
    ]);
    engine.close();
    engine = openEngine(folder, driver);
    // Both of bob: the damaged one counts until alice has read past it.
    expect(describeOne(withBob)).toMatchObject({ unread: 2, last: { head: 7 } });
  });

  test('a user_state hides its user, who shows everything again only by changing the settings', () => {
    const bob = user('bob');
    const shown = { presence: true, receipts: true };
    const write = (lastSeenAt: number | undefined, settings: typeof shown | undefined) =>
      engine.write([
        {
          command: 'test',
          apply: (self) => self.userStates.write([{ user: alice, lastSeenAt, settings }]),
          fail: ({ message: text }) => {
            throw new Error(text);
          },
        },
      ]);
    write(FIRST_AT, undefined);
    damaged('UPDATE user_state SET hides = 0, crc = crc + 1');
    const hidden = { user: alice, lastSeenAt: undefined, settings: { presence: false, receipts: false } };
    expect(engine.userStates.load([alice, bob])).toEqual([
      hidden,
      { user: bob, lastSeenAt: undefined, settings: shown },
    ]);
    expect(damage.length).toBe(1);
    write(FIRST_AT + 1, undefined);
    expect(engine.userStates.load([alice])).toEqual([hidden]);
    write(undefined, shown);
    expect(engine.userStates.load([alice])).toMatchObject([{ user: alice, settings: shown }]);
  });

  test('all entries of a channel cost that channel its log only', () => {
    damaged('UPDATE entry SET crc = crc + 1 WHERE channel = 1');
    expect(describeOne(withBob)).toMatchObject({ unread: 0, last: { head: 5, entries: [] } });
    expect(append(engine, message('bob', 'alice'))).toMatchObject([{ outcome: 'stored', offset: 6, messages: 6 }]);
  });

  test('the entry after the read cursor is not counted as unread', () => {
    append(engine, message('bob', 'alice'));
    damaged('UPDATE entry SET crc = crc + 1 WHERE channel = 1 AND offset = 5');
    expect(
      engine.describe({ user: alice, channels: [{ channel: withBob, read: 4 }], maxLastBytes: 1_000 })[0],
    ).toMatchObject({ unread: 1 });
  });

  test('a member counts as having read nothing of that channel', () => {
    damaged('UPDATE member SET read = 4 WHERE user = 1 AND channel = 1');
    expect(statuses().map(({ channel, read, cursor }) => [channel, read, cursor])).toEqual([
      [withBob, 0, 1],
      [withCarol, 1, 1],
    ]);
    expect(describeOne(withBob)).toMatchObject({ unread: 1, members: [{ user: 'alice', read: 0 }, { user: 'bob' }] });
    expect(engine.loadCursors([withBob, withCarol].map((channel) => ({ user: alice, channel })))).toMatchObject([
      { read: 0 },
      { read: 1 },
    ]);
    expect(damage).not.toEqual([]);
  });

  test('a member of a channel that is not theirs is in none because of it', () => {
    append(engine, message('dan', 'eve'));
    damaged('UPDATE member SET channel = 3 WHERE user = 1 AND channel = 1');
    expect(statuses().map(({ channel }) => channel)).toEqual([withCarol]);
    expect(damage).not.toEqual([]);
  });

  test('a cursor of a device counts as never written', () => {
    damaged('UPDATE cursor SET offset = 4 WHERE channel = 1');
    expect(statuses().map(({ channel, cursor }) => [channel, cursor])).toEqual([
      [withBob, undefined],
      [withCarol, 1],
    ]);
    expect(damage).not.toEqual([]);
  });

  test('members and cursors are whole again once they are written', () => {
    damaged('UPDATE member SET read = 4, visible_from = 3 WHERE user = 1 AND channel = 1');
    damaged('UPDATE cursor SET offset = 4 WHERE channel = 1');
    const batch = [{ user: alice, channel: withBob, read: 2, delivered: 3, devices: new Map([[phone, 3]]) }];
    const write = (self: SqliteEngine) => self.writeCursors({ batch, at: FIRST_AT });
    engine.write([{ command: 'test', apply: write, fail: ({ message: text }) => expect.fail(text) }]);
    damaged('SELECT 1');
    damage.length = 0;
    expect(statuses()[0]).toMatchObject({ channel: withBob, read: 2, cursor: 3, visibleFrom: 1 });
    expect(describeOne(withBob)).toMatchObject({ members: [{ read: 2, delivered: 3 }, {}] });
    expect(damage).toEqual([]);
  });

  test.each(['UPDATE channel SET created_at = 1 WHERE id = 1', 'DELETE FROM entry WHERE channel = 1 AND offset > 3'])(
    'what the channel itself is costs that channel alone: %s',
    (sql) => {
      damaged(sql);
      const listed = statuses().map(({ channel }) => channel);
      expect(listed).toContain(withCarol);
      expect(describeOne(withCarol)).toMatchObject({ last: { head: 1 } });
    },
  );

  test('a slice of channels goes on behind damaged members, and ends', () => {
    append(engine, ...Array.from({ length: 20 }, (_, peer) => message('alice', `peer${peer}`)));
    damaged('UPDATE member SET read = 9 WHERE user = 1 AND channel % 3 = 0');
    const seen: string[] = [];
    let after: number | undefined;
    do {
      const slice = engine.channelStatuses({ user: alice, device: phone, after, limit: 3 });
      seen.push(...slice.channels.map(({ channel }) => channel));
      after = slice.next;
    } while (after !== undefined);
    expect(seen).toHaveLength(22);
    expect(new Set(seen).size).toBe(22);
  });

  test('a channel that cannot be written costs its own requests of a batch, not the others', () => {
    damaged('UPDATE channel SET created_at = 1 WHERE id = 1');
    expect(append(engine, message('alice', 'bob'), message('alice', 'carol'), message('dan', 'eve'))).toMatchObject([
      { outcome: 'damaged' },
      { outcome: 'stored', offset: 2 },
      { outcome: 'stored', offset: 1 },
    ]);
  });

  test('the key of a damaged entry is neither stored again nor in the way of the others', () => {
    damaged('UPDATE entry SET crc = crc + 1 WHERE channel = 1 AND offset = 2');
    expect(
      append(engine, message('alice', 'bob', { key: 'a2' }), message('alice', 'bob', { key: 'a3' })),
    ).toMatchObject([{ outcome: 'damaged' }, { outcome: 'repeated', offset: 3 }]);
  });

  test('a channel, a user or a device keeps no new one from standing beside it', () => {
    damaged('UPDATE channel SET created_at = 1');
    damaged('UPDATE user SET created_at = 1 WHERE id > 1');
    damaged('UPDATE device SET created_at = 1');
    expect(append(engine, message('alice', 'bobby'), message('carola', 'carole'))).toMatchObject([
      { outcome: 'stored', offset: 1 },
      { outcome: 'stored', offset: 1 },
    ]);
    const opened: unknown[] = [];
    const open = (self: SqliteEngine) =>
      opened.push(
        self.openDevice({
          user: alice,
          device: device('phones'),
          mustExist: { user: false, device: false },
          at: FIRST_AT,
          inUse: [],
          unfinished: undefined,
        }),
      );
    engine.write([{ command: 'test', apply: open, fail: ({ message: text }) => opened.push(text) }]);
    expect(opened).toEqual(['new']);
    const { channels: listed } = engine.channelStatuses({
      user: alice,
      device: device('phones'),
      after: undefined,
      limit: 9,
    });
    expect(listed.map(({ channel }) => channel)).toEqual([directName('alice', 'bobby')]);
  });

  test('numbers beyond what JavaScript holds are damage as any other', () => {
    damaged('UPDATE entry SET crc = 4611686018427387904 WHERE channel = 1 AND offset = 5');
    damaged('UPDATE member SET read = 4611686018427387904 WHERE user = 1 AND channel = 1');
    expect(statuses().map(({ channel, read }) => [channel, read])).toEqual([
      [withBob, 0],
      [withCarol, 1],
    ]);
    expect(describeOne(withBob)).toMatchObject({ last: { head: 5, entries: [] } });
    expect(append(engine, message('alice', 'bob'))).toMatchObject([{ outcome: 'stored', offset: 6 }]);
  });

  test('a channel whose name is damaged, in its row or in the index, is not taken for one that never was', () => {
    engine.close();
    const path = join(folder, DATABASE_FILE);
    const intact = readFileSync(path);
    const places: number[] = [];
    for (let at = intact.indexOf(withBob); at >= 0; at = intact.indexOf(withBob, at + 1)) places.push(at);
    expect(places.length).toBeGreaterThanOrEqual(2);
    for (const place of places) {
      const flipped = Buffer.from(intact);
      flipped[place + withBob.length - 1]! ^= 0x10;
      writeFileSync(path, flipped);
      engine = openEngine(folder, driver);
      for (const channel of [withBob, withCarol]) {
        try {
          expect(engine.heads([channel]).heads[0]?.head).toBe(channel === withBob ? 5 : 1);
        } catch (error) {
          expect(error).toMatchObject({ code: 'corrupt' });
        }
      }
      engine.close();
    }
    writeFileSync(path, intact);
    engine = openEngine(folder, driver);
  });

  test('a row of the wrong types does not keep the store from opening', () => {
    damaged("UPDATE entry SET record = 'x', channel = 'y' WHERE channel = 1 AND offset = 2");
    expect(append(engine, message('alice', 'bob', { key: 'a3' }))).toMatchObject([{ outcome: 'repeated', offset: 3 }]);
  });

  test('a lost entry that later ones of its channel show costs nothing but itself', () => {
    const { era } = engine;
    append(engine, message('alice', 'bob'), message('alice', 'bob'));
    damaged('DELETE FROM entry WHERE channel = 1 AND offset = 6');
    expect(engine.era).toBe(era);
    expect(page('after', 5)).toMatchObject({ items: [{ from: 6, to: 6, reason: 'unreadable' }, { offset: 7 }] });
    expect(damage.at(-1)).toMatchObject({ code: 'corrupt', offset: 6 });
    expect(append(engine, message('bob', 'alice'))).toMatchObject([{ outcome: 'stored', offset: 8 }]);
  });

  test('newest entries that are lost without a trace give all channels a new epoch, once', () => {
    const { era } = engine;
    append(engine, message('alice', 'bob'), message('alice', 'carol'));
    damaged('DELETE FROM entry WHERE channel = 1 AND offset = 6');
    const next = engine.era;
    expect(next).not.toBe(era);
    expect(engine.notices).toEqual([expect.stringMatching(/its newest entry is, and all channels get a new epoch$/)]);
    expect(append(engine, message('alice', 'bob'))).toMatchObject([
      { outcome: 'stored', offset: 6, epoch: `${next}-1` },
    ]);
    damaged('SELECT 1');
    expect(engine.era).toBe(next);
    expect(page('after', 4)).toMatchObject({ items: [{ offset: 5 }, { offset: 6 }] });
    expect(append(engine, message('alice', 'carol'))).toMatchObject([{ outcome: 'stored', offset: 3 }]);
  });

  test('a row number that jumped ahead is passed over, and numbers go on behind it', () => {
    append(engine, message('alice', 'bob'));
    damaged('UPDATE entry SET seq = seq + 1099511627776 WHERE channel = 1 AND offset = 6');
    expect(append(engine, message('alice', 'carol'))).toMatchObject([{ outcome: 'stored', offset: 2 }]);
    damaged('SELECT 1');
    expect(describeOne(withCarol)).toMatchObject({ last: { head: 2 } });
    expect(append(engine, message('alice', 'carol'))).toMatchObject([{ outcome: 'stored', offset: 3 }]);
  });

  test('feed leaves out rows that cannot be read and reports them, and passes over numbers that no row has', () => {
    append(engine, message('alice', 'bob'), message('alice', 'carol'));
    damaged('UPDATE entry SET crc = crc + 1 WHERE channel = 1 AND offset = 3');
    damaged('UPDATE entry SET seq = seq + 1099511627777 WHERE channel = 2 AND offset = 2');
    const seqs = (after: number): number[] => {
      const { rows, through } = engine.feed({ after, limit: 100 });
      return through === after ? [] : [...rows.map(({ seq }) => seq), ...seqs(through)];
    };
    // The number that jumped is not the one that its checksum covers.
    expect([seqs(0), engine.newest]).toEqual([[1, 2, 4, 5, 6, 7], 1_099_511_627_785]);
    expect(damage.map(({ message: text }) => text)).toContainEqual(expect.stringMatching(/^row 3 cannot be read: /));
    append(engine, message('alice', 'bob'));
    expect(seqs(7)).toEqual([1_099_511_627_786]);
  });

  test('the mark of how far the table `place` goes is made again from the entries', () => {
    const { era } = engine;
    damaged("UPDATE meta SET value = '4611686018427387904 1' WHERE name = 'placed'");
    expect(engine.era).toBe(era);
    expect(page('after', 0)).toMatchObject({ head: 5, items: [1, 2, 3, 4, 5].map((offset) => ({ offset })) });
    expect(describeOne(withCarol)).toMatchObject({ last: { head: 1 } });
    placeAll(engine);
    damaged('SELECT 1');
    expect(page('after', 0)).toMatchObject({ head: 5, items: [1, 2, 3, 4, 5].map((offset) => ({ offset })) });
  });
});
