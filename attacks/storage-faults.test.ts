// Faults of the disk and of the process under the store, by the hundred. Rows 58, 59, 62, 64 and 65 of docs/fault-catalogue.md.
// The short forms run with the unit tests of the server, from the same modules.

import { describe, expect, test } from 'vitest';
import { makeDataFolder, testedDrivers } from '../packages/server/test/storage/sqlite/data-folder.js';
import {
  findBrokenPromises,
  integrityOf,
  type RunReport,
  runAppender,
  straceMissing,
} from '../packages/server/test/storage/sqlite/fault-run.js';
import { flipBits } from '../packages/server/test/storage/sqlite/flip-run.js';
import { fixtures, killMigrations } from '../packages/server/test/storage/sqlite/migration-run.js';
import { cutPowerAfterFailedSync } from '../packages/server/test/storage/sqlite/power-cut.js';
import { findWrongRemovals, runRemover } from '../packages/server/test/storage/sqlite/removal-run.js';

const MINUTES_MS = 60_000;
const KILLS = 50;
/** Each is followed by many openings of the store. */
const KILLS_OF_REMOVALS = 10;
const CALLS = 50;
/** Of each folder that is migrated. */
const PWRITES_BETWEEN_KILLS = [13, 7, 11, 5];
const POWER_CUTS = 20;
const FLIPS = 1_000;
const BATCHES = 12;

for (const driver of testedDrivers) {
  describe(`a store on ${driver}`, () => {
    test(`loses no acknowledged message in ${KILLS} kills at random instants (row 58)`, {
      timeout: 15 * MINUTES_MS,
    }, async () => {
      const { folder, remove } = await makeDataFolder();
      const runs: RunReport[] = [];
      for (let round = 0; round < KILLS; round += 1) {
        // Spread over the steps of an append: insert, commit, checkpoint, answer.
        const killAfter = { ackedBatches: 1 + ((round * 13) % 60), delayMs: (round % 7) * 0.7 };
        runs.push(await runAppender({ folder, driver, batches: 0, firstNumber: round * 100_000, killAfter }));
        expect(runs.at(-1)?.openedAs).toBe('ok');
      }
      expect(await findBrokenPromises({ folder, driver }, runs)).toEqual([]);
      expect(integrityOf(folder)).toBe('ok');
      await remove();
    });

    test(`has what was removed or trimmed, and exact use, after ${KILLS_OF_REMOVALS} kills at random instants (row 58)`, {
      timeout: 15 * MINUTES_MS,
    }, async () => {
      const { folder, remove } = await makeDataFolder();
      for (let round = 0; round < KILLS_OF_REMOVALS; round += 1) {
        const killAfter = { lines: 2 + ((round * 13) % 40), delayMs: (round % 7) * 0.7 };
        const acknowledged = await runRemover({ folder, driver }, killAfter);
        expect(await findWrongRemovals({ folder, driver }, acknowledged)).toEqual([]);
      }
      await remove();
    });

    for (const call of ['pwrite64', 'fsync']) {
      for (const fault of ['error=EIO', 'error=ENOSPC', 'signal=SIGKILL']) {
        test.skipIf(straceMissing)(
          `keeps its promises when the n-th ${call} meets ${fault}, for every n up to ${CALLS} (rows 59 and 62) ${straceMissing ?? ''}`,
          { timeout: 20 * MINUTES_MS },
          async () => {
            const faults: string[] = [];
            for (let nth = 1; nth <= CALLS; nth += 1) faults.push(...(await failNthCall(driver, call, fault, nth)));
            expect(faults).toEqual([]);
          },
        );
      }
    }

    test.skipIf(straceMissing)(
      `keeps what it acknowledged after a failed n-th fsync, a restart and a power cut, for every n up to ${POWER_CUTS} (row 65) ${straceMissing ?? ''}`,
      { timeout: 20 * MINUTES_MS },
      async () => {
        const faults: string[] = [];
        let acked = 0;
        for (let nth = 1; nth <= POWER_CUTS; nth += 1) {
          const cut = await cutPowerAfterFailedSync(driver, nth);
          faults.push(...cut.faults);
          acked += cut.acked;
        }
        expect(faults).toEqual([]);
        expect(acked).toBeGreaterThan(20 * POWER_CUTS);
      },
    );

    test.skipIf(straceMissing)(
      `migrates folders of earlier schema versions although it is killed at any call (row 58) ${straceMissing ?? ''}`,
      { timeout: 60 * MINUTES_MS },
      async () => {
        // Each kill is followed by an opening of its own. The calls differ between the folders, so other ones are met.
        for (const [index, fixture] of fixtures.entries()) {
          const every = { pwrite64: PWRITES_BETWEEN_KILLS[index]!, fsync: 2, rename: 1 };
          expect(await killMigrations(fixture, driver, every)).toEqual([]);
        }
      },
    );

    // Index pages are half empty here, and emptier where rows were deleted, so fewer flips hit anything.
    for (const { pages, seed, least } of [
      { pages: 'all', seed: 58, least: FLIPS / 4 },
      { pages: 'index', seed: 59, least: FLIPS / 20 },
    ] as const) {
      test(`reads right or reports, after each of ${FLIPS} bits flipped in ${pages} pages (row 64)`, {
        timeout: 20 * MINUTES_MS,
      }, async () => {
        const report = await flipBits(driver, FLIPS, seed, pages);
        expect(report.wrong).toEqual([]);
        expect(report.noticed).toBeGreaterThan(least);
      });
    }
  });
}

/** One call fails while a store is opened and used; what is wrong afterwards. */
async function failNthCall(
  driver: (typeof testedDrivers)[number],
  call: string,
  fault: string,
  nth: number,
): Promise<string[]> {
  const { folder, remove } = await makeDataFolder();
  try {
    const first = await runAppender({ folder, driver, batches: 2 });
    const inject = `${call}:${fault}:when=${nth}`;
    const run = await runAppender({ folder, driver, batches: BATCHES, firstNumber: 1_000, inject });
    const faults = await findBrokenPromises({ folder, driver }, [first, run]);
    // A full disk refuses; anything else that fails ends the store; a call that never came changes nothing.
    const wasFull = run.refused.length > 0 || run.openedAs === 'storage_full';
    const hasEnded = run.fatal === 'fatal' || run.openedAs === 'fatal';
    const wasKilled = fault === 'signal=SIGKILL';
    if (!wasFull && !hasEnded && !wasKilled && !run.isClosed) faults.push('the run ended without saying why');
    if (wasFull && run.fatal !== undefined) faults.push('a full disk ended the store');
    if (fault === 'error=EIO' && wasFull) faults.push('an I/O error passed for a full disk');
    const integrity = integrityOf(folder);
    if (integrity !== 'ok') faults.push(`integrity check: ${integrity}`);
    return faults.map((fault) => `${inject}: ${fault}`);
  } finally {
    await remove();
  }
}
