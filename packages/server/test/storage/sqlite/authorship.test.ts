// Own messages are subtracted from the unread ones, wherever they lie: in memory, in the table, or deleted.

import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nameOf } from '../../../src/storage/channel-name.js';
import { batchFrameOf } from '../../../src/storage/sqlite/appending/append-frames.js';
import { chooseDriver } from '../../../src/storage/sqlite/driver/choose-driver.js';
import { configureConnection, DATABASE_FILE } from '../../../src/storage/sqlite/driver/connection-settings.js';
import { integerOf, SqlFailure } from '../../../src/storage/sqlite/driver/sql-database.js';
import type { SqliteEngine } from '../../../src/storage/sqlite/engine.js';
import { changeOf, entryIn, group, joins, user } from '../requests.js';
import { makeDataFolder, testedDrivers } from './data-folder.js';
import { append, openEngine, placeAll } from './engine-under-test.js';

const eng = group('eng');
const name = nameOf(eng);
/** Fewer than there are messages: rows are deleted only where no key of theirs is promised. */
const KEYS = 8;
const MESSAGES = 60;

describe.each(testedDrivers)('the table `authored`, through %s,', (driver) => {
  let folder: string;
  let remove: () => Promise<void>;
  let engine: SqliteEngine;
  /** By offset, from 1. */
  let log: string[];

  const post = (from: string) => {
    append(engine, entryIn(eng, from, { rightsVersion: 'any' }));
    log.push(from);
  };
  const open = () => openEngine(folder, driver, KEYS, (damage) => expect.fail(damage.message));
  const trim = (through: number) => {
    const step = { kind: 'trim', channel: name, through, after: undefined } as const;
    const apply = (self: SqliteEngine) => expect(self.maintain({ step, budgetMs: 10_000 })).toEqual({ isDone: true });
    engine.write([{ command: 'test', apply, fail: ({ message }) => expect.fail(message) }]);
  };
  const expectUnread = (base: number) => {
    for (const id of ['bot', 'alice', 'bob']) {
      for (const read of [0, base, base + 1, base + 7, log.length - 2, log.length]) {
        const [found] = engine.describe({ user: user(id), channels: [{ channel: name, read }], maxLastBytes: 100 });
        const unread = log.slice(Math.max(read, base)).filter((from) => from !== 'member' && from !== id).length;
        expect([id, read, found?.unread]).toEqual([id, read, unread]);
      }
    }
  };
  const rows = () => {
    const database = chooseDriver(driver)(join(folder, DATABASE_FILE));
    configureConnection(database);
    const row = database.query('SELECT count(*) AS count FROM authored');
    database.close();
    return integerOf(row!, 'count');
  };

  beforeEach(async () => {
    ({ folder, remove } = await makeDataFolder());
    engine = open();
    const members = ['bot', 'alice', 'bob'].map((id) => joins(id));
    append(engine, entryIn(eng, undefined, { kind: 'member', change: changeOf({ members }) }));
    log = ['member'];
  });
  afterEach(async () => {
    engine.close();
    await remove();
  });

  test('counts each message once, with some of them in memory and after restarts', () => {
    for (let number = 0; number < MESSAGES; number += 1) {
      post(number % 5 === 4 ? 'alice' : 'bot');
      if (number === 20 || number === 40) placeAll(engine);
      if (number === 30 || number === 50) {
        engine.close();
        engine = open();
      }
      if (number % 10 === 0) expectUnread(0);
    }
    placeAll(engine);
    expectUnread(0);
    engine.close();
    expect(rows()).toBe(MESSAGES);
    engine = open();
  });

  test('keeps the newest message of each sender when a log is trimmed, and counts as before', () => {
    post('bob');
    for (let number = 0; number < MESSAGES; number += 1) post(number % 5 === 4 ? 'alice' : 'bot');
    placeAll(engine);
    trim(40);
    expectUnread(40);
    post('bob');
    expectUnread(40);
    placeAll(engine);
    trim(50);
    expectUnread(50);
    engine.close();
    expect(rows()).toBeLessThan(MESSAGES - 40 + 5);
    engine = open();
    expectUnread(50);
  });

  test('forgets messages of a transaction that was undone', () => {
    post('bot');
    const apply = (self: SqliteEngine) => {
      const stamp = { stamp: 0, isSecondTry: false };
      self.append(batchFrameOf([entryIn(eng, 'bot', { rightsVersion: 'any' }), entryIn(eng, 'alice')], stamp), []);
      throw new SqlFailure('full', 'database or disk is full');
    };
    const failures: string[] = [];
    engine.write([{ command: 'test', apply, fail: ({ code }) => void failures.push(code) }]);
    expect(failures).toEqual(['storage_full']);
    post('bot');
    post('alice');
    expectUnread(0);
  });
});
