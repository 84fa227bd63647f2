// Invitations to groups and requests to join them, over real sockets, on both engines, and through the death of the server.

import { raisedRates } from '@longwire/test-support/raised-rates';
import { ServerProcess } from '@longwire/test-support/server-process';
import { startTestServer, type TestServer } from '@longwire/test-support/test-server';
import { WireClient, type WireMessage } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const settings = {
  ...raisedRates,
  LONGWIRE_GROUPS_MAX_PENDING: '3',
  LONGWIRE_GROUPS_PENDING_PER_USER: '2',
  LONGWIRE_GROUPS_JOINS_PER_HOUR: '6',
};
let onSqlite: TestServer;
let inMemory: TestServer;
beforeAll(async () => {
  onSqlite = await startTestServer(settings);
  inMemory = await startTestServer({ ...settings, LONGWIRE_DATA: 'memory:' });
});
afterAll(() => Promise.all([onSqlite.remove(), inMemory.remove()]));

let worlds = 0;

/** Users whom no other test has, who have never written to each other. */
async function newUsers(url: string, ...names: string[]) {
  worlds += 1;
  const ids = names.map((name) => `${name}${worlds}`);
  const clients = await Promise.all(ids.map((id) => WireClient.signIn(url, id)));
  return {
    clients: clients as [WireClient, WireClient, WireClient],
    ids: ids as [string, string, string],
    group: `g${worlds}`,
  };
}

/** What a client got of a group beside answers, in order. */
function seen(client: WireClient, group: string): string[] {
  const address = `group/${group}`;
  return client.received.flatMap((message) => {
    const invitation = message['invitation'] as { by?: string; ended?: boolean } | undefined;
    if (message.type === 'channel' && message['address'] === address) {
      if (invitation !== undefined) return [invitation.ended === true ? 'ended' : `invited by ${invitation.by}`];
      return [message['removed'] === true ? 'removed' : `joined as ${message['role']}`];
    }
    const isEntry = message['channel'] === address && message['offset'] !== undefined && message.re === undefined;
    return isEntry ? [`${message['offset']} ${message.type}`] : [];
  });
}

const whenSeen = (client: WireClient, group: string, wanted: string) =>
  client.until(() => seen(client, group).includes(wanted));
const invitationsOf = async (client: WireClient) =>
  ((await client.ask({ type: 'group.invitations' }))['invitations'] as WireMessage[]).map(({ group }) => group);
const endAll = (clients: readonly WireClient[]) => Promise.all(clients.map((client) => client.end()));

