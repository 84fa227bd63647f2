// What removal does to the tables: which rows go, which stay as tombstones, and that the forms of both versions take part.

import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isGap } from '../../../src/channel/log-item.js';
import { type ChannelName, channelOfName } from '../../../src/storage/channel-name.js';
import { chooseDriver } from '../../../src/storage/sqlite/driver/choose-driver.js';
import { configureConnection, DATABASE_FILE } from '../../../src/storage/sqlite/driver/connection-settings.js';
import type { SqliteEngine } from '../../../src/storage/sqlite/engine.js';
import { openSqliteStore } from '../../../src/storage/sqlite/sqlite-store.js';
import { maintain as maintainLog, outlineOf } from '../maintenance-contract.js';
import { append as appendTo, directName, message, readItems, user } from '../requests.js';
import { makeDataFolder, testedDrivers } from './data-folder.js';
import { append, maintain, openEngine, placeAll, readPage } from './engine-under-test.js';
import { contentsOf, copyFixture } from './migration-run.js';

const KEY_WINDOW = 8;
const withBob = directName('alice', 'bob');
const withCarol = directName('alice', 'carol');

describe.each(testedDrivers)('removal through %s', (driver) => {
  let folder: string;
  let remove: () => Promise<void>;
  let engine: SqliteEngine;
  const open = () => {
    engine = openEngine(folder, driver, KEY_WINDOW);
  };
  beforeEach(async () => {
    ({ folder, remove } = await makeDataFolder());
    open();
  });
  afterEach(async () => {
    engine.close();
    await remove();
  });

  const trim = (through: number, channel = withBob) =>
    maintain(engine, { kind: 'trim', channel, through, after: undefined });
  const outline = (channel = withBob) => {
    const page = readPage(engine, { channel, direction: 'after', offset: 0, limit: 200, maxBytes: 1_000_000 });
    return outlineOf(page.items);
  };
  const fill = (count: number, to = 'bob') => {
    for (let index = 0; index < count; index += 1) append(engine, message('alice', to, { key: `${to}${index + 1}` }));
  };

  /** Rows of two tables, in a file that no process has open. */
  function countRows(): { entries: number; places: number } {
    engine.close();
    const database = chooseDriver(driver)(join(folder, DATABASE_FILE));
    configureConnection(database);
    const count = (table: string) => Number(database.query(`SELECT count(*) AS count FROM ${table}`)?.['count']);
    const counts = { entries: count('entry'), places: count('place') };
    database.close();
    open();
    return counts;
  }

  test('trim deletes rows and places that are placed and older than the keys promised, and later the others', () => {
    fill(20);
    fill(4, 'carol');
    trim(18);
    // None has its place in the table, so that a start would take a hole for a lost entry.
    expect(countRows()).toEqual({ entries: 24, places: 0 });
    placeAll(engine);
    trim(18);
    // The newest 8 rows have keys that are promised: of bob's the last four.
    expect(countRows()).toEqual({ entries: 24 - 16, places: 24 - 16 });
    expect(outline()).toEqual([[1, 18, 'expired'], 19, 20]);
    expect(append(engine, message('alice', 'bob', { key: 'bob18' }))).toMatchObject([
      { outcome: 'repeated', offset: 18 },
    ]);
    expect(append(engine, message('alice', 'bob', { key: 'bob16' }))).toMatchObject([
      { outcome: 'stored', offset: 21 },
    ]);
    fill(10, 'dave');
    placeAll(engine);
    trim(18);
    expect(countRows()).toEqual({ entries: 24 + 11 - 18, places: 24 + 11 - 18 });
    expect(outline()).toEqual([[1, 18, 'expired'], 19, 20, 21]);
    expect(outline(withCarol)).toEqual([1, 2, 3, 4]);
  });

  test('trim keeps the newest row of a channel, so that its log goes on after a restart', () => {
    fill(5);
    fill(12, 'carol');
    placeAll(engine);
    trim(5);
    expect(countRows()).toEqual({ entries: 13, places: 13 });
    expect(engine.heads([withBob, withCarol]).heads).toMatchObject([
      { head: 5, base: 5 },
      { head: 12, base: 0 },
    ]);
    expect(append(engine, message('bob', 'alice'))).toMatchObject([{ outcome: 'stored', offset: 6, messages: 6 }]);
    engine.close();
    open();
    expect(outline()).toEqual([[1, 5, 'expired'], 6]);
    expect(engine.notices).toEqual([]);
  });

  test('a trim that was interrupted after any part leaves a log that is trimmed, and is done again', () => {
    const { era } = engine;
    fill(12);
    fill(9, 'carol');
    placeAll(engine);
    for (let parts = 1; parts <= 5; parts += 1) {
      const step = { kind: 'trim', channel: withBob, through: 10, after: undefined } as const;
      for (let part = 0; part < parts; part += 1) {
        engine.write([
          {
            command: 'maintain',
            apply: (self) => void self.maintain({ step, budgetMs: 0 }),
            fail: () => expect.unreachable(),
          },
        ]);
      }
      engine.close();
      open();
      expect(outline()).toEqual([[1, 10, 'expired'], 11, 12]);
      expect(engine.era).toBe(era);
    }
    trim(10);
    expect(countRows()).toEqual({ entries: 11, places: 11 });
  });

  test('the checksum of a tombstone covers it: a damaged one is unreadable, and its neighbours are not', () => {
    fill(4);
    maintain(engine, { kind: 'remove', channel: withBob, offsets: [2, 3], reason: 'removed' });
    engine.close();
    const database = chooseDriver(driver)(join(folder, DATABASE_FILE));
    configureConnection(database);
    database.exec("UPDATE entry SET record = CAST(record || x'00' AS BLOB) WHERE offset = 3");
    database.close();
    open();
    expect(outline()).toEqual([1, [2, 2, 'removed'], [3, 3, 'unreadable'], 4]);
  });

  test('a damaged row is no reason not to remove others, and is deleted once it lies below base', () => {
    fill(6);
    fill(9, 'carol');
    placeAll(engine);
    engine.close();
    const database = chooseDriver(driver)(join(folder, DATABASE_FILE));
    configureConnection(database);
    database.exec('UPDATE entry SET crc = crc + 1 WHERE offset = 2 AND channel = 1');
    database.close();
    open();
    maintain(engine, { kind: 'erase', user: user('alice'), after: undefined });
    expect(outline()).toEqual([
      [1, 1, 'erased'],
      [2, 2, 'unreadable'],
      [3, 6, 'erased'],
    ]);
    trim(3);
    expect(outline()).toEqual([
      [1, 3, 'expired'],
      [4, 6, 'erased'],
    ]);
    expect(countRows()).toEqual({ entries: 12, places: 12 });
  });

  test('a step that fails changes nothing', () => {
    fill(3);
    const before = outline();
    expect(() =>
      engine.write([
        {
          command: 'maintain',
          apply: (self) => {
            self.maintain({
              step: { kind: 'remove', channel: withBob, offsets: [1], reason: 'removed' },
              budgetMs: 5,
            });
            throw new TypeError('stop here');
          },
          fail: ({ message: text }) => {
            throw new Error(text);
          },
        },
      ]),
    ).toThrow();
    expect(outline()).toEqual(before);
  });
});

