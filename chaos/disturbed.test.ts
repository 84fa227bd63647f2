import { describe, expect, it } from 'vitest';
import { runDisturbed } from './disturbed-run.js';

const SEED = Number(process.env['CHAOS_SEED'] ?? Date.now() % 1e6);
/** How often each disturbance comes; `CHAOS_TIMES=1` for a short run. */
const TIMES = Number(process.env['CHAOS_TIMES'] ?? 10);

describe('kill -9, clean stops, full disks and restores in random order', () => {
  it(`lose nothing without a gap, assign no offset twice, and let each device go on where it stopped, ${TIMES} times each (row 60, CHAOS_SEED=${SEED})`, async () => {
    const { faults, ...report } = await runDisturbed({ seed: SEED, times: TIMES }, (line) =>
      process.stdout.write(`${line}\n`),
    );
    process.stdout.write(`${JSON.stringify({ ...report, disturbances: report.disturbances.length })}\n`);
    expect(faults).toEqual([]);
    expect(report.repeated).toBeGreaterThan(0);
    // A few rounds do not have enough devices for that.
    if (TIMES >= 5) expect(report.forgotten).toBeGreaterThan(0);
  }, 1_800_000);
});
