import { expect, test } from 'vitest';
import { testedDrivers } from './data-folder.js';
import { flipBits } from './flip-run.js';

test.each(testedDrivers)(
  'with any bit flipped, every read is right or reports (%s)',
  { timeout: 60_000 },
  async (driver) => {
    const report = await flipBits(driver, 30, 20_261_122);
    expect(report.wrong).toEqual([]);
    expect(report.noticed).toBeGreaterThan(5);
  },
);