describe.each(testedDrivers)('removal of rows of schema version 1, through %s,', (driver) => {
  test('gives them the form of this version, and what is not touched keeps its own', async () => {
    const { folder, remove } = await makeDataFolder();
    copyFixture('store-v1-last', folder, driver);
    const { logs } = contentsOf('store-v1-last');
    const [name, log] = Object.entries(logs).find(([, entries]) => entries.length > 10) as [ChannelName, Entry[]];
    const channel = channelOfName(name);
    const keyed = log.findIndex((entry, index) => index > 3 && index < log.length - 1 && entry.key !== undefined);
    const { from, key } = log[keyed]!;
    const [removed, end] = [keyed + 1, log.length];
    const gone = end === removed + 1 ? [[removed, end, 'removed']] : [[removed, removed, 'removed']];
    let store = await openSqliteStore({ folder, driver });
    await maintainLog(store.log, { kind: 'remove', channel, offsets: [removed, end], reason: 'removed' });
    await maintainLog(store.log, { kind: 'trim', channel, through: 2, after: undefined });
    for (let restarts = 0; restarts < 2; restarts += 1) {
      const items = await readItems(store.log, channel);
      expect(outlineOf(items)[0]).toEqual([1, 2, 'expired']);
      expect(outlineOf(items)).toContainEqual(gone[0]);
      expect(items.filter((item) => isGap(item) && item.reason === 'unreadable')).toEqual([]);
      const repeat = message(from, from, { channel, key, from: user(from) });
      expect(await appendTo(store.log, [repeat])).toMatchObject([{ outcome: 'repeated', offset: removed }]);
      await store.close();
      store = await openSqliteStore({ folder, driver });
    }
    await maintainLog(store.log, { kind: 'erase', user: user(from), after: undefined });
    const items = await readItems(store.log, channel);
    for (const item of items) if (!isGap(item)) expect(item.from).not.toBe(from);
    expect((await store.log.heads([channel])).heads).toMatchObject([{ head: end, base: 2 }]);
    await store.close();
    await remove();
  });
});

/** As the fixtures have it. */
interface Entry {
  readonly from: string;
  readonly key?: string;
}