describe.each([
  ['SQLite', () => onSqlite.url],
  ['memory', () => inMemory.url],
])('on %s', (_, url) => {
  it('group.create and group.add invite who has not written to their user: all sessions get `channel` with invitation, and nothing of the group', async () => {
    const { clients, ids, group } = await newUsers(url(), 'alice', 'bob', 'carol');
    const [alice, bob, carol] = clients;
    const phone = await WireClient.signIn(url(), ids[1], { device: 'phone' });
    await carol.ask({ type: 'send', to: `user/${ids[0]}`, body: 'hello' });
    const created = await alice.ask({ type: 'group.create', group, title: 'T', users: [ids[1], ids[2]] });
    expect(created).toMatchObject({ type: 'ok', added: [ids[2]], invited: [ids[1]] });
    await alice.ask({ type: 'send', to: `group/${group}`, body: 'secret' });
    await whenSeen(carol, group, '2 message');
    for (const client of [bob, phone]) {
      await whenSeen(client, group, `invited by ${ids[0]}`);
      expect(await client.ask({ type: 'history', channel: `group/${group}` })).toMatchObject({ code: 'not_a_member' });
      expect(seen(client, group)).toEqual([`invited by ${ids[0]}`]);
    }
    expect(await bob.find(({ invitation }) => invitation !== undefined)).toEqual({
      type: 'channel',
      address: `group/${group}`,
      invitation: { by: ids[0], at: expect.any(Number), title: 'T' },
    });
    expect(await bob.ask({ type: 'group.invitations' })).toMatchObject({
      type: 'invitations',
      invitations: [{ group, by: ids[0], title: 'T' }],
      more: false,
    });
    const again = await alice.ask({ type: 'group.add', group, users: [ids[1], ids[2]] });
    expect(again).toMatchObject({ type: 'ok', added: [], invited: [] });
    await endAll([...clients, phone]);
  });

  it('group.accept makes the user a member, group.join does so too, and the invitation ends on all sessions', async () => {
    const { clients, ids, group } = await newUsers(url(), 'alice', 'bob', 'carol');
    const [alice, bob, carol] = clients;
    const phone = await WireClient.signIn(url(), ids[1], { device: 'phone' });
    await alice.ask({ type: 'group.create', group });
    expect(await bob.ask({ type: 'group.accept', group })).toMatchObject({ code: 'not_a_member' });
    await alice.ask({ type: 'group.invite', group, users: [ids[1], ids[2]] });
    for (const client of [bob, phone]) await whenSeen(client, group, `invited by ${ids[0]}`);
    expect(await bob.ask({ type: 'group.accept', group })).toMatchObject({ type: 'ok' });
    expect(await carol.ask({ type: 'group.join', group })).toMatchObject({ type: 'ok' });
    expect(await bob.ask({ type: 'group.accept', group })).toMatchObject({ type: 'ok' });
    for (const client of [bob, phone]) {
      await whenSeen(client, group, 'ended');
      await whenSeen(client, group, '3 member');
      const joined = seen(client, group).filter((each) => each !== 'ended');
      expect(joined).toEqual([`invited by ${ids[0]}`, 'joined as member', '2 member', '3 member']);
    }
    await whenSeen(alice, group, '3 member');
    expect(alice.ofType('member').map(({ from, body }) => ({ from, body }))).toEqual([
      { from: ids[1], body: { change: 'joined', users: [ids[1]] } },
      { from: ids[2], body: { change: 'joined', users: [ids[2]] } },
    ]);
    expect(await alice.ask({ type: 'group.members', group, pending: true })).toMatchObject({ members: [], total: 0 });
    expect(await invitationsOf(bob)).toEqual([]);
    await endAll([...clients, phone]);
  });

  it('group.decline, group.remove and group.delete end an invitation, which cannot be accepted any more', async () => {
    const { clients, ids, group } = await newUsers(url(), 'alice', 'bob', 'carol');
    const [alice, bob, carol] = clients;
    const invite = (...users: string[]) => alice.ask({ type: 'group.invite', group, users });
    await alice.ask({ type: 'group.create', group, users: [ids[1], ids[2]] });
    await bob.ask({ type: 'group.decline', group });
    expect(await alice.ask({ type: 'group.remove', group, users: [ids[2]] })).toMatchObject({ removed: [ids[2]] });
    for (const client of [bob, carol]) {
      await whenSeen(client, group, 'ended');
      expect(await client.ask({ type: 'group.accept', group })).toMatchObject({ code: 'not_a_member' });
    }
    expect(await bob.ask({ type: 'group.decline', group })).toMatchObject({ type: 'ok' });
    expect(await invite(ids[1], ids[2])).toMatchObject({ invited: [ids[1], ids[2]] });
    await whenSeen(bob, group, `invited by ${ids[0]}`);
    expect(await alice.ask({ type: 'group.delete', group })).toMatchObject({ type: 'ok' });
    for (const client of [bob, carol]) {
      await client.until(() => seen(client, group).at(-1) === 'ended');
      expect(await client.ask({ type: 'group.accept', group })).toMatchObject({ code: 'not_a_member' });
      expect(await invitationsOf(client)).toEqual([]);
    }
    await endAll(clients);
  });

  it('group.join asks to join where joining is `request`; admins see it, accept and decline, and others see nothing', async () => {
    const { clients, ids, group } = await newUsers(url(), 'alice', 'bob', 'carol');
    const [alice, bob, carol] = clients;
    const join = { type: 'group.join', group };
    await alice.ask({ type: 'group.create', group, joining: 'request' });
    expect(await bob.ask(join)).toMatchObject({ type: 'ok', pending: true });
    expect(await carol.ask(join)).toMatchObject({ type: 'ok', pending: true });
    expect(await bob.ask(join)).toMatchObject({ type: 'ok', pending: true });
    const pending = { type: 'group.members', group, pending: true };
    expect(await alice.ask({ ...pending, limit: 1 })).toMatchObject({
      members: [{ user: ids[1], state: 'requested', by: ids[1] }],
      more: true,
      total: 2,
    });
    expect(await alice.ask({ ...pending, after: ids[1] })).toMatchObject({ members: [{ user: ids[2] }], more: false });
    expect(await bob.ask(pending)).toMatchObject({ code: 'not_a_member' });
    expect(await bob.ask({ type: 'group.accept', group, user: ids[2] })).toMatchObject({ code: 'not_a_member' });
    expect(await alice.ask({ type: 'group.accept', group, user: ids[1] })).toMatchObject({ type: 'ok' });
    await whenSeen(bob, group, '2 member');
    expect(bob.ofType('member')).toMatchObject([{ from: ids[0], body: { change: 'added', users: [ids[1]] } }]);
    expect(await bob.ask(pending)).toMatchObject({ code: 'forbidden' });
    expect(await alice.ask({ type: 'group.decline', group, user: ids[2] })).toMatchObject({ type: 'ok' });
    expect(await alice.ask({ type: 'group.accept', group, user: ids[2] })).toMatchObject({ code: 'invalid_field' });
    expect(seen(carol, group)).toEqual([]);
    // A request is the consent that an invitation asks for.
    await carol.ask(join);
    expect(await alice.ask({ type: 'group.invite', group, users: [ids[2]] })).toMatchObject({ added: [ids[2]] });
    await whenSeen(carol, group, '3 member');
    await endAll(clients);
  });

  it('an invitation by a user whom the invited one blocks is not shown, and such a user adds no one who wrote to them before', async () => {
    const { clients, ids, group } = await newUsers(url(), 'alice', 'bob', 'carol');
    const [alice, bob, carol] = clients;
    await bob.ask({ type: 'send', to: `user/${ids[0]}`, body: 'hello' });
    await bob.ask({ type: 'block', user: ids[0] });
    const created = await alice.ask({ type: 'group.create', group, users: [ids[1], ids[2]] });
    expect(created).toMatchObject({ added: [], invited: [ids[1], ids[2]] });
    await carol.ask({ type: 'group.accept', group });
    await alice.ask({ type: 'group.role', group, user: ids[2], role: 'admin' });
    expect(await invitationsOf(bob)).toEqual([]);
    const other = `${group}-other`;
    await carol.ask({ type: 'group.create', group: other, users: [ids[1]] });
    await whenSeen(bob, other, `invited by ${ids[2]}`);
    expect(await invitationsOf(bob)).toEqual([other]);
    expect(seen(bob, group)).toEqual([]);
    await bob.ask({ type: 'unblock', user: ids[0] });
    expect(await invitationsOf(bob)).toEqual([group, other].sort());
    await endAll(clients);
  });

  it('above groups.maxPending and groups.pendingPerUser comes quota_exceeded, and nothing of the command is stored', async () => {
    const { clients, ids, group } = await newUsers(url(), 'alice', 'bob', 'carol');
    const [alice, bob] = clients;
    await alice.ask({ type: 'group.create', group, users: ['u1', 'u2'].map((each) => `${each}-${group}`) });
    const tooMany = await alice.ask({ type: 'group.invite', group, users: [ids[1], ids[2]] });
    expect(tooMany).toMatchObject({ type: 'error', code: 'quota_exceeded' });
    expect(await alice.ask({ type: 'group.members', group, pending: true })).toMatchObject({ total: 2 });
    const groups = ['a', 'b', 'c'].map((each) => `${group}-${each}`);
    for (const id of groups) await alice.ask({ type: 'group.create', group: id });
    const answers = await Promise.all(
      groups.map((id) => alice.ask({ type: 'group.invite', group: id, users: [ids[1]] })),
    );
    expect(answers.map(({ type }) => type).sort()).toEqual(['error', 'ok', 'ok']);
    expect(await invitationsOf(bob)).toHaveLength(2);
    await endAll(clients);
  });

  it('above groups.joinsPerHour comes quota_exceeded with afterMs, exactly, however many joins come at once', async () => {
    const { clients, group } = await newUsers(url(), 'alice', 'bob', 'carol');
    const [alice, bob] = clients;
    const groups = Array.from({ length: 20 }, (_, index) => `${group}-${index}`);
    await Promise.all(groups.map((id) => alice.ask({ type: 'group.create', group: id, joining: 'open' })));
    const answers = await Promise.all(groups.map((id) => bob.ask({ type: 'group.join', group: id })));
    expect(answers.filter(({ type }) => type === 'ok')).toHaveLength(6);
    expect(answers.find(({ type }) => type === 'error')).toMatchObject({
      code: 'quota_exceeded',
      afterMs: expect.any(Number),
    });
    expect(await alice.ask({ type: 'group.join', group: groups[0] })).toMatchObject({ type: 'ok' });
    await endAll(clients);
  });

  it('an id with hidden characters that is not known is not invited', async () => {
    const { clients, group } = await newUsers(url(), 'alice', 'bob', 'carol');
    const [alice] = clients;
    await alice.ask({ type: 'group.create', group });
    const refused = await alice.ask({ type: 'group.invite', group, users: ['bo\u202eb'] });
    expect(refused).toMatchObject({ code: 'invalid_field', message: expect.stringContaining('hidden characters') });
    await endAll(clients);
  });
});

