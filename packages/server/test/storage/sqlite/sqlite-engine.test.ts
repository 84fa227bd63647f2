// What only this engine has: settings, the window of keys and what lies beyond it, versions.

import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { epochOf } from '../../../src/storage/epoch.js';
import { batchFrameOf } from '../../../src/storage/sqlite/appending/append-frames.js';
import { chooseDriver } from '../../../src/storage/sqlite/driver/choose-driver.js';
import {
  configureConnection,
  DATABASE_FILE,
  readPragma,
} from '../../../src/storage/sqlite/driver/connection-settings.js';
import { SqlFailure } from '../../../src/storage/sqlite/driver/sql-database.js';
import type { SqliteEngine } from '../../../src/storage/sqlite/engine.js';
import { SCHEMA_VERSION } from '../../../src/storage/sqlite/tables/schema.js';
import { directName, message } from '../requests.js';
import { makeDataFolder, testedDrivers } from './data-folder.js';
import { append, openEngine, readPage } from './engine-under-test.js';

const pair = directName('alice', 'bob');

describe.each(testedDrivers)('the SQLite engine through %s', (driver) => {
  let folder: string;
  let remove: () => Promise<void>;
  let engine: SqliteEngine | undefined;
  beforeEach(async () => {
    ({ folder, remove } = await makeDataFolder());
  });
  afterEach(async () => {
    engine?.close();
    engine = undefined;
    await remove();
  });
  const closeEngine = () => {
    engine?.close();
    engine = undefined;
  };
  const openDatabase = () => {
    const database = chooseDriver(driver)(join(folder, DATABASE_FILE));
    configureConnection(database);
    return database;
  };

  test('every connection syncs each commit and leaves checkpoints to the writer thread', () => {
    const database = openDatabase();
    expect(readPragma(database, 'synchronous')).toBe(2);
    expect(readPragma(database, 'journal_mode')).toBe('wal');
    expect(readPragma(database, 'wal_autocheckpoint')).toBe(0);
    database.close();
  });

  test('a key beyond the window is found in the log when the client says since when', () => {
    engine = openEngine(folder, driver, 8);
    const [before] = append(engine, message('alice', 'bob'));
    if (before?.outcome !== 'stored') throw new Error('not stored');
    append(engine, message('alice', 'bob', { key: 'old' }));
    for (let count = 0; count < 20; count += 1) append(engine, message('alice', 'carol', { key: `new-${count}` }));
    const since = { epoch: before.epoch, offset: before.offset };
    expect(append(engine, message('alice', 'bob', { key: 'old', since }))).toMatchObject([
      { outcome: 'repeated', offset: 2 },
    ]);
    // A position of another life says nothing about this one.
    const foreign = { epoch: 'other-1' as never, offset: 99 };
    expect(append(engine, message('alice', 'bob', { key: 'old', since: foreign }))).toMatchObject([
      { outcome: 'repeated', offset: 2 },
    ]);
    expect(append(engine, message('alice', 'bob', { key: 'old' }))).toMatchObject([{ outcome: 'stored', offset: 3 }]);
  });

  test('a key beyond the window is found in the log after a restart, when the client says since when', () => {
    engine = openEngine(folder, driver, 8);
    append(engine, message('alice', 'bob', { key: 'old' }));
    for (let count = 0; count < 20; count += 1) append(engine, message('alice', 'carol', { key: `new-${count}` }));
    closeEngine();
    engine = openEngine(folder, driver, 8);
    const since = { epoch: epochOf(engine.era, 1), offset: 0 };
    expect(append(engine, message('alice', 'bob', { key: 'old', since }))).toMatchObject([
      { outcome: 'repeated', offset: 1 },
    ]);
  });

  test('the window of keys is there again after a restart, as far back as its size', () => {
    engine = openEngine(folder, driver, 8);
    for (let count = 0; count < 20; count += 1) append(engine, message('alice', 'bob', { key: `k${count}` }));
    closeEngine();
    engine = openEngine(folder, driver, 8);
    const outcomes = [12, 19, 11].map(
      (count) => append(engine!, message('alice', 'bob', { key: `k${count}` }))[0]?.outcome,
    );
    expect(outcomes).toEqual(['repeated', 'repeated', 'stored']);
  });

  test('the window reaches over as many entries after a restart as before it, with keys or without', () => {
    engine = openEngine(folder, driver, 8);
    append(engine, message('alice', 'bob', { key: 'eighth' }));
    for (let count = 0; count < 7; count += 1) append(engine, message('alice', 'bob'));
    closeEngine();
    engine = openEngine(folder, driver, 8);
    expect(append(engine, message('alice', 'bob', { key: 'eighth' }))).toMatchObject([{ outcome: 'repeated' }]);
  });

  test.each(['full', 'impossible'])(
    'a key inside a full window is known after a transaction that failed (%s)',
    (how) => {
      engine = openEngine(folder, driver, 4);
      for (const key of ['k1', 'k2', 'k3', 'k4']) append(engine, message('alice', 'bob', { key }));
      const appendMore = (self: SqliteEngine) => {
        const batch = ['k5', 'k6', 'k7'].map((key) => message('alice', 'bob', { key }));
        self.append(batchFrameOf(batch, { stamp: 0, isSecondTry: false }), []);
        throw how === 'full' ? new SqlFailure('full', 'database or disk is full') : new TypeError('impossible');
      };
      const failures: string[] = [];
      engine.write([{ command: 'test', apply: appendMore, fail: ({ code }) => void failures.push(code) }]);
      expect(failures).toEqual([how === 'full' ? 'storage_full' : 'invalid']);
      for (const [index, key] of ['k1', 'k2', 'k3', 'k4'].entries()) {
        expect(append(engine, message('alice', 'bob', { key }))).toMatchObject([
          { outcome: 'repeated', offset: index + 1 },
        ]);
      }
    },
  );

  test('a task that cannot be done is undone alone, the others of its commit are stored', () => {
    engine = openEngine(folder, driver);
    append(engine, message('alice', 'bob', { key: 'first' }));
    const failed: string[] = [];
    const outcomes: string[] = [];
    const task = (name: string, body: () => void) => ({
      command: name,
      apply: () => {
        body();
        outcomes.push(name);
      },
      fail: () => void failed.push(name),
    });
    engine.write([
      task('a', () => undefined),
      task('b', () => {
        throw new TypeError('impossible');
      }),
      task('c', () => undefined),
    ]);
    expect(failed).toEqual(['b']);
    expect(outcomes.slice(-2)).toEqual(['a', 'c']);
    expect(append(engine, message('alice', 'bob', { key: 'first' }))).toMatchObject([{ outcome: 'repeated' }]);
  });

  test('a store of a newer schema is refused with both versions', () => {
    openEngine(folder, driver).close();
    const database = openDatabase();
    database.prepare("UPDATE meta SET value = ? WHERE name = 'schema'").run([SCHEMA_VERSION + 1]);
    database.close();
    expect(() => openEngine(folder, driver)).toThrowError(
      expect.objectContaining({
        code: 'newer_schema',
        message: expect.stringMatching(new RegExp(`version ${SCHEMA_VERSION + 1}.*up to ${SCHEMA_VERSION}`)),
      }),
    );
  });

  test('a damaged row is a gap in its page, and reported each time', () => {
    const damage: unknown[] = [];
    engine = openEngine(folder, driver);
    append(engine, ...Array.from({ length: 5 }, () => message('alice', 'bob')));
    closeEngine();
    const database = openDatabase();
    database.prepare('UPDATE entry SET crc = crc + 1 WHERE offset = 3').run([]);
    database.close();
    engine = openEngine(folder, driver, undefined, ({ offset }) => damage.push(offset));
    const items = [
      { offset: 1 },
      { offset: 2 },
      { from: 3, to: 3, reason: 'unreadable' },
      { offset: 4 },
      { offset: 5 },
    ];
    const fields = { channel: pair, limit: 10, maxBytes: 10_000 };
    expect(readPage(engine, { ...fields, direction: 'after', offset: 0 })).toMatchObject({ more: false, items });
    expect(readPage(engine, { ...fields, direction: 'before', offset: 6 })).toMatchObject({ more: false, items });
    expect(readPage(engine, { ...fields, direction: 'after', offset: 3 })).toMatchObject({ items: items.slice(3) });
    expect(damage).toEqual([3, 3]);
  });

  test('a missing row is a hole, not the end of the log', () => {
    engine = openEngine(folder, driver);
    append(engine, ...Array.from({ length: 5 }, () => message('alice', 'bob')));
    closeEngine();
    const database = openDatabase();
    database.prepare('DELETE FROM entry WHERE offset = 3').run([]);
    database.close();
    engine = openEngine(folder, driver);
    expect(
      readPage(engine, { channel: pair, direction: 'after', offset: 2, limit: 10, maxBytes: 10_000 }),
    ).toMatchObject({ items: [{ from: 3, to: 3, reason: 'unreadable' }, { offset: 4 }, { offset: 5 }] });
  });
});
