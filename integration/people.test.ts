// Users on one server at random: short form of chaos/people.test.ts.

import { ServerProcess } from '@longwire/test-support/server-process';
import { startTestServer, type TestServer } from '@longwire/test-support/test-server';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { expectRules, onProcess, PEOPLE_SETTINGS } from '../chaos/people/people-run.js';

const AT_ONCE = 4;

let inMemory: TestServer;
let onSqlite: ServerProcess;
beforeAll(async () => {
  inMemory = await startTestServer({ ...PEOPLE_SETTINGS, LONGWIRE_DATA: 'memory:' });
  onSqlite = await ServerProcess.start(PEOPLE_SETTINGS);
});
afterAll(() => Promise.all([inMemory.remove(), onSqlite.remove()]));

describe('users with devices, groups and blocks get what a naive model of the rules says', () => {
  it('in memory', async () => {
    const server = { gatewayUrl: inMemory.url, restart: undefined, kill: undefined };
    await Promise.all(Array.from({ length: AT_ONCE }, () => expectRules(server, { runs: 100 / AT_ONCE, steps: 200 })));
  });

  it('on SQLite, through clean stops and kill -9', async () => {
    await expectRules(onProcess(onSqlite), { runs: 5, steps: 200 });
  });
});
