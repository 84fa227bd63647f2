// Names and pictures over real sockets: from the claims of tokens to those who may see them.

import { raisedRates } from '@longwire/test-support/raised-rates';
import { signedToken } from '@longwire/test-support/signed-token';
import { startTestServer, type TestServer } from '@longwire/test-support/test-server';
import { WireClient, type WireMessage } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const secret = '0123456789abcdef0123456789abcdef';
const settings = {
  ...raisedRates,
  LONGWIRE_AUTH: 'jwt',
  LONGWIRE_JWT_SECRET: secret,
  LONGWIRE_USERS_SEARCHABLE: 'true',
};
const picture = 'https://pictures.example.org/p.png';

let onSqlite: TestServer;
let inMemory: TestServer;
let worlds = 0;
beforeAll(async () => {
  onSqlite = await startTestServer(settings);
  inMemory = await startTestServer({ ...settings, LONGWIRE_DATA: 'memory:' });
});
afterAll(() => Promise.all([onSqlite.remove(), inMemory.remove()]));

const tokenOf = (sub: string, claims: object) =>
  signedToken(secret, { sub, exp: Math.floor(Date.now() / 1000) + 600, ...claims });

async function signIn({ url }: TestServer, user: string, claims: object = {}): Promise<WireClient> {
  const client = await WireClient.open(url);
  expect(await client.ask({ type: 'connect', token: tokenOf(user, claims) })).toMatchObject({ type: 'connected' });
  return client;
}

/** Users whom no other test has, with these claims in their tokens; each has written to the first one. */
async function newUsers(server: TestServer, ...claims: readonly object[]) {
  worlds += 1;
  const ids = claims.map((_, index) => `${'abcd'[index]}${worlds}`);
  const clients = await Promise.all(ids.map((id, index) => signIn(server, id, claims[index])));
  for (const client of clients.slice(1)) await client.ask({ type: 'send', to: `user/${ids[0]}`, body: 1 });
  return { ids, clients, end: () => Promise.all(clients.map((client) => client.end())) };
}

const usersOf = async (client: WireClient, users: readonly unknown[], group?: string) =>
  (await client.ask({ type: 'users', users, group }))['users'];
const channelsOf = async (client: WireClient) => (await client.ask({ type: 'channels' }))['channels'] as WireMessage[];
const linesAbout = ({ logLines }: TestServer, user: string) =>
  logLines.map((line) => JSON.parse(line)).filter((line) => line.user === user && line.claim !== undefined);