it('a kill -9 between group.accept and its answer leaves the user invited or a member; accepting again makes them one, once', async () => {
  const server = await ServerProcess.start({ ...raisedRates, LONGWIRE_GROUPS_ADDS_PER_HOUR: '2' });
  try {
    const { clients, ids, group } = await newUsers(server.gatewayUrl, 'alice', 'bob', 'carol');
    const [alice, bob] = clients;
    await alice.ask({ type: 'group.create', group, title: 'T', joining: 'request', users: [ids[1]] });
    await clients[2].ask({ type: 'group.join', group });
    bob.say({ type: 'group.accept', group });
    await server.kill('SIGKILL');
    await server.startAgain();
    const again = await WireClient.signIn(server.gatewayUrl, ids[1]);
    expect(await again.ask({ type: 'group.accept', group })).toMatchObject({ type: 'ok' });
    expect(await invitationsOf(again)).toEqual([]);
    const admin = await WireClient.signIn(server.gatewayUrl, ids[0]);
    const history = await admin.ask({ type: 'history', channel: `group/${group}` });
    expect((history['entries'] as WireMessage[]).map(({ type, from }) => `${type} ${from}`)).toEqual([
      `group ${ids[0]}`,
      `member ${ids[1]}`,
    ]);
    const pending = await admin.ask({ type: 'group.members', group, pending: true });
    expect(pending).toMatchObject({ members: [{ user: ids[2], state: 'requested', by: ids[2] }], total: 1 });
    // Before the kill one was invited, of two in an hour.
    const invite = (user: string) => admin.ask({ type: 'group.invite', group, users: [user] });
    expect(await invite('dave')).toMatchObject({ type: 'ok', invited: ['dave'] });
    expect(await invite('erin')).toMatchObject({ code: 'quota_exceeded', afterMs: expect.any(Number) });
  } finally {
    await server.remove();
  }
});
