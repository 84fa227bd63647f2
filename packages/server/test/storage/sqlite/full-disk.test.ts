// A disk that is really full: a small tmpfs.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findMountFault } from '@longwire/test-support/namespaces';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AppendRequest } from '../../../src/storage/message-log.js';
import { DATABASE_FILE } from '../../../src/storage/sqlite/driver/connection-settings.js';
import { openSqliteStore } from '../../../src/storage/sqlite/sqlite-store.js';
import type { Store } from '../../../src/storage/store.js';
import { append, direct, headsOf, message, readLog } from '../requests.js';
import { makeDataFolder, testedDrivers } from './data-folder.js';
import { contentsOf, copyFixture, findDifferences } from './migration-run.js';

vi.setConfig({ testTimeout: 60_000 });

const mountFault = findMountFault();

const channel = direct('alice', 'bob');
const big = (number: number): AppendRequest =>
  message('alice', 'bob', { body: JSON.stringify({ number, text: 'x'.repeat(20_000) }), key: `k${number}` });

async function fillUntilFull(store: Store, from: number): Promise<number> {
  for (let number = from; ; number += 1) {
    try {
      await append(store.log, [big(number)]);
    } catch (error) {
      expect(error).toMatchObject({ code: 'storage_full', retryable: true });
      return number;
    }
  }
}

describe.skipIf(mountFault)(`a full disk ${mountFault ?? ''}`, () => {
  let folder: string;
  let remove: () => Promise<void>;
  beforeEach(async () => {
    ({ folder, remove } = await makeDataFolder());
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', folder]);
  });
  afterEach(async () => {
    spawnSync('umount', ['-l', folder]);
    await remove();
  });

  test.each(testedDrivers)(
    'answers append with storage_full, goes on reading, and appends again once there is room (row 63, %s)',
    async (driver) => {
      // Somebody else fills the disk, so that the store has little room and then has it again.
      const ballast = join(folder, 'ballast');
      writeFileSync(ballast, Buffer.alloc(8 << 20));
      const store = await openSqliteStore({ folder, driver });
      let isFatal = false;
      store.onFatal = () => {
        isFatal = true;
      };
      const refused = await fillUntilFull(store, 0);
      expect(store.isWritable).toBe(false);
      expect(refused).toBeGreaterThan(10);
      // Full for a while: everything is refused, nothing of it is stored, reads go on.
      for (let round = 0; round < 10; round += 1) {
        await expect(append(store.log, [big(refused + 1 + round)])).rejects.toMatchObject({ code: 'storage_full' });
        expect((await readLog(store.log, channel)).length).toBe(refused);
      }
      rmSync(ballast);
      await expect.poll(() => store.isWritable).toBe(true);
      expect(await append(store.log, [big(refused)])).toMatchObject([{ outcome: 'stored', offset: refused + 1 }]);
      const stored = (await readLog(store.log, channel)).map(({ key }) => key);
      expect(stored).toEqual(Array.from({ length: refused + 1 }, (_, number) => `k${number}`));
      expect(isFatal).toBe(false);
      await store.close();
    },
  );

  test.each(testedDrivers)('a store can be opened and read on a full disk (row 63, %s)', async (driver) => {
    const store = await openSqliteStore({ folder, driver });
    const [first] = await append(store.log, [message('alice', 'bob')]);
    await store.close();
    // Room for the lock (and the log's index of 32 KiB, where that is a file), none for the write-ahead log.
    const { bavail, bsize } = statfsSync(folder);
    const roomBlocks = driver === 'wasm' ? 1 : 9;
    writeFileSync(join(folder, 'ballast'), Buffer.alloc((bavail - roomBlocks) * bsize));
    const again = await openSqliteStore({ folder, driver });
    const [head] = await headsOf(again.log, [channel]);
    expect(head).toMatchObject({ head: 1, epoch: (first as { epoch: string }).epoch });
    expect(again.isWritable).toBe(false);
    await expect(append(again.log, [message('alice', 'bob')])).rejects.toMatchObject({ code: 'storage_full' });
    rmSync(join(folder, 'ballast'));
    await expect.poll(() => again.isWritable).toBe(true);
    await again.close();
  });

  test.each(testedDrivers)(
    'a store of schema version 1 is not touched without room for a backup and the migration (%s)',
    async (driver) => {
      copyFixture('store-v1-last', folder, driver);
      const before = readFileSync(join(folder, DATABASE_FILE));
      const { bavail, bsize } = statfsSync(folder);
      // Room for the backup, not for the migration.
      const ballast = join(folder, 'ballast');
      writeFileSync(ballast, Buffer.alloc(bavail * bsize - Math.floor(1.8 * before.byteLength)));
      await expect(openSqliteStore({ folder, driver })).rejects.toMatchObject({
        code: 'storage_full',
        message: expect.stringMatching(/schema version 1, .* needs 1 MB of free disk/),
      });
      rmSync(ballast);
      expect(readFileSync(join(folder, DATABASE_FILE)).equals(before)).toBe(true);
      expect(existsSync(join(folder, `${DATABASE_FILE}.v1.bak`))).toBe(false);
      const store = await openSqliteStore({ folder, driver });
      expect(await findDifferences(store, contentsOf('store-v1-last'))).toEqual([]);
      await store.close();
    },
  );

  test('a folder without room for its lock is refused with storage_full (row 63)', async () => {
    const { bavail, bsize } = statfsSync(folder);
    writeFileSync(join(folder, 'ballast'), Buffer.alloc(bavail * bsize));
    await expect(openSqliteStore({ folder })).rejects.toMatchObject({
      code: 'storage_full',
      message: expect.stringMatching(/free some space/),
    });
  });
});
