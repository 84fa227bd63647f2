// Faults of disk and process, a few of each kind; attacks/storage-faults.test.ts runs them by the hundred.

import { describe, expect, test, vi } from 'vitest';
import { makeDataFolder, testedDrivers } from './data-folder.js';
import { findBrokenPromises, integrityOf, runAppender, straceMissing } from './fault-run.js';
import { cutPowerAfterFailedSync } from './power-cut.js';
import { findWrongRemovals, runRemover } from './removal-run.js';

vi.setConfig({ testTimeout: 60_000 });

for (const driver of testedDrivers) {
  describe(`SQLite through ${driver} under faults`, () => {
    test('kill -9 at any instant loses nothing that was acknowledged', async () => {
      const { folder, remove } = await makeDataFolder();
      const runs = [];
      for (let round = 0; round < 3; round += 1) {
        const killAfter = { ackedBatches: 5 + 7 * round, delayMs: round };
        runs.push(await runAppender({ folder, driver, batches: 0, firstNumber: round * 100_000, killAfter }));
        expect(runs.at(-1)?.openedAs).toBe('ok');
      }
      expect(await findBrokenPromises({ folder, driver }, runs)).toEqual([]);
      expect(integrityOf(folder)).toBe('ok');
      await remove();
    });

    test('kill -9 at any instant of a removal leaves what was before it, or after it, and exact use (row 58)', async () => {
      const { folder, remove } = await makeDataFolder();
      for (let round = 0; round < 2; round += 1) {
        const acknowledged = await runRemover({ folder, driver }, { lines: 6 + 20 * round, delayMs: 5 * round });
        expect(acknowledged.length).toBeGreaterThan(5);
        expect(await findWrongRemovals({ folder, driver }, acknowledged)).toEqual([]);
      }
      await remove();
    });

    for (const inject of [`pwrite64:error=EIO:when=40`, `fsync:error=EIO:when=15`, `fsync:error=ENOSPC:when=16`]) {
      test.skipIf(straceMissing)(
        `a failing call (${inject}) ends the store; what was acknowledged before is there ${straceMissing ?? ''}`,
        async () => {
          const { folder, remove } = await makeDataFolder();
          const run = await runAppender({ folder, driver, batches: 40, inject });
          expect(run.isClosed).toBe(false);
          expect([run.fatal, run.openedAs]).toContain('fatal');
          expect(await findBrokenPromises({ folder, driver }, [run])).toEqual([]);
          expect(integrityOf(folder)).toBe('ok');
          await remove();
        },
      );
    }

    test.skipIf(straceMissing)(
      `killed in the middle of a write or a sync, it has what it acknowledged ${straceMissing ?? ''}`,
      async () => {
        const { folder, remove } = await makeDataFolder();
        const runs = [];
        for (const inject of ['pwrite64:signal=SIGKILL:when=33', 'fsync:signal=SIGKILL:when=13']) {
          runs.push(await runAppender({ folder, driver, batches: 40, inject, firstNumber: runs.length * 1_000 }));
          expect(runs.at(-1)).toMatchObject({ isClosed: false, unknown: [], refused: [] });
        }
        expect(await findBrokenPromises({ folder, driver }, runs)).toEqual([]);
        await remove();
      },
    );

    test.skipIf(straceMissing)(
      `a failed fsync, a restart and a power cut lose nothing that was acknowledged after the restart (row 65) ${straceMissing ?? ''}`,
      async () => {
        const { faults, acked } = await cutPowerAfterFailedSync(driver, 15);
        expect(faults).toEqual([]);
        expect(acked).toBeGreaterThan(20);
      },
    );

    test.skipIf(straceMissing)(
      `a write without room refuses its batch, and the next one is stored ${straceMissing ?? ''}`,
      async () => {
        const { folder, remove } = await makeDataFolder();
        const first = await runAppender({ folder, driver, batches: 1 });
        const inject = 'pwrite64:error=ENOSPC:when=20..24';
        const run = await runAppender({ folder, driver, batches: 40, inject, firstNumber: 1_000 });
        expect(run.refused.length).toBeGreaterThan(0);
        expect(run.acked.size).toBeGreaterThan(100);
        expect(run).toMatchObject({ fatal: undefined, isClosed: true, unknown: [] });
        expect(run.reads.length).toBe(4);
        expect(await findBrokenPromises({ folder, driver }, [first, run])).toEqual([]);
        await remove();
      },
    );
  });
}
