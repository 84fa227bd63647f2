// Groups over real sockets, on both engines, and through the death of the server.

import { raisedRates } from '@longwire/test-support/raised-rates';
import { ServerProcess } from '@longwire/test-support/server-process';
import { startTestServer, type TestServer } from '@longwire/test-support/test-server';
import { WireClient, type WireMessage } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const settings = {
  ...raisedRates,
  LONGWIRE_GROUPS_MAX_MEMBERS: '5',
  LONGWIRE_RECEIPTS_MAX_MEMBERS: '3',
  LONGWIRE_LIMITS_SIGNAL_MEMBERS: '3',
};
let onSqlite: TestServer;
let inMemory: TestServer;
beforeAll(async () => {
  onSqlite = await startTestServer(settings);
  inMemory = await startTestServer({ ...settings, LONGWIRE_DATA: 'memory:' });
});
afterAll(() => Promise.all([onSqlite.remove(), inMemory.remove()]));

let worlds = 0;

/** Users whom no other test has, each of whom has written to the first one. */
async function newUsers(
  url: string,
  ...names: string[]
): Promise<{ clients: WireClient[]; ids: string[]; group: string }> {
  worlds += 1;
  const ids = names.map((name) => `${name}${worlds}`);
  const clients = await Promise.all(ids.map((id) => WireClient.signIn(url, id)));
  for (const client of clients.slice(1)) await client.ask({ type: 'send', to: `user/${ids[0]}`, body: 'hello' });
  await clients[0]!.count('message', clients.length - 1);
  return { clients, ids, group: `g${worlds}` };
}

/** What a client got of a group, in order: entries as `offset kind`, and the push `channel`. */
function seen(client: WireClient, group: string): string[] {
  const address = `group/${group}`;
  return client.received.flatMap((message) => {
    if (message.type === 'channel' && message['address'] === address)
      return [message['removed'] === true ? 'removed' : `joined at ${message['head']} as ${message['role']}`];
    if (message['channel'] !== address || message['offset'] === undefined || message.re !== undefined) return [];
    return [`${message['offset']} ${message.type}`];
  });
}

const whenSeen = (client: WireClient, group: string, wanted: string) =>
  client.until(() => seen(client, group).includes(wanted));
const channelOf = (answer: WireMessage, group: string) =>
  (answer['channels'] as WireMessage[]).find(({ address }) => address === `group/${group}`);
const entriesOf = (answer: WireMessage) =>
  (answer['entries'] as WireMessage[] | undefined)?.map(({ type, offset }) => `${offset} ${type}`);
const endAll = (clients: readonly WireClient[]) => Promise.all(clients.map((client) => client.end()));

