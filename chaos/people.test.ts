import { ServerProcess } from '@longwire/test-support/server-process';
import { startTestServer } from '@longwire/test-support/test-server';
import { describe, it } from 'vitest';
import { expectRules, onProcess, PEOPLE_SETTINGS } from './people/people-run.js';

/** Runs in memory; one in ten of them on SQLite. */
const RUNS = Number(process.env['CHAOS_RUNS'] ?? 10_000);
const AT_ONCE = 8;

describe('users with devices, groups and blocks get what a naive model of the rules says', () => {
  it(`in memory, ${RUNS} times`, async () => {
    const inMemory = await startTestServer({ ...PEOPLE_SETTINGS, LONGWIRE_DATA: 'memory:' });
    const server = { gatewayUrl: inMemory.url, restart: undefined, kill: undefined };
    const runs = Math.ceil(RUNS / AT_ONCE);
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, () => expectRules(server, { runs, steps: 200 })));
    } finally {
      await inMemory.remove();
    }
  }, 3_600_000);

  it(`on SQLite, through clean stops and kill -9, ${RUNS / 10} times`, async () => {
    const server = await ServerProcess.start(PEOPLE_SETTINGS);
    try {
      await expectRules(onProcess(server), { runs: Math.ceil(RUNS / 10), steps: 200 });
    } finally {
      await server.remove();
    }
  }, 3_600_000);
});
