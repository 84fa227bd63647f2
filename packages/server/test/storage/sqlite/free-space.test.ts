import { tmpdir } from 'node:os';
import { deferred } from '@longwire/test-support/deferred';
import { describe, expect, it } from 'vitest';
import { createLogger } from '../../../src/runtime/logger.js';
import { FreeSpace, type FreeSpaceOptions } from '../../../src/storage/sqlite/folder/free-space.js';

const GIB = 1024 ** 3;

/** A disk in which a test sets how many bytes are free, of `bytes`. */
function disk(bytes: number, minFreeBytes: number) {
  const lines: string[] = [];
  const logger = createLogger({ level: 'info', color: false, destination: { write: (line) => lines.push(line) } });
  const state = { freeBytes: bytes, lines, reads: 0 };
  const readStatus: FreeSpaceOptions['readStatus'] = async () => {
    state.reads += 1;
    return { bsize: 4_096, blocks: bytes / 4_096, bavail: state.freeBytes / 4_096 };
  };
  const space = new FreeSpace({ folder: '/data', minFreeBytes, logger, readStatus });
  const isEnoughWith = async (freeBytes: number) => {
    state.freeBytes = freeBytes;
    await space.check();
    return space.isEnough;
  };
  return { state, space, isEnoughWith };
}

describe('FreeSpace.isEnough', () => {
  it('is false below minFreeBytes on a large disk, and true again with a tenth more', async () => {
    const { isEnoughWith, state } = disk(1_000 * GIB, GIB);
    expect(await isEnoughWith(GIB)).toBe(true);
    expect(await isEnoughWith(GIB - 4_096)).toBe(false);
    expect(await isEnoughWith(GIB)).toBe(false);
    expect(await isEnoughWith(1.1 * GIB)).toBe(true);
    expect(state.lines.map((line) => JSON.parse(line).level)).toEqual([50, 30]);
  });

  it('is false below 5 % of a small disk, however large minFreeBytes is', async () => {
    const { isEnoughWith } = disk(GIB, 10 * GIB);
    expect(await isEnoughWith(0.06 * GIB)).toBe(true);
    expect(await isEnoughWith(0.04 * GIB)).toBe(false);
  });

  it('stays true with minFreeBytes 0, and the disk is not asked', async () => {
    const { isEnoughWith, state } = disk(GIB, 0);
    expect(await isEnoughWith(0)).toBe(true);
    expect(state.reads).toBe(0);
  });

  it('stays true where the system does not report free space, with one warning', async () => {
    const lines: string[] = [];
    const logger = createLogger({ level: 'info', color: false, destination: { write: (line) => lines.push(line) } });
    const readStatus = () => Promise.reject(new Error('ENOSYS'));
    const space = new FreeSpace({ folder: '/data', minFreeBytes: GIB, logger, readStatus });
    await space.check();
    await space.check();
    expect([space.isEnough, lines.length]).toEqual([true, 1]);
  });

  it('check asks a file system that does not answer only once', async () => {
    const answer = deferred<{ bsize: number; blocks: number; bavail: number }>();
    let reads = 0;
    const logger = createLogger({ level: 'silent', color: false, destination: { write: () => true } });
    const readStatus = () => {
      reads += 1;
      return answer.promise;
    };
    const space = new FreeSpace({ folder: '/data', minFreeBytes: GIB, logger, readStatus });
    const first = space.check();
    await space.check();
    expect(reads).toBe(1);
    answer.resolve({ bsize: 1, blocks: 1_000, bavail: 0 });
    await first;
    expect(space.isEnough).toBe(false);
  });

  it('check reads the status of a real folder', async () => {
    const logger = createLogger({ level: 'info', color: false, destination: { write: () => true } });
    const space = new FreeSpace({ folder: tmpdir(), minFreeBytes: 1, logger });
    await space.check();
    expect(space.isEnough).toBe(true);
  });
});