describe.each([
  ['SQLite', () => onSqlite.url],
  ['memory', () => inMemory.url],
])('on %s', (_, url) => {
  it('group.create begins a group: all sessions of its members get `channel`, then the entry `group`, then its messages', async () => {
    const { clients, ids, group } = await newUsers(url(), 'alice', 'bob');
    const [alice, bob] = clients as [WireClient, WireClient];
    const phone = await WireClient.signIn(url(), ids[1]!, { device: 'phone' });
    const created = await alice.ask({ type: 'group.create', group, title: 'T', users: [ids[1]] });
    expect(created).toMatchObject({ type: 'ok', group, added: [ids[1]] });
    const sent = await bob.ask({ type: 'send', to: `group/${group}`, body: 'hi' });
    expect(sent).toMatchObject({ type: 'sent', channel: `group/${group}`, offset: 2 });
    await whenSeen(alice, group, '2 message');
    await whenSeen(phone, group, '2 message');
    expect(seen(alice, group)).toEqual(['joined at 1 as owner', '1 group', '2 message']);
    expect(seen(phone, group)).toEqual(['joined at 1 as member', '1 group', '2 message']);
    expect(seen(bob, group)).toEqual(['joined at 1 as member', '1 group']);
    expect(await bob.find(({ address }) => address === `group/${group}`)).toMatchObject({
      title: 'T',
      members: 2,
      unread: 0,
      visibleFrom: 1,
    });
    const [entry] = bob.ofType('group');
    expect(entry).toMatchObject({ from: ids[0], body: { title: 'T' } });
    await endAll([alice, bob, phone]);
  });

  it('a group is listed in `channels` and `connected` with role, members, settings, unread and last', async () => {
    const { clients, ids, group } = await newUsers(url(), 'alice', 'bob');
    const [alice, bob] = clients as [WireClient, WireClient];
    await alice.ask({ type: 'group.create', group, title: 'T', posting: 'admins', users: [ids[1]] });
    await alice.ask({ type: 'send', to: `group/${group}`, body: 1 });
    await alice.ask({ type: 'send', to: `group/${group}`, body: 2 });
    await whenSeen(bob, group, '3 message');
    const described = { head: 3, role: 'member', members: 2, title: 'T', posting: 'admins', unread: 2, read: 0 };
    expect(channelOf(await bob.ask({ type: 'channels' }), group)).toMatchObject(described);
    expect(await bob.ask({ type: 'read', channel: `group/${group}`, offset: 2 })).toMatchObject({ type: 'ok' });
    await bob.end();
    const again = await WireClient.open(url());
    const connected = await again.ask({ type: 'connect', token: `dev:${ids[1]}` });
    expect(channelOf(connected, group)).toMatchObject({
      ...described,
      unread: 1,
      read: 2,
      last: { offset: 3, body: 2 },
    });
    expect(channelOf(await alice.ask({ type: 'channels' }), group)).toMatchObject({ role: 'owner', unread: 0 });
    await endAll([alice, again]);
  });

  it('refuses with not_a_member all commands of an outsider, whether the group exists or not', async () => {
    const { clients, group } = await newUsers(url(), 'alice', 'eve');
    const [alice, eve] = clients as [WireClient, WireClient];
    await alice.ask({ type: 'group.create', group });
    for (const id of [group, `no-${group}`]) {
      const address = `group/${id}`;
      const commands = [
        { type: 'send', to: address, body: 1 },
        { type: 'signal', to: address, name: 'typing' },
        { type: 'read', channel: address, offset: 1 },
        { type: 'ack', cursors: { [address]: 1 } },
        { type: 'history', channel: address },
        { type: 'group.join', group: id },
        { type: 'group.leave', group: id },
        { type: 'group.accept', group: id },
        { type: 'group.accept', group: id, user: 'bob' },
        { type: 'group.decline', group: id, user: 'bob' },
        { type: 'group.invite', group: id, users: ['bob'] },
        { type: 'group.members', group: id, pending: true },
        { type: 'group.add', group: id, users: ['bob'] },
        { type: 'group.remove', group: id, users: ['bob'] },
        { type: 'group.role', group: id, user: 'bob', role: 'admin' },
        { type: 'group.update', group: id, title: 'x' },
        { type: 'group.delete', group: id },
        { type: 'group.receipts', group: id, offset: 1 },
      ];
      for (const command of commands) {
        expect(await eve.ask(command), JSON.stringify(command)).toMatchObject({ type: 'error', code: 'not_a_member' });
      }
    }
    expect(seen(eve, group)).toEqual([]);
    expect(await eve.ask({ type: 'group.create', group })).toMatchObject({ code: 'exists' });
    await endAll([alice, eve]);
  });

  it('a member who is added is due from the joining, and reads from there, or from the start if history says so', async () => {
    const { clients, ids, group } = await newUsers(url(), 'alice', 'bob', 'carol');
    const [alice, bob, carol] = clients as [WireClient, WireClient, WireClient];
    await alice.ask({ type: 'group.create', group });
    await alice.ask({ type: 'send', to: `group/${group}`, body: 'before' });
    expect(await alice.ask({ type: 'group.add', group, users: [ids[1]] })).toMatchObject({ added: [ids[1]] });
    await whenSeen(bob, group, '3 member');
    expect(entriesOf(await bob.ask({ type: 'history', channel: `group/${group}` }))).toEqual(['3 member']);
    await alice.ask({ type: 'group.update', group, history: 'start' });
    await alice.ask({ type: 'group.add', group, users: [ids[2]] });
    await whenSeen(carol, group, '5 member');
    expect(seen(carol, group)[0]).toBe('joined at 5 as member');
    expect(entriesOf(await carol.ask({ type: 'history', channel: `group/${group}` }))).toHaveLength(5);
    expect(seen(carol, group)).toEqual(['joined at 5 as member', '5 member']);
    await endAll(clients);
  });

  it('who is removed or leaves gets the entry that says so, then `removed`, and nothing above on any path', async () => {
    const { clients, ids, group } = await newUsers(url(), 'alice', 'bob', 'carol');
    const [alice, bob, carol] = clients as [WireClient, WireClient, WireClient];
    const address = `group/${group}`;
    const tablet = await WireClient.signIn(url(), ids[1]!, { device: 'tablet' });
    await alice.ask({ type: 'group.create', group, users: [ids[1], ids[2]] });
    await whenSeen(tablet, group, '1 group');
    await tablet.ask({ type: 'ack', cursors: { [address]: 1 } });
    await tablet.end();
    const removed = await alice.ask({ type: 'group.remove', group, users: [ids[1], 'nobody'] });
    expect(removed).toMatchObject({ type: 'ok', removed: [ids[1]] });
    await carol.ask({ type: 'group.leave', group });
    await alice.ask({ type: 'send', to: address, body: 'secret', key: 's' });
    await whenSeen(alice, group, '3 member');
    await Promise.all([bob, carol].map((client) => client.ask({ type: 'ping' })));
    const toBob = ['joined at 1 as member', '1 group', '2 member', 'removed'];
    const toCarol = ['joined at 1 as member', '1 group', '2 member', '3 member', 'removed'];
    expect(seen(bob, group)).toEqual(toBob);
    expect(seen(carol, group)).toEqual(toCarol);
    expect(await bob.ask({ type: 'send', to: address, body: 1 })).toMatchObject({ code: 'not_a_member' });
    expect(await bob.ask({ type: 'signal', to: address, name: 'typing' })).toMatchObject({ code: 'not_a_member' });
    expect(entriesOf(await bob.ask({ type: 'history', channel: address }))).toEqual(['1 group', '2 member']);
    const after = await bob.ask({ type: 'history', channel: address, after: 2 });
    expect(after).toMatchObject({ entries: [], more: false });
    expect(channelOf(await bob.ask({ type: 'channels' }), group)).toBeUndefined();
    // The device that was away gets the rest up to its user's leaving, and no more.
    const back = await WireClient.signIn(url(), ids[1]!, { device: 'tablet' });
    await whenSeen(back, group, 'removed');
    expect(seen(back, group)).toEqual(['2 member', 'removed']);
    expect(await back.ask({ type: 'ack', cursors: { [address]: 3 } })).toMatchObject({ code: 'invalid_field' });
    expect(await back.ask({ type: 'ack', cursors: { [address]: 2 } })).toMatchObject({ type: 'ok' });
    await endAll([alice, bob, carol, back]);
  });

  it('who comes back gets a new joining, and never what was written in between', async () => {
    const { clients, ids, group } = await newUsers(url(), 'alice', 'bob');
    const [alice, bob] = clients as [WireClient, WireClient];
    await alice.ask({ type: 'group.create', group, joining: 'open', users: [ids[1]] });
    await bob.ask({ type: 'group.leave', group });
    await alice.ask({ type: 'send', to: `group/${group}`, body: 'in between' });
    expect(await bob.ask({ type: 'group.join', group })).toMatchObject({ type: 'ok' });
    await alice.ask({ type: 'send', to: `group/${group}`, body: 'again' });
    await whenSeen(bob, group, '5 message');
    expect(seen(bob, group)).toEqual([
      'joined at 1 as member',
      '1 group',
      '2 member',
      'removed',
      'joined at 4 as member',
      '4 member',
      '5 message',
    ]);
    const history = await bob.ask({ type: 'history', channel: `group/${group}` });
    expect(entriesOf(history)).toEqual(['4 member', '5 message']);
    const older = await bob.ask({ type: 'history', channel: `group/${group}`, before: 4 });
    expect(entriesOf(older)).toEqual(['1 group', '2 member']);
    await endAll(clients);
  });

  it('roles: an owner hands over and leaves, an admin posts where only admins may, the last one who leaves ends the group', async () => {
    const { clients, ids, group } = await newUsers(url(), 'alice', 'bob', 'carol');
    const [alice, bob, carol] = clients as [WireClient, WireClient, WireClient];
    await alice.ask({ type: 'group.create', group, posting: 'admins', users: [ids[1], ids[2]] });
    const send = { type: 'send', to: `group/${group}`, body: 1 };
    expect(await bob.ask(send)).toMatchObject({ code: 'forbidden' });
    expect(await alice.ask({ type: 'group.leave', group })).toMatchObject({ code: 'forbidden' });
    await alice.ask({ type: 'group.role', group, user: ids[1], role: 'owner' });
    expect(await bob.ask(send)).toMatchObject({ type: 'sent' });
    expect(await carol.ask(send)).toMatchObject({ code: 'forbidden' });
    expect(await alice.ask({ type: 'group.leave', group })).toMatchObject({ type: 'ok' });
    await carol.ask({ type: 'group.leave', group });
    expect(await bob.ask({ type: 'group.leave', group })).toMatchObject({ type: 'ok' });
    expect(await bob.ask(send)).toMatchObject({ code: 'not_a_member' });
    expect(await bob.ask({ type: 'group.create', group })).toMatchObject({ code: 'exists' });
    await endAll(clients);
  });

  it('group.members returns pages of the members with their roles, to members only', async () => {
    const { clients, ids, group } = await newUsers(url(), 'alice', 'bob', 'carol', 'eve');
    const [alice, , , eve] = clients as [WireClient, WireClient, WireClient, WireClient];
    await alice.ask({ type: 'group.create', group, users: [ids[2], ids[1]] });
    const first = await alice.ask({ type: 'group.members', group, limit: 2 });
    const [owner, bob, carol] = ids.map((user, index) => ({ user, role: index === 0 ? 'owner' : 'member' }));
    expect(first).toMatchObject({ type: 'members', members: [owner, bob], more: true, total: 3 });
    const second = await alice.ask({ type: 'group.members', group, after: ids[1] });
    expect(second).toMatchObject({ members: [carol], more: false, total: 3 });
    expect(await eve.ask({ type: 'group.members', group })).toMatchObject({ code: 'not_a_member' });
    await endAll(clients);
  });

  it('group.delete: all members get the entry with deleted, then `removed`; the id stays taken', async () => {
    const { clients, ids, group } = await newUsers(url(), 'alice', 'bob');
    const [alice, bob] = clients as [WireClient, WireClient];
    await alice.ask({ type: 'group.create', group, users: [ids[1]] });
    expect(await bob.ask({ type: 'group.delete', group })).toMatchObject({ code: 'forbidden' });
    const remove = { type: 'group.delete', group, key: 'k' };
    expect(await alice.ask(remove)).toMatchObject({ type: 'ok' });
    expect(await alice.ask(remove)).toMatchObject({ type: 'ok', repeated: true });
    expect(await alice.ask({ ...remove, key: 'other' })).toMatchObject({ code: 'not_a_member' });
    expect(await bob.ask(remove)).toMatchObject({ code: 'not_a_member' });
    for (const client of [alice, bob]) {
      await whenSeen(client, group, 'removed');
      expect(seen(client, group).slice(1)).toEqual(['1 group', '2 group', 'removed']);
    }
    expect(bob.ofType('group')[1]).toMatchObject({ body: { deleted: true } });
    expect(await alice.ask({ type: 'send', to: `group/${group}`, body: 1 })).toMatchObject({ code: 'not_a_member' });
    await endAll(clients);
  });

  it('a repeated key of group.create is answered with repeated, and above groups.maxMembers comes quota_exceeded', async () => {
    const { clients, ids, group } = await newUsers(url(), 'a', 'b', 'c', 'd', 'e', 'f');
    const [alice] = clients as [WireClient];
    const create = { type: 'group.create', group, key: 'k', users: ids.slice(1, 5) };
    expect(await alice.ask(create)).toMatchObject({ type: 'ok', group, added: ids.slice(1, 5) });
    expect(await alice.ask(create)).toMatchObject({ type: 'ok', group, repeated: true });
    const sixth = await alice.ask({ type: 'group.add', group, users: [ids[5]] });
    expect(sixth).toMatchObject({ type: 'error', code: 'quota_exceeded' });
    await endAll(clients);
  });

  it('in a group above receipts.maxMembers a user gets no receipts of others, and their own `read` on their other sessions', async () => {
    const { clients, ids, group } = await newUsers(url(), 'alice', 'bob', 'carol', 'dan');
    const [alice, bob] = clients as [WireClient, WireClient];
    const phone = await WireClient.signIn(url(), ids[1]!, { device: 'phone' });
    await alice.ask({ type: 'group.create', group, users: ids.slice(1) });
    const channel = `group/${group}`;
    await alice.ask({ type: 'send', to: channel, body: 'hi' });
    const { epoch } = await bob.find((message) => message.type === 'message' && message['channel'] === channel);
    await bob.ask({ type: 'ack', cursors: { [channel]: { epoch, offset: 2 } } });
    await bob.ask({ type: 'read', channel, epoch, offset: 2 });
    const isReceipt = (message: WireMessage) => message.type === 'receipt' && message['channel'] === channel;
    expect(await phone.find(isReceipt)).toMatchObject({ user: ids[1], read: 2 });
    // A receipt of Bob for Alice would have been queued with that one.
    await alice.ask({ type: 'ping' });
    expect(alice.received.filter((message) => isReceipt(message) && message['user'] !== ids[0])).toEqual([]);
    await endAll([...clients, phone]);
  });

  it('group.receipts lists who has received and read an entry: others who were members and show it, to members', async () => {
    const { clients, ids, group } = await newUsers(url(), 'alice', 'bob', 'carol', 'eve');
    const [alice, bob, carol, eve] = clients as [WireClient, WireClient, WireClient, WireClient];
    const channel = `group/${group}`;
    const ask = (client: WireClient, fields: object = {}) => {
      return client.ask({ type: 'group.receipts', group, offset: 2, ...fields });
    };
    await alice.ask({ type: 'group.create', group, users: [ids[1]] });
    await alice.ask({ type: 'send', to: channel, body: 'hi' });
    await whenSeen(bob, group, '2 message');
    expect(await ask(alice)).toMatchObject({ type: 'receipts', delivered: [], read: [] });
    await bob.ask({ type: 'ack', cursors: { [channel]: 2 } });
    expect(await ask(alice)).toMatchObject({ delivered: [ids[1]], read: [] });
    await bob.ask({ type: 'read', channel, offset: 2 });
    expect(await ask(alice)).toMatchObject({ delivered: [ids[1]], read: [ids[1]] });
    expect(await ask(bob)).toMatchObject({ delivered: [], read: [] });
    // Who joined later has not received it, whatever they acknowledge since.
    await alice.ask({ type: 'group.add', group, users: [ids[2]] });
    await whenSeen(carol, group, '3 member');
    await carol.ask({ type: 'read', channel, offset: 3 });
    expect(await ask(alice)).toMatchObject({ delivered: [ids[1]], read: [ids[1]] });
    expect(await ask(alice, { offset: 3 })).toMatchObject({ delivered: [ids[2]], read: [ids[2]] });
    expect(await ask(carol)).toMatchObject({ code: 'invalid_field' });
    expect(await ask(alice, { offset: 4 })).toMatchObject({ code: 'invalid_field' });
    expect(await ask(alice, { epoch: 'other' })).toMatchObject({ code: 'stale_epoch' });
    await bob.ask({ type: 'settings', receipts: false });
    expect(await ask(alice)).toMatchObject({ delivered: [], read: [] });
    expect(await ask(bob, { offset: 3 })).toMatchObject({ delivered: [], read: [] });
    expect(await ask(eve)).toMatchObject({ code: 'not_a_member' });
    await alice.ask({ type: 'group.add', group, users: [ids[3]] });
    expect(await ask(alice)).toMatchObject({ code: 'forbidden' });
    await endAll(clients);
  });

  it('receipts and signals reach the members of a small group; in a larger one signals are refused', async () => {
    const { clients, ids, group } = await newUsers(url(), 'alice', 'bob', 'carol', 'dave');
    const [alice, bob, carol] = clients as [WireClient, WireClient, WireClient];
    const channel = `group/${group}`;
    await alice.ask({ type: 'group.create', group, users: [ids[1], ids[2]] });
    await whenSeen(bob, group, '1 group');
    await whenSeen(carol, group, '1 group');
    await bob.ask({ type: 'signal', to: channel, name: 'typing' });
    const signal = { type: 'signal', channel, from: ids[1], name: 'typing' };
    for (const client of [alice, carol]) expect(await client.find(({ type }) => type === 'signal')).toEqual(signal);
    await bob.ask({ type: 'read', channel, offset: 1 });
    const isReceipt = (message: WireMessage) => message.type === 'receipt' && message['channel'] === channel;
    for (const client of [alice, carol]) expect(await client.find(isReceipt)).toMatchObject({ user: ids[1], read: 1 });
    await alice.ask({ type: 'group.add', group, users: [ids[3]] });
    expect(await bob.ask({ type: 'signal', to: channel, name: 'typing' })).toMatchObject({ code: 'forbidden' });
    await endAll(clients);
  });
});

