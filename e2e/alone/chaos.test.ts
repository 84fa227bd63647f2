import { describe, expect, it } from 'vitest';
import { runChaos } from '../../chaos/chaos-run.js';

describe('kill -9 at random instants', () => {
  it('loses no acknowledged message and delivers each once and in order, over 3 rounds (row 58)', async () => {
    // Whether a kill falls between a commit and its answers is chance: more rounds if it did not in three.
    const report = await runChaos(
      {
        rounds: 3,
        mostRounds: 20,
        seed: Number(process.env['CHAOS_SEED'] ?? Date.now() % 1e6),
        senders: 20,
        inFlight: 16,
      },
      () => {},
    );
    expect(report.faults).toEqual([]);
    expect(report.unansweredAtKill.filter((count) => count >= 50).length).toBeGreaterThanOrEqual(2);
    // Sends that were stored and not answered were repeated: a run without them proves little.
    expect(report.repeated).toBeGreaterThan(0);
  });
});
