// The short form of chaos/disturbed.test.ts.

import { describe, expect, it } from 'vitest';
import { runDisturbed } from '../chaos/disturbed-run.js';

const SEED = Number(process.env['CHAOS_SEED'] ?? Date.now() % 1e6);

describe('kill -9, clean stops, full disks and restores in random order', () => {
  it(`lose nothing without a gap, assign no offset twice, and let each device go on where it stopped, twice each (row 60, CHAOS_SEED=${SEED})`, async () => {
    const report = await runDisturbed({ seed: SEED, times: 2 }, () => {});
    expect(report.faults).toEqual([]);
    expect(report.repeated).toBeGreaterThan(0);
  }, 600_000);
});