it('a group survives kill -9: its members, settings and log are there, and who was removed gets nothing above', async () => {
  const server = await ServerProcess.start(raisedRates);
  try {
    const { clients, ids, group } = await newUsers(server.gatewayUrl, 'alice', 'bob', 'carol');
    const [alice] = clients as [WireClient];
    await alice.ask({ type: 'group.create', group, title: 'T', users: ids.slice(1) });
    await alice.ask({ type: 'group.role', group, user: ids[1], role: 'admin' });
    await alice.ask({ type: 'group.remove', group, users: [ids[2]] });
    await alice.ask({ type: 'send', to: `group/${group}`, body: 'secret' });
    await server.kill('SIGKILL');
    await server.startAgain();
    const [bob, carol] = await Promise.all(
      ids.slice(1).map((id) => WireClient.signIn(server.gatewayUrl, id, { device: 'new' })),
    );
    await whenSeen(bob!, group, '4 message');
    const described = { head: 4, role: 'admin', members: 2, title: 'T', unread: 1 };
    expect(channelOf(await bob!.ask({ type: 'channels' }), group)).toMatchObject(described);
    expect(await bob!.ask({ type: 'group.update', group, title: 'U' })).toMatchObject({ type: 'ok' });
    await whenSeen(carol!, group, 'removed');
    expect(seen(carol!, group)).toEqual(['1 group', '2 member', '3 member', 'removed']);
    const history = await carol!.ask({ type: 'history', channel: `group/${group}` });
    expect(entriesOf(history)).toEqual(['1 group', '2 member', '3 member']);
    expect(await carol!.ask({ type: 'send', to: `group/${group}`, body: 1 })).toMatchObject({ code: 'not_a_member' });
  } finally {
    await server.remove();
  }
});