describe.each([
  ['SQLite', () => onSqlite],
  ['memory', () => inMemory],
])('on %s', (_, server) => {
  it('the claims name and picture come with direct channels, members and presence, and users asks for them', async () => {
    const { ids, clients, end } = await newUsers(server(), { name: 'Ann' }, { name: ' Bob\nB. ', picture }, {});
    const [ann, bob, cem] = clients as [WireClient, WireClient, WireClient];
    const [a, b, c] = ids;
    const group = `g${worlds}`;
    await ann.ask({ type: 'group.create', group, users: [b, c] });
    const direct = (await channelsOf(ann)).filter(({ address }) => String(address).startsWith('user/'));
    expect(direct.map(({ name, picture }) => [name, picture])).toEqual([
      [undefined, undefined],
      ['Bob B.', picture],
    ]);
    expect((await channelsOf(bob)).find(({ address }) => address === `user/${a}`)).toMatchObject({ name: 'Ann' });
    expect((await cem.ask({ type: 'group.members', group }))['members']).toEqual([
      { user: a, role: 'owner', name: 'Ann' },
      { user: b, role: 'member', name: 'Bob B.', picture },
      { user: c, role: 'member' },
    ]);
    expect((await ann.ask({ type: 'presence', users: [b, c] }))['users']).toEqual({
      [b!]: { online: true, name: 'Bob B.', picture },
      [c!]: { online: true },
    });
    expect(await usersOf(ann, [c, b, a])).toEqual([
      { user: b, name: 'Bob B.', picture },
      { user: a, name: 'Ann' },
    ]);
    // Cem and Bob share the group, and have never written to one another.
    expect(await usersOf(cem, [b])).toEqual([]);
    expect(await usersOf(cem, [b, 'nobody-here'], group)).toEqual([{ user: b, name: 'Bob B.', picture }]);
    await end();
  });

  it('users is empty for strangers, for users who do not exist, and for groups of others', async () => {
    const { clients, end } = await newUsers(server(), { name: 'Ann' });
    const other = await newUsers(server(), { name: 'Zoe' }, { name: 'Yan' });
    const group = `g${worlds}`;
    await other.clients[0]!.ask({ type: 'group.create', group, users: [other.ids[1]] });
    const [ann] = clients as [WireClient];
    expect(await usersOf(ann, other.ids)).toEqual([]);
    expect(await usersOf(ann, other.ids, group)).toEqual([]);
    expect(await usersOf(ann, other.ids, 'no-such-group')).toEqual([]);
    // Hidden as presence is, where the other one has not written.
    await ann.ask({ type: 'send', to: `user/${other.ids[0]}`, body: 1 });
    expect((await ann.ask({ type: 'presence', users: [other.ids[0]] }))['users']).toEqual({
      [other.ids[0]!]: { online: false },
    });
    await Promise.all([end(), other.end()]);
  });

  it('a sign-in or refresh with another name is pushed as presence to those who watch, and one without claims keeps it', async () => {
    const { ids, clients, end } = await newUsers(server(), {}, { name: 'Bob', picture });
    const [ann, bob] = clients as [WireClient, WireClient];
    const b = ids[1]!;
    expect((await ann.ask({ type: 'watch', users: [b] }))['users']).toMatchObject({ [b]: { name: 'Bob', picture } });
    const plain = await signIn(server(), b);
    const renamed = await signIn(server(), b, { name: 'Robert' });
    await ann.count('presence', 1);
    const fresh = await bob.ask({ type: 'refresh', token: tokenOf(b, { name: 'Robert', picture: '' }) });
    expect(fresh).toMatchObject({ type: 'refreshed' });
    const pushes = await ann.count('presence', 2);
    expect(pushes).toEqual([
      { type: 'presence', user: b, online: true, name: 'Robert', picture },
      { type: 'presence', user: b, online: true, name: 'Robert' },
    ]);
    // What is stored already is not pushed again.
    const same = await signIn(server(), b, { name: 'Robert' });
    await ann.ask({ type: 'ping' });
    expect(ann.ofType('presence')).toHaveLength(2);
    await Promise.all([end(), plain.end(), renamed.end(), same.end()]);
  });

  it('user.update of an admin changes what is given and is pushed to those who watch, and is forbidden for others', async () => {
    const { ids, clients, end } = await newUsers(server(), {}, { name: 'Bob', picture });
    const [ann, bob] = clients as [WireClient, WireClient];
    const b = ids[1]!;
    const admin = await signIn(server(), 'backend', { role: 'admin' });
    await ann.ask({ type: 'watch', users: [b] });
    const update = (fields: object) => admin.ask({ type: 'user.update', user: b, ...fields });
    expect(await update({ name: ' Robert\u00a0B. ', picture: null })).toMatchObject({ type: 'ok' });
    expect(await ann.count('presence', 1)).toEqual([{ type: 'presence', user: b, online: true, name: 'Robert B.' }]);
    expect(await usersOf(ann, [b])).toEqual([{ user: b, name: 'Robert B.' }]);
    expect(await update({ picture: 'file:///etc/passwd' })).toMatchObject({ code: 'invalid_field' });
    expect(await update({ user: 'never-seen', name: 'X' })).toMatchObject({ code: 'no_such_user' });
    expect(await bob.ask({ type: 'user.update', user: b, name: 'X' })).toMatchObject({ code: 'forbidden' });
    await Promise.all([end(), admin.end()]);
  });

  it('users.search finds users by the beginning of their names, without the user and those who block the user', async () => {
    const word = `W${worlds}-${_}`;
    const { ids, clients, end } = await newUsers(
      server(),
      { name: `${word} Ann` },
      { name: `${word.toLowerCase()} bob`, picture },
      { name: `${word} Cem` },
      { name: `x ${word}` },
    );
    const [ann, , cem] = clients as [WireClient, WireClient, WireClient];
    const search = async (client: WireClient, limit?: number) =>
      (await client.ask({ type: 'users.search', prefix: word, limit }))['users'];
    expect(await search(ann)).toEqual([
      { user: ids[1], name: `${word.toLowerCase()} bob`, picture },
      { user: ids[2], name: `${word} Cem` },
    ]);
    expect(await search(cem, 1)).toEqual([{ user: ids[0], name: `${word} Ann` }]);
    await cem.ask({ type: 'block', user: ids[0] });
    expect(await search(ann)).toMatchObject([{ user: ids[1] }]);
    expect(await search(cem)).toMatchObject([{ user: ids[0] }, { user: ids[1] }]);
    expect(ann.ofType('connected')[0]?.['features']).toContain('search');
    await end();
  });

  it('claims that cannot be used are ignored with a line in the log that has their names and not their values', async () => {
    const { ids, clients, end } = await newUsers(server(), {}, { name: 'Bob', picture: 'javascript:alert(1)' });
    const [a, b] = ids;
    expect(await usersOf(clients[0]!, [b])).toEqual([{ user: b, name: 'Bob' }]);
    const lines = linesAbout(server(), b!);
    expect(lines).toMatchObject([{ claim: 'picture', code: 'invalid_field', msg: 'A claim of a token was ignored' }]);
    expect(JSON.stringify(lines)).not.toContain('alert');
    expect(linesAbout(server(), a!)).toEqual([]);
    await end();
  });
});

it('names and pictures are kept over a restart', async () => {
  const { ids, clients } = await newUsers(onSqlite, {}, { name: 'Bob', picture });
  for (const client of clients) client.cut();
  onSqlite = await onSqlite.restart();
  const ann = await signIn(onSqlite, ids[0]!);
  const [connected] = ann.ofType('connected') as [WireMessage & { readonly channels: readonly unknown[] }];
  expect(connected.channels).toMatchObject([{ address: `user/${ids[1]}`, name: 'Bob', picture }]);
  await ann.end();
}, 60_000);

it('users.search is forbidden, and not among the features, unless users.searchable is set', async () => {
  const { LONGWIRE_USERS_SEARCHABLE: _, ...withoutSearch } = settings;
  const server = await startTestServer({ ...withoutSearch, LONGWIRE_DATA: 'memory:' });
  const ann = await signIn(server, 'ann', { name: 'Ann' });
  expect(await ann.ask({ type: 'users.search', prefix: 'a' })).toMatchObject({ code: 'forbidden', retryable: false });
  expect(ann.ofType('connected')[0]?.['features']).not.toContain('search');
  await ann.end();
  await server.remove();
});
