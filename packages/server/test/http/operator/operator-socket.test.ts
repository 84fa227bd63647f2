import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UserId } from '@longwire/protocol';
import { ManualClock } from '@longwire/test-support/manual-clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OperatorClient } from '../../../src/http/operator/operator-client.js';
import { OperatorSocket } from '../../../src/http/operator/operator-socket.js';
import { createLogger } from '../../../src/runtime/logger.js';
import { RefusalCounter } from '../../../src/runtime/refusal-counter.js';
import { ActiveUsers } from '../../../src/session/active-users.js';
import { UserBlocks } from '../../../src/session/user-blocks.js';

const rates = {
  commandsPerSecond: 10,
  sendsPerSecond: 10,
  sendBurst: 10,
  bodyBytesPerSecond: 1_000,
  bodyBytesBurst: 1_000,
  pagesPerSecond: 10,
  acksPerSecond: 10,
  signalsPerSecond: 10,
  blocksPerSecond: 1,
  searchesPerSecond: 1,
};

let folder: string;
let clock: ManualClock;
let blocks: UserBlocks;
let refusals: RefusalCounter;
let logLines: string[];
const opened: OperatorSocket[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'longwire-operator-'));
  clock = new ManualClock();
  logLines = [];
  refusals = new RefusalCounter();
  const users = new ActiveUsers(clock, { rates, sessions: { perUser: 5, whenFull: 'refuse-new' } });
  blocks = await UserBlocks.open({ clock, users, file: join(folder, 'blocked-users.json') });
});
afterEach(async () => {
  for (const socket of opened.splice(0)) await socket.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(dataFolder = folder): Promise<OperatorSocket> {
  const logger = createLogger({ level: 'debug', color: false, destination: { write: (line) => logLines.push(line) } });
  const socket = await OperatorSocket.open(dataFolder, { blocks, refusals, clock, logger });
  opened.push(socket);
  return socket;
}

/** Status and body of the answer to a request that no OperatorClient sends. */
function ask(method: string, path: string, body = ''): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    const socketPath = join(folder, 'operator', 'server.sock');
    const outgoing = request({ socketPath, method, path, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode, text }));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

describe('an OperatorSocket', () => {
  it('answers blockUser, blockedUsers and unblockUser of an OperatorClient', async () => {
    await open();
    const client = new OperatorClient(folder);
    const until = clock.now() + 60_000;
    const since = clock.now();
    // An id may have any character that is no space, control character or slash.
    const odd = 'zoë?#%2F';
    expect(await client.blockUser('mallory', { until })).toEqual({ user: 'mallory', since, until, endedSessions: 0 });
    expect(await client.blockUser(odd)).toEqual({ user: odd, since, endedSessions: 0 });
    expect(await client.blockedUsers()).toEqual([
      { user: 'mallory', since, until },
      { user: odd, since },
    ]);
    expect(await client.unblockUser(odd)).toEqual({ user: odd, wasBlocked: true });
    expect(await client.unblockUser(odd)).toEqual({ user: odd, wasBlocked: false });
    expect(blocks.blockOf('mallory' as UserId)).toBeDefined();
    expect(logLines.filter((line) => line.includes('An operator blocked a user'))).toHaveLength(2);
  });

  it('answers refusals with the counts since its start', async () => {
    await open();
    const since = clock.now();
    refusals.count('credentials');
    await clock.advance(1_000);
    refusals.count('credentials');
    const answer = await new OperatorClient(folder).refusals();
    expect(answer).toMatchObject({ since, refusals: { credentials: 2, origin: 0, 'limits.waiting': 0 } });
  });

  it.each([
    ['GET', '/', '', 404],
    ['GET', '/v1/blocked-users?x', '', 404],
    ['GET', '/v1/blocked-users/alice', '', 404],
    ['POST', '/v1/blocked-users', '', 404],
    ['PUT', '/v1/blocked-users/', '{}', 400],
    ['PUT', '/v1/blocked-users/a%20b', '{}', 400],
    ['PUT', '/v1/blocked-users/%ff', '{}', 400],
    ['PUT', '/v1/blocked-users/alice', '', 400],
    ['PUT', '/v1/blocked-users/alice', 'null', 400],
    ['PUT', '/v1/blocked-users/alice', '{"until":"tomorrow"}', 400],
    ['PUT', '/v1/blocked-users/alice', '{"until":1}', 400],
    ['PUT', '/v1/blocked-users/alice', '{"until":9e15}', 400],
    ['PUT', '/v1/blocked-users/alice', '{"until":null}', 400],
    ['PUT', '/v1/blocked-users/alice', `"${'x'.repeat(5_000)}"`, 400],
  ])('refuses %s %s %s with %i and changes nothing', async (method, path, body, status) => {
    await open();
    const answer = await ask(method, path, body);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.text)).toMatchObject({ type: 'error', retryable: false });
    expect(blocks.list()).toEqual([]);
  });

  it('reports a block that could not be stored as request_refused, and the block is in force', async () => {
    await open();
    mkdirSync(join(folder, 'blocked-users.json'));
    writeFileSync(join(folder, 'blocked-users.json', 'x'), '');
    await expect(new OperatorClient(folder).blockUser('mallory')).rejects.toMatchObject({
      code: 'request_refused',
      message: expect.stringContaining('only until the server restarts'),
    });
    expect(blocks.blockOf('mallory' as UserId)).toBeDefined();
    expect(logLines.join('\n')).toContain('A request of an operator failed');
  });

  it('takes the place of the socket that a killed server left behind, and removes its own', async () => {
    mkdirSync(join(folder, 'operator'), { mode: 0o755 });
    writeFileSync(join(folder, 'operator', 'server.sock'), '');
    const socket = await open();
    expect(statSync(join(folder, 'operator')).mode & 0o777).toBe(0o700);
    expect(await new OperatorClient(folder).blockedUsers()).toEqual([]);
    await socket.close();
    expect(existsSync(join(folder, 'operator', 'server.sock'))).toBe(false);
  });

  it('is reached in a folder with a path longer than a socket may have', async () => {
    const deep = join(folder, 'x'.repeat(100), 'y'.repeat(100));
    mkdirSync(deep, { recursive: true });
    await open(deep);
    expect(await new OperatorClient(deep).blockedUsers()).toEqual([]);
  });
});

describe('an OperatorClient', () => {
  it.each([
    ['no folder', 'nowhere'],
    ['a folder without a server', '.'],
  ])('rejects with not_running for %s', async (_what, name) => {
    const client = new OperatorClient(join(folder, name));
    await expect(client.blockedUsers()).rejects.toMatchObject({ code: 'not_running', retryable: true });
  });

  it('rejects with not_running for the socket of a killed server', async () => {
    mkdirSync(join(folder, 'operator'));
    writeFileSync(join(folder, 'operator', 'server.sock'), '');
    await expect(new OperatorClient(folder).blockedUsers()).rejects.toMatchObject({ code: 'not_running' });
  });
});
