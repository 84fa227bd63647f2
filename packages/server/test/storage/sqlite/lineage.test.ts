// Whether a store that was restored from a copy is noticed: offsets that were given out once must never be given out again
// under the same epoch.

import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { chooseDriver } from '../../../src/storage/sqlite/driver/choose-driver.js';
import { configureConnection, DATABASE_FILE } from '../../../src/storage/sqlite/driver/connection-settings.js';
import type { SqliteEngine } from '../../../src/storage/sqlite/engine.js';
import { GENERATION_FILE } from '../../../src/storage/sqlite/folder/lineage.js';
import { openSqliteStore } from '../../../src/storage/sqlite/sqlite-store.js';
import { directName, message } from '../requests.js';
import { makeDataFolder, testedDrivers } from './data-folder.js';
import { append, openEngine } from './engine-under-test.js';
import { straceMissing } from './fault-run.js';

const pair = directName('alice', 'bob');

describe.each(testedDrivers)('the era of a data folder through %s', (driver) => {
  let parent: string;
  let folder: string;
  let copy: string;
  let remove: () => Promise<void>;
  let running: SqliteEngine | undefined;
  beforeEach(async () => {
    ({ folder: parent, remove } = await makeDataFolder());
    folder = join(parent, 'data');
    copy = join(parent, 'copy');
    mkdirSync(folder, { mode: 0o700 });
  });
  afterEach(async () => {
    running?.close();
    running = undefined;
    await remove();
  });
  const start = (at = folder) => {
    running = openEngine(at, driver);
    return running;
  };
  const stop = () => {
    running?.close();
    running = undefined;
  };
  /** Stores one entry in a run of its own. */
  const runOnce = (at = folder) => {
    const { era, notices } = start(at);
    append(running!, message('alice', 'bob'));
    stop();
    return { era, restored: notices[0] };
  };
  const putBack = () => {
    rmSync(folder, { recursive: true });
    cpSync(copy, folder, { recursive: true });
  };
  const expectNewEra = (before: string, reason: RegExp) => {
    const after = runOnce();
    expect(after.era).not.toBe(before);
    expect(after.restored).toMatch(reason);
    // Once, not at each start.
    expect(runOnce()).toEqual({ era: after.era, restored: undefined });
  };

  test('a restart keeps every epoch', () => {
    const first = runOnce();
    expect(first.restored).toBeUndefined();
    expect(runOnce()).toEqual(first);
    expect(start().heads([pair])).toMatchObject({ heads: [{ head: 2 }] });
  });

  test('a renamed folder keeps every epoch', () => {
    const first = runOnce();
    renameSync(folder, copy);
    expect(runOnce(copy)).toEqual(first);
  });

  test('a folder that was copied back whole changes every epoch (row 67)', () => {
    const { era } = runOnce();
    cpSync(folder, copy, { recursive: true });
    putBack();
    expectNewEra(era, /longwire\.db is another file than at the last start: it counts as restored/);
  });

  test('a copy that was made and put back in the same run changes every epoch (row 67)', () => {
    const { era } = start();
    append(running!, message('alice', 'bob'));
    cpSync(folder, copy, { recursive: true });
    append(running!, message('alice', 'bob'));
    stop();
    putBack();
    expectNewEra(era, /is another file than at the last start/);
  });

  test('an older database file, written over the present one, changes every epoch (row 67)', () => {
    const { era } = runOnce();
    const file = join(folder, DATABASE_FILE);
    copyFileSync(file, `${file}.kept`);
    runOnce();
    copyFileSync(`${file}.kept`, file);
    expectNewEra(era, /is older than the file "generation" beside it/);
  });

  test('a database file without its generation file changes every epoch (row 67)', () => {
    const { era } = runOnce();
    rmSync(join(folder, GENERATION_FILE));
    expectNewEra(era, /has no file "generation" beside it/);
  });

  test('a generation file without its database file starts a new era', () => {
    const { era } = runOnce();
    rmSync(join(folder, DATABASE_FILE));
    expectNewEra(era, /is older than the file "generation" beside it/);
  });

  test('the generation file is written before anything is stored under it', () => {
    start();
    expect(readFileSync(join(folder, GENERATION_FILE), 'utf8')).toBe('1\n');
    stop();
    writeFileSync(join(folder, GENERATION_FILE), 'damaged');
    start();
    expect(readFileSync(join(folder, GENERATION_FILE), 'utf8')).toBe('2\n');
  });

  test('a store that remembers no inode and birth time, as earlier versions wrote it, keeps its epochs', () => {
    const first = runOnce();
    changeMeta("DELETE FROM meta WHERE name LIKE 'file_%'");
    cpSync(folder, copy, { recursive: true });
    putBack();
    expect(runOnce()).toEqual(first);
    expect(namesInMeta()).toContain('file_inode');
  });

  test.each(['file_inode', 'file_birth'])('another %s alone changes every epoch', (name) => {
    const { era } = runOnce();
    changeMeta(`INSERT OR REPLACE INTO meta (name, value) VALUES ('${name}', '1')`);
    // Not every file system keeps a time of birth.
    if (name === 'file_birth' && statSync(join(folder, DATABASE_FILE)).birthtimeMs === 0) return;
    expectNewEra(era, /is another file than at the last start/);
  });

  test('needsNewEra changes every epoch of a store that does not look restored, once', () => {
    const { era } = runOnce();
    running = openEngine(folder, driver, undefined, undefined, { needsNewEra: true });
    const renewed = running.era;
    stop();
    expect(renewed).not.toBe(era);
    expect(runOnce()).toEqual({ era: renewed, restored: undefined });
  });

  test('the store reports that it was restored through onNotice', async () => {
    runOnce();
    cpSync(folder, copy, { recursive: true });
    putBack();
    const notices: string[] = [];
    const store = await openSqliteStore({ folder, driver, onNotice: (notice) => notices.push(notice) });
    await store.close();
    expect(notices).toContainEqual(expect.stringMatching(/counts as restored, and all channels get a new epoch$/));
  });

  test.skipIf(straceMissing)(
    `without statx (ENOSYS), the time of the last change is not taken for a time of birth ${straceMissing ?? ''}`,
    () => {
      const child = fileURLToPath(new URL('children/open-once.mjs', import.meta.url));
      const trace = ['-qq', '-f', '-o', '/dev/null', '-e', 'trace=statx', '-e', 'inject=statx:error=ENOSYS'];
      const node = [process.execPath, child, folder, driver];
      runOnce();
      expect(spawnSync('strace', [...trace, ...node], { encoding: 'utf8' })).toMatchObject({ status: 0, stdout: '' });
      expect(namesInMeta()).not.toContain('file_birth');
      expect(runOnce().restored).toBeUndefined();
    },
  );

  function openDatabase() {
    const database = chooseDriver(driver)(join(folder, DATABASE_FILE));
    configureConnection(database);
    return database;
  }

  function changeMeta(sql: string): void {
    const database = openDatabase();
    database.exec(sql);
    database.close();
  }

  function namesInMeta(): readonly unknown[] {
    const database = openDatabase();
    const names = database.prepare('SELECT name FROM meta').all([]);
    database.close();
    return names.map(({ name }) => name);
  }
});
