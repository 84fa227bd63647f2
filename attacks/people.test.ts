// More runs of integration/people.test.ts on SQLite.

import { ServerProcess } from '@longwire/test-support/server-process';
import { describe, it } from 'vitest';
import { expectRules, onProcess, PEOPLE_SETTINGS } from '../chaos/people/people-run.js';

describe('users with devices, groups and blocks get what a naive model of the rules says', () => {
  it('on SQLite, through clean stops and kill -9, 100 times', async () => {
    const server = await ServerProcess.start(PEOPLE_SETTINGS);
    try {
      await expectRules(onProcess(server), { runs: 100, steps: 200 });
    } finally {
      await server.remove();
    }
  }, 600_000);
});
