// Presence over real sockets: who sees whom, when a user counts as gone, and what a restart keeps.

import { raisedRates } from '@longwire/test-support/raised-rates';
import { stretched } from '@longwire/test-support/stretched';
import { startTestServer, type TestServer } from '@longwire/test-support/test-server';
import { WireClient, type WireMessage } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const GRACE_MS = stretched(300);
const settings = {
  ...raisedRates,
  LONGWIRE_PRESENCE_GRACE_MS: String(GRACE_MS),
  LONGWIRE_LIMITS_WATCHES: '3',
  LONGWIRE_LIMITS_SIGNAL_MEMBERS: '4',
  LONGWIRE_LIMITS_BLOCKS_PER_SECOND: '100000',
  LONGWIRE_LIMITS_HANDSHAKES_PER_SECOND: '1000',
  LONGWIRE_SESSIONS_PER_USER: '200',
};

let server: TestServer;
let pairs = 0;
beforeAll(async () => {
  server = await startTestServer(settings);
});
afterAll(() => server.remove());

/** Names that no other test uses. */
function newNames(): { alice: string; bob: string } {
  pairs += 1;
  return { alice: `alice${pairs}`, bob: `bob${pairs}` };
}

const signIn = (user: string) => WireClient.signIn(server.url, user);

async function write(from: string, to: string): Promise<void> {
  const client = await signIn(from);
  expect(await client.ask({ type: 'send', to: `user/${to}`, body: 1 })).toMatchObject({ type: 'sent' });
  await client.end();
}

async function stateOf(client: WireClient, user: string): Promise<unknown> {
  const { users } = await client.ask({ type: 'presence', users: [user] });
  return (users as Record<string, unknown>)[user];
}

const watch = (client: WireClient, ...users: string[]) => client.ask({ type: 'watch', users });
const presencesOf = (client: WireClient): WireMessage[] => client.ofType('presence');

describe('presence', () => {
  it('is online, and offline with lastSeenAt after presence.graceMs, for a user to whom the other one has written', async () => {
    const { alice, bob } = newNames();
    await write(bob, alice);
    const viewer = await signIn(alice);
    const before = Date.now();
    const other = await signIn(bob);
    expect(await stateOf(viewer, bob)).toEqual({ online: true });
    await other.end();
    await viewer.until(async () => (await stateOf(viewer, bob)) !== undefined);
    let state = await stateOf(viewer, bob);
    while ((state as { online: boolean }).online) state = await stateOf(viewer, bob);
    expect(state).toEqual({ online: false, lastSeenAt: expect.any(Number) });
    const { lastSeenAt } = state as { lastSeenAt: number };
    expect(lastSeenAt).toBeGreaterThanOrEqual(before);
    expect(lastSeenAt).toBeLessThanOrEqual(Date.now() - GRACE_MS + 50);
    await viewer.end();
  });

  it('looks offline without lastSeenAt for one to whom the other has not written, as for one who does not exist', async () => {
    const { alice, bob } = newNames();
    await write(alice, bob);
    const [viewer, other] = [await signIn(alice), await signIn(bob)];
    const { users } = await viewer.ask({ type: 'presence', users: [bob, 'nobody-at-all', '__proto__', alice] });
    expect(users).toEqual({
      [bob]: { online: false },
      'nobody-at-all': { online: false },
      ['__proto__']: { online: false },
      [alice]: { online: true },
    });
    // The other way round: alice has written to bob.
    expect(await stateOf(other, alice)).toEqual({ online: true });
    for (const client of [viewer, other]) await client.end();
  });

  it('lastSeenAt is kept across a restart of the server', async () => {
    const { alice, bob } = newNames();
    await write(bob, alice);
    const before = Date.now();
    // Online when the server stops.
    const other = await signIn(bob);
    server = await server.restart();
    await other.whenClosed();
    const viewer = await signIn(alice);
    const state = (await stateOf(viewer, bob)) as { online: boolean; lastSeenAt: number };
    expect(state.online).toBe(false);
    expect(state.lastSeenAt).toBeGreaterThanOrEqual(before);
    expect(state.lastSeenAt).toBeLessThanOrEqual(Date.now());
    await viewer.end();
  });
});

