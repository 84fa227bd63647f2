// More runs of integration/people.test.ts on SQLite.

import { ServerProcess } from '@longwire/test-support/server-process';
import { describe, it } from 'vitest';
import { expectRules, onProcess, PEOPLE_SETTINGS } from '../chaos/people/people-run.js';

/** At once: each waits for its disk most of the time. */
const SERVERS = 4;

describe('users with devices, groups and blocks get what a naive model of the rules says', () => {
  it('on SQLite, through clean stops and kill -9, 100 times', async () => {
    const runs = 100 / SERVERS;
    const servers = await Promise.all(Array.from({ length: SERVERS }, () => ServerProcess.start(PEOPLE_SETTINGS)));
    try {
      await Promise.all(servers.map((server) => expectRules(onProcess(server), { runs, steps: 200 })));
    } finally {
      await Promise.all(servers.map((server) => server.remove()));
    }
  }, 600_000);
});
