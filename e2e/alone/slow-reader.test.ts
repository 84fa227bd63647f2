import { describe, expect, it } from 'vitest';
import { runSlowReader } from '../../attacks/slow-reader-run.js';

const MIB = 1_048_576;

// The short form: the long one, 200 MB in 45 s, is in attacks/slow-reader.test.ts.
describe('a reader stalled while 40 MB become due to it', () => {
  it('costs the server at most 48 MB and gets every message in order (row 27)', async () => {
    const report = await runSlowReader({ dueBytes: 40 * MIB, bodyBytes: 32_768, pauseMs: 4_000 });
    expect(report.offsets).toEqual(Array.from({ length: report.messages }, (_, index) => index + 1));
    expect(report.peakBytes - report.baselineBytes).toBeLessThanOrEqual(48 * MIB);
  });
});
