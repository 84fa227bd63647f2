import { describe, expect, it } from 'vitest';
import { runSlowReader } from './slow-reader-run.js';

const MIB = 1_048_576;

describe('a reader that stands still for 45 s while 200 MB become due to it', () => {
  it('costs the server at most 48 MB, slows nobody down, and gets everything in order', async () => {
    const report = await runSlowReader({ dueBytes: 200 * MIB, bodyBytes: 32_768, pauseMs: 45_000 });
    process.stdout.write(
      `baseline ${Math.round(report.baselineBytes / MIB)} MiB, peak ${Math.round(report.peakBytes / MIB)} MiB, ` +
        `canary p99 ${report.p99BeforeMs.toFixed(1)} → ${report.p99MeanwhileMs.toFixed(1)} ms\n`,
    );
    expect(report.offsets).toEqual(Array.from({ length: report.messages }, (_, index) => index + 1));
    expect(report.peakBytes - report.baselineBytes).toBeLessThanOrEqual(48 * MIB);
    expect(report.p99MeanwhileMs).toBeLessThanOrEqual(2 * Math.max(report.p99BeforeMs, 25));
  }, 240_000);
});
