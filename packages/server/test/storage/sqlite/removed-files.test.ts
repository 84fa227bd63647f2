import { copyFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DATABASE_FILE } from '../../../src/storage/sqlite/driver/connection-settings.js';
import { openSqliteStore } from '../../../src/storage/sqlite/sqlite-store.js';
import type { Store } from '../../../src/storage/store.js';
import { append, direct, message, readLog } from '../requests.js';
import { makeDataFolder, testedDrivers } from './data-folder.js';

const channel = direct('alice', 'bob');

describe.each(testedDrivers)('a store through %s whose files are taken away', (driver) => {
  let folder: string;
  let remove: () => Promise<void>;
  let store: Store;
  beforeEach(async () => {
    ({ folder, remove } = await makeDataFolder());
    store = await openSqliteStore({ folder, driver });
  });
  afterEach(async () => {
    await store.close();
    await remove();
  });

  test.each([
    ['longwire.db is unlinked', (path: string) => rmSync(path), 'removed'],
    ['longwire.db-wal is unlinked', (path: string) => rmSync(`${path}-wal`), 'removed'],
    ['longwire.db is renamed', (path: string) => renameSync(path, `${path}.old`), 'removed'],
    [
      'longwire.db is replaced by a copy',
      (path: string) => {
        copyFileSync(path, `${path}.new`);
        renameSync(`${path}.new`, path);
      },
      'replaced',
    ],
  ])('acknowledges nothing any more and ends with fatal when %s (row 66)', async (_what, takeAway, expected) => {
    expect(await append(store.log, [message('alice', 'bob')])).toMatchObject([{ outcome: 'stored' }]);
    const fatal = new Promise((resolve) => {
      store.onFatal = resolve;
    });
    takeAway(join(folder, DATABASE_FILE));
    const refused = append(store.log, [message('alice', 'bob')]);
    await expect(refused).rejects.toMatchObject({ code: 'fatal', message: expect.stringContaining(expected) });
    expect(await fatal).toMatchObject({ code: 'fatal' });
  });

  test('goes on through commits, checkpoints and restarts that replace nothing', async () => {
    for (let count = 0; count < 50; count += 1) {
      await append(
        store.log,
        Array.from({ length: 200 }, () => message('alice', 'bob')),
      );
    }
    await store.close();
    expect(readdirSync(folder).sort()).toEqual(['generation', DATABASE_FILE]);
    store = await openSqliteStore({ folder, driver });
    expect(await append(store.log, [message('alice', 'bob')])).toMatchObject([{ outcome: 'stored', offset: 10_001 }]);
    expect((await readLog(store.log, channel)).length).toBe(10_001);
  });
});
