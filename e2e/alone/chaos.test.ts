import { describe, expect, it } from 'vitest';
import { runChaos } from '../../chaos/chaos-run.js';

describe('a server that is killed at random instants', () => {
  it('keeps every acknowledged message and hands each on once and in order, over 3 rounds', async () => {
    // Whether a kill hits between a commit and its answers is chance: more rounds if three of them did not.
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
    expect(report.perSecond).toBeGreaterThanOrEqual(1_000);
    // Sends that were stored and not answered were repeated: without them the run proved little.
    expect(report.repeated).toBeGreaterThan(0);
  });
});
