import { describe, expect, it } from 'vitest';
import { runChaos } from './chaos-run.js';

const SEED = Number(process.env['CHAOS_SEED'] ?? Date.now() % 1e6);

describe('kill -9 at random instants', () => {
  it(`loses no acknowledged message and delivers each once and in order, over 50 rounds (row 58, CHAOS_SEED=${SEED})`, async () => {
    const report = await runChaos({ rounds: 50, seed: SEED, senders: 20, inFlight: 16 }, (line) =>
      process.stdout.write(`${line}\n`),
    );
    process.stdout.write(
      `${report.acknowledged} acknowledged, ${Math.round(report.perSecond)}/s, ${report.repeated} by a repeat\n`,
    );
    expect(report.faults).toEqual([]);
    expect(report.unansweredAtKill.filter((count) => count >= 50).length).toBeGreaterThanOrEqual(40);
  }, 900_000);
});
