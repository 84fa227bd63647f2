import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeviceId, UserId } from '@longwire/protocol';
import { ManualClock } from '@longwire/test-support/manual-clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ActiveUsers } from '../../src/session/active-users.js';
import { ClientSession } from '../../src/session/client-session.js';
import { OutboxBudget } from '../../src/session/limits/outbox-budget.js';
import { UserBlocks } from '../../src/session/user-blocks.js';
import { WrittenOutlet } from './written-outlet.js';

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
const [alice, bob] = ['alice', 'bob'] as [UserId, UserId];

let folder: string;
let file: string;
let clock: ManualClock;
let users: ActiveUsers;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'longwire-blocks-'));
  file = join(folder, 'blocked-users.json');
  clock = new ManualClock();
  users = new ActiveUsers(clock, { rates, sessions: { perUser: 5, whenFull: 'refuse-new' } });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (path: string | undefined = file) => UserBlocks.open({ clock, users, file: path });

/** The outlet of a new session of a user. */
function session(user: UserId): WrittenOutlet {
  const outlet = new WrittenOutlet();
  const bounds = { outboxBytes: 1_000, inFlight: 2 };
  users.admit(new ClientSession('s', outlet, bounds, new OutboxBudget(1_000_000)), user, 'phone' as DeviceId);
  return outlet;
}

describe('UserBlocks', () => {
  it('block holds for later instances on the same file, until the user is unblocked', async () => {
    const first = await open();
    await first.block(alice, undefined);
    await first.block(bob, undefined);
    const second = await open();
    expect(second.list()).toEqual(first.list());
    expect(await second.unblock(alice)).toBe(true);
    expect(await second.unblock(alice)).toBe(false);
    expect((await open()).list().map(({ user }) => user)).toEqual([bob]);
    expect(statSync(file).mode & 0o077).toBe(0);
  });

  it('block with until ends by itself, and leaves the file with the next change', async () => {
    const blocks = await open();
    const until = clock.now() + 1_000;
    await blocks.block(alice, until);
    expect(blocks.blockOf(alice)).toEqual({ user: alice, since: clock.now(), until });
    await clock.advance(999);
    expect(blocks.blockOf(alice)?.until).toBe(until);
    await clock.advance(1);
    expect([blocks.blockOf(alice), blocks.list()]).toEqual([undefined, []]);
    expect((await open()).list()).toEqual([]);
    await blocks.block(bob, undefined);
    expect(readFileSync(file, 'utf8')).not.toContain('alice');
  });

  it('block again changes until, and keeps since', async () => {
    const blocks = await open();
    const since = clock.now();
    await blocks.block(alice, since + 1_000);
    await clock.advance(10);
    await blocks.block(alice, undefined);
    expect(blocks.list()).toEqual([{ user: alice, since, until: undefined }]);
  });

  it('block ends the sessions of the user with goodbye and 4103, and cuts them after a second', async () => {
    const blocks = await open();
    const [first, second, other] = [session(alice), session(alice), session(bob)];
    expect((await blocks.block(alice, undefined)).endedSessions).toBe(2);
    for (const { log } of [first, second]) {
      expect(log).toEqual([expect.stringMatching(/"goodbye".*4103.*"reconnect":false/), 'close 4103']);
    }
    await clock.advance(1_000);
    expect([first.log.at(-1), second.log.at(-1)]).toEqual(['terminate', 'terminate']);
    expect(other.log).toEqual([]);
  });

  it('block drops what is unsent, also of a session that is closing already', async () => {
    const blocks = await open();
    const outlets = [session(alice), session(alice)];
    const [live, closing] = users.sessionsOf(alice);
    closing!.end(4005, 'the token expired');
    for (const outlet of outlets) outlet.bufferedBytes = 500;
    expect((await blocks.block(alice, undefined)).endedSessions).toBe(1);
    for (const { log } of outlets) expect(log.at(-1)).toBe('discard 4103');
    expect([live!.endedWith, closing!.endedWith]).toEqual([4103, 4005]);
  });

  it('changes at one time are written one after the other', async () => {
    const blocks = await open();
    const names = Array.from({ length: 20 }, (_, n) => `user-${n}` as UserId);
    await Promise.all(names.map((name) => blocks.block(name, undefined)));
    await Promise.all(names.slice(5).map((name) => blocks.unblock(name)));
    expect((await open()).list().map(({ user }) => user)).toEqual(names.slice(0, 5));
    expect(existsSync(`${file}.new`)).toBe(false);
  });

  it('block rejects if it cannot be stored, and is in force all the same; the next change stores both', async () => {
    const blocks = await open();
    rmSync(folder, { recursive: true });
    await expect(blocks.block(alice, undefined)).rejects.toThrow('ENOENT');
    expect(blocks.blockOf(alice)).toBeDefined();
    mkdirSync(folder);
    await blocks.block(bob, undefined);
    expect((await open()).list().map(({ user }) => user)).toEqual([alice, bob]);
  });

  it.each([
    ['no JSON', '{'],
    ['no list', '{}'],
    ['no object', 'null'],
    ['a user id that is none', '{"blockedUsers":[{"user":"a b","since":1}]}'],
    ['no since', '{"blockedUsers":[{"user":"a"}]}'],
    ['an until that no date has', '{"blockedUsers":[{"user":"a","since":1,"until":9000000000000000}]}'],
    ['an item that is no object', '{"blockedUsers":[null]}'],
  ])('open throws corrupt for blocked-users.json with %s', async (_what, text) => {
    writeFileSync(file, text);
    await expect(open()).rejects.toMatchObject({ code: 'corrupt', message: expect.stringContaining(file) });
  });

  it('without a file, blocks last as long as the instance', async () => {
    const blocks = await UserBlocks.open({ clock, users, file: undefined });
    await blocks.block(alice, undefined);
    expect(blocks.list()).toHaveLength(1);
    expect(await blocks.unblock(alice)).toBe(true);
  });
});