describe('watch', () => {
  it('answers the present state, then pushes presence once for each change, until unwatch', async () => {
    const { alice, bob } = newNames();
    await write(bob, alice);
    const viewer = await signIn(alice);
    // The writer is still in its grace, or has gone.
    await viewer.until(() => true);
    const answer = await watch(viewer, bob, 'somebody');
    expect(answer).toMatchObject({ type: 'presenceList', users: { somebody: { online: false } } });
    const first = await signIn(bob);
    const second = await signIn(bob);
    await viewer.until(() => presencesOf(viewer).some(({ online }) => online === true) || isOnlineIn(answer, bob));
    await first.end();
    expect(await stateOf(viewer, bob)).toEqual({ online: true });
    await second.end();
    await viewer.until(() => presencesOf(viewer).at(-1)?.['online'] === false);
    expect(presencesOf(viewer).at(-1)).toMatchObject({ user: bob, online: false, lastSeenAt: expect.any(Number) });
    const states = presencesOf(viewer).map(({ online }) => online);
    states.forEach((online, index) => {
      if (index > 0) expect(online).not.toBe(states[index - 1]);
    });
    expect(await viewer.ask({ type: 'unwatch', users: [bob] })).toMatchObject({ type: 'ok' });
    const count = presencesOf(viewer).length;
    const third = await signIn(bob);
    expect(await stateOf(viewer, bob)).toEqual({ online: true });
    expect(presencesOf(viewer).length).toBe(count);
    for (const client of [viewer, third]) await client.end();
  });

  it('shows nothing for a reconnect within presence.graceMs', async () => {
    const { alice, bob } = newNames();
    await write(bob, alice);
    const viewer = await signIn(alice);
    let other = await signIn(bob);
    expect(await watch(viewer, bob)).toMatchObject({ users: { [bob]: { online: true } } });
    for (let round = 0; round < 5; round += 1) {
      other.cut();
      other = await signIn(bob);
    }
    await viewer.ask({ type: 'ping' });
    expect(presencesOf(viewer)).toEqual([]);
    for (const client of [viewer, other]) await client.end();
  });

  it('shows the other user from their first message on', async () => {
    const { alice, bob } = newNames();
    const [viewer, other] = [await signIn(alice), await signIn(bob)];
    expect(await watch(viewer, bob)).toMatchObject({ users: { [bob]: { online: false } } });
    await other.ask({ type: 'send', to: `user/${alice}`, body: 'hello' });
    expect(await viewer.count('presence', 1)).toEqual([{ type: 'presence', user: bob, online: true }]);
    for (const client of [viewer, other]) await client.end();
  });

  it('shows members of a group of at most limits.signalMembers to each other, until one leaves, it grows, or one blocks', async () => {
    const { alice, bob } = newNames();
    const [ann, cem] = [`ann${pairs}`, `cem${pairs}`];
    for (const user of [alice, bob, ann, cem]) await write(user, 'host');
    const [host, viewer, other] = [await signIn('host'), await signIn(alice), await signIn(bob)];
    const group = `g${pairs}`;
    const ask = (type: string, fields: object) => host.ask({ type: `group.${type}`, group, ...fields });
    const isOnline = (online: boolean) => viewer.until(() => presencesOf(viewer).at(-1)?.['online'] === online);
    expect((await watch(viewer, bob))['users']).toEqual({ [bob]: { online: false } });
    await ask('create', { users: [alice, bob] });
    await isOnline(true);
    expect(await stateOf(viewer, bob)).toEqual({ online: true });
    await ask('add', { users: [ann, cem] });
    await isOnline(false);
    await ask('remove', { users: [cem] });
    await isOnline(true);
    await other.ask({ type: 'block', user: alice });
    await isOnline(false);
    await other.ask({ type: 'unblock', user: alice });
    await isOnline(true);
    await other.ask({ type: 'group.leave', group });
    await isOnline(false);
    expect(await stateOf(viewer, bob)).toEqual({ online: false });
    for (const client of [host, viewer, other]) await client.end();
  });

  it('without an id pushes the present states', async () => {
    const { alice, bob } = newNames();
    await write(bob, alice);
    const [viewer, other] = [await signIn(alice), await signIn(bob)];
    viewer.say({ type: 'watch', users: [bob, 'somebody'] });
    expect(await viewer.count('presence', 2)).toEqual([
      { type: 'presence', user: bob, online: true },
      { type: 'presence', user: 'somebody', online: false },
    ]);
    await viewer.ask({ type: 'ping' });
    expect(presencesOf(viewer).length).toBe(2);
    for (const client of [viewer, other]) await client.end();
  });

  it('is refused with quota_exceeded above limits.watches of a session, and then watches none of them', async () => {
    const { alice } = newNames();
    const viewer = await signIn(alice);
    expect(await watch(viewer, 'a', 'b')).toMatchObject({ type: 'presenceList' });
    const refused = await watch(viewer, 'b', 'c', 'd');
    expect(refused).toMatchObject({ type: 'error', code: 'quota_exceeded', retryable: false });
    expect(server.refusals()['limits.watches']).toBe(1);
    expect(await watch(viewer, 'a', 'b', 'c')).toMatchObject({ type: 'presenceList' });
    await viewer.ask({ type: 'unwatch', users: ['a', 'nobody'] });
    expect(await watch(viewer, 'd')).toMatchObject({ type: 'presenceList' });
    await viewer.end();
  });

  it('ends in the true state after 100 parallel sign-ins and sign-outs', async () => {
    const { alice, bob } = newNames();
    await write(bob, alice);
    const viewer = await signIn(alice);
    await watch(viewer, bob);
    const comeAndGo = async (index: number) => {
      const client = await signIn(bob);
      if (index % 3 === 0) client.cut();
      else if (index % 3 === 1) await client.end();
      return client;
    };
    const clients = await Promise.all(Array.from({ length: 100 }, (_, index) => comeAndGo(index)));
    await viewer.until(async () => (await stateOf(viewer, bob)) !== undefined);
    expect(await stateOf(viewer, bob)).toEqual({ online: true });
    // Alice and Bob, however many sessions they have.
    expect(server.onlineUsers()).toBe(2);
    const left = clients.filter((_, index) => index % 3 === 2);
    await Promise.all(left.map((client) => client.end()));
    await viewer.until(() => presencesOf(viewer).at(-1)?.['online'] === false);
    expect(await stateOf(viewer, bob)).toMatchObject({ online: false, lastSeenAt: expect.any(Number) });
    expect(server.onlineUsers()).toBe(1);
    await viewer.end();
  });
});

function isOnlineIn({ users }: WireMessage, user: string): boolean {
  return (users as Record<string, { online: boolean }>)[user]?.online === true;
}
