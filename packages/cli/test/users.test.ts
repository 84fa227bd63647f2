// `longwire users` and `longwire refusals` against a real server process.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CliHome } from './cli-home.js';

// Every step is a process of its own, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

let home: CliHome;
let data: string;

beforeAll(async () => {
  home = await CliHome.open();
  data = join(home.folder, 'data');
});
afterAll(() => home.close());

const users = (...args: string[]) => home.run(['users', ...args], { LONGWIRE_DATA: data });

describe('longwire users', () => {
  it('block ends what runs as the user with the reason, until unblock', async () => {
    const tail = home.start(['tail', '--as', 'mallory'], { LONGWIRE_TOKEN: '' });
    await home.run(['send', '--as', 'alice', 'user/mallory', 'hi']);
    await tail.shows(/"hi"/);
    const blocked = await users('block', 'mallory');
    expect(blocked).toMatchObject({ exit: 0, stderr: '' });
    expect(blocked.stdout).toBe('mallory is blocked until it is unblocked; 1 session was ended\n');
    const ended = await tail.result;
    expect(ended.exit).toBe(1);
    expect(ended.stderr).toContain('an operator of this server has blocked this user');
    expect((await home.run(['send', '--as', 'mallory', 'user/alice', 'hi'])).exit).toBe(1);
    expect((await users('unblock', 'mallory')).stdout).toBe('mallory may sign in again\n');
    expect((await users('unblock', 'mallory')).stdout).toBe('mallory was not blocked\n');
    expect((await home.run(['send', '--as', 'mallory', 'user/alice', 'hi'])).exit).toBe(0);
  });

  it('block --until takes a duration or a time, and list shows both, with --json as objects', async () => {
    await users('block', 'eve', '--until', '2h');
    await users('block', 'frank', '--until', '2099-12-31T18:00+01:00');
    const { stdout } = await users('list');
    expect(stdout).toMatch(
      /^eve {2}blocked until \S+, since \S+\nfrank {2}blocked until 2099-12-31T17:00:00.000Z, since \S+\n$/,
    );
    const listed = (await users('list', '--json')).stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(listed).toMatchObject([{ user: 'eve' }, { user: 'frank', until: Date.UTC(2099, 11, 31, 17) }]);
    expect(listed[0].until - listed[0].since).toBeGreaterThan(7_000_000);
  });

  it.each([
    ['a word', ['block', 'x', '--until', 'tomorrow'], 'Expected a time such as 12h'],
    ['a time without a zone', ['block', 'x', '--until', '2099-12-31T18:00'], 'Expected a time such as 12h'],
    ['a time that is past', ['block', 'x', '--until', '2020-01-01'], '2020-01-01T00:00:00.000Z is past'],
    ['an id that is none', ['block', 'a b'], 'user id'],
    ['memory: as the folder', ['list', '--data', 'memory:'], 'no data folder'],
  ])('with %s exit with 2 and a message', async (_what, args, message) => {
    const { exit, stderr } = await users(...args);
    expect([exit, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  it('exit with 1 and name the folder if no server runs on it, also with settings that make no server', async () => {
    const empty = join(home.folder, 'empty');
    mkdirSync(empty);
    const { exit, stderr } = await home.run(['users', 'list', '--data', empty], { LONGWIRE_AUTH: 'jwt' });
    expect([exit, stderr]).toEqual([1, expect.stringContaining(`no server runs on the data folder ${empty}`)]);
  });
});

describe('longwire refusals', () => {
  it('prints what was refused at least once, with --json all counts', async () => {
    const refusals = (...args: string[]) => home.run(['refusals', ...args], { LONGWIRE_DATA: data });
    await home.run(['send', '--token', 'nobody', 'user/bob', 'hi']);
    const { stdout } = await refusals();
    expect(stdout).toMatch(/^since \S+\n(.*\n)*credentials +1\n/);
    expect(stdout).not.toContain('limits.waiting');
    expect(JSON.parse((await refusals('--json')).stdout)).toMatchObject({
      since: expect.any(Number),
      refusals: { credentials: 1, 'limits.waiting': 0 },
    });
  });
});
