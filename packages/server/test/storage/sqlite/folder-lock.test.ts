// One server per data folder.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findPidNamespaceFault } from '@longwire/test-support/namespaces';
import { ProgramProcess } from '@longwire/test-support/program-process';
import { stretched } from '@longwire/test-support/stretched';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  acquireFolderLock,
  type FolderLock,
  type FolderLockOptions,
} from '../../../src/storage/sqlite/folder/folder-lock.js';
import { LOCK_FILE } from '../../../src/storage/sqlite/folder/lock-record.js';
import { openSqliteStore } from '../../../src/storage/sqlite/sqlite-store.js';
import { append, message } from '../requests.js';
import { makeDataFolder } from './data-folder.js';
import { straceMissing } from './fault-run.js';

vi.setConfig({ testTimeout: 60_000 });

const HOLDER = fileURLToPath(new URL('./children/hold-folder.mjs', import.meta.url));

const namespacesMissing = findPidNamespaceFault();

/** Starts a process that takes the folder and says `held` or the code of its error. */
async function holdElsewhere(folder: string, wrapper: readonly string[] = []) {
  const program = new ProgramProcess([...wrapper, process.execPath, HOLDER, folder]);
  const [answer] = await program.shows(/.+/);
  const end = async (signal: NodeJS.Signals) => {
    // unshare passes no signals on.
    if (wrapper.length > 0) spawnSync('pkill', [`-${signal.slice(3)}`, '-P', `${program.pid}`]);
    else program.child.kill(signal);
    await program.result;
  };
  return { answer, program, end };
}

describe('the lock of a data folder', () => {
  let folder: string;
  let remove: () => Promise<void>;
  const held: FolderLock[] = [];
  const acquire = async (options: Partial<FolderLockOptions> = {}) => {
    const lock = await acquireFolderLock({ folder, waitMs: 0, onWait: () => undefined, ...options });
    held.push(lock);
    return lock;
  };
  beforeEach(async () => {
    ({ folder, remove } = await makeDataFolder());
  });
  afterEach(async () => {
    for (const lock of held.splice(0)) await lock.release();
    await remove();
  });

  test('acquireFolderLock rejects with locked, and names the folder, its holder and --data', async () => {
    await acquire();
    await expect(acquire()).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringMatching(new RegExp(`${folder}.*process ${process.pid}.*--data`)),
    });
  });

  test('waits up to waitMs for a holder that is ending, and says so', async () => {
    const first = await acquire();
    const messages: string[] = [];
    const second = acquire({ waitMs: 60_000, onWait: (message) => messages.push(message) });
    await expect.poll(() => messages.length).toBe(1);
    await first.release();
    await second;
    expect(messages).toEqual([expect.stringMatching(`${folder} is in use by process ${process.pid}.*up to 60 s`)]);
    await expect(acquire({ waitMs: 200 })).rejects.toMatchObject({ code: 'locked' });
  });

  test('after the release it is free, and nothing is left in the folder', async () => {
    await (await acquire()).release();
    expect(readdirSync(folder)).toEqual([]);
    await acquire();
  });

  test('a folder whose server was killed is free at once', async () => {
    const other = await holdElsewhere(folder);
    expect(other.answer).toBe('held');
    await expect(acquire()).rejects.toMatchObject({ code: 'locked' });
    await other.end('SIGKILL');
    const start = performance.now();
    await acquire();
    expect(performance.now() - start).toBeLessThan(stretched(5_000));
  });

  test('a server that is stopped still holds its folder', async () => {
    const other = await holdElsewhere(folder);
    other.program.child.kill('SIGSTOP');
    await expect(acquire()).rejects.toMatchObject({ code: 'locked' });
    await other.end('SIGKILL');
  });

  test('of many that start at once over a dead lock exactly one gets the folder', async () => {
    const other = await holdElsewhere(folder);
    await other.end('SIGKILL');
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => acquire()));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'locked' });
    }
  });

  test('a folder with a path longer than a socket address works', async () => {
    const long = join(folder, 'd'.repeat(120), 'e'.repeat(60));
    await mkdir(long, { recursive: true });
    await acquire({ folder: long });
    await expect(acquire({ folder: long })).rejects.toMatchObject({ code: 'locked' });
  });

  test('a lock of another host is taken over only after it was not touched for long enough', async () => {
    const file = join(folder, LOCK_FILE);
    const record = { host: 'elsewhere', boot: 'another-kernel', pid: 1, token: 'f'.repeat(32) };
    writeFileSync(file, JSON.stringify(record));
    const touch = setInterval(() => utimesSync(file, new Date(), new Date()), 50);
    await expect(acquire({ foreignStaleMs: 1_000 })).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringContaining('elsewhere'),
    });
    clearInterval(touch);
    const start = performance.now();
    await acquire({ foreignStaleMs: 1_000 });
    expect(performance.now() - start).toBeGreaterThan(500);
  });

  test('a server that lost its folder stores nothing more and ends', async () => {
    const store = await openSqliteStore({ folder });
    await append(store.log, [message('alice', 'bob')]);
    const fatal = new Promise((resolve) => {
      store.onFatal = resolve;
    });
    const file = join(folder, LOCK_FILE);
    writeFileSync(`${file}.theirs`, readFileSync(file, 'utf8').replace(/"token":"[0-9a-f]{8}/, '"token":"00000000'));
    renameSync(`${file}.theirs`, file);
    await expect(append(store.log, [message('alice', 'bob')])).rejects.toMatchObject({ code: 'locked' });
    await expect(fatal).resolves.toMatchObject({ code: 'locked' });
    await store.close();
    expect(existsSync(file)).toBe(true);
  });

  test.skipIf(namespacesMissing)(
    `two servers that are both pid 1, in two pid namespaces, do not share a folder ${namespacesMissing ?? ''}`,
    async () => {
      const namespace = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];
      const first = await holdElsewhere(folder, namespace);
      expect(first.answer).toBe('held by pid 1');
      const second = await holdElsewhere(folder, namespace);
      expect(second.answer).toBe('locked');
      await first.end('SIGKILL');
      const third = await holdElsewhere(folder, namespace);
      expect(third.answer).toBe('held by pid 1');
      await third.end('SIGKILL');
    },
  );
});

describe.skipIf(straceMissing)(`a file system that lacks something ${straceMissing ?? ''}`, () => {
  test.each([
    ['link,linkat', 'EPERM', 'has no hard links (EPERM)'],
    ['bind', 'EOPNOTSUPP', 'has no Unix sockets (ENOTSUP)'],
    ['bind', 'EROFS', 'is read-only'],
    ['mkdir,mkdirat', 'EROFS', 'is read-only'],
    ['mkdir,mkdirat', 'EACCES', 'may not write in it'],
  ])('fails with a sentence that names the folder and --data when %s gives %s', async (calls, error, expected) => {
    const { folder, remove } = await makeDataFolder();
    const data = join(folder, 'data');
    const inject = ['-f', '-qq', '-o', '/dev/null', '-e', `trace=${calls}`, '-e', `inject=${calls}:error=${error}`];
    // Given to bind, the errors would also meet sockets of Node that are not the lock's: it has none that are bound.
    const run = spawnSync('strace', [...inject, process.execPath, HOLDER, data], { encoding: 'utf8' });
    expect(run.stdout).toBe('fatal\n');
    expect(run.stderr).toContain(`${data} cannot be the data folder: `);
    expect(run.stderr).toContain(expected);
    expect(run.stderr).toMatch(/choose another folder with --data\n$/);
    await remove();
  });
});
