// Inboxes and announcements over real sockets: who writes them, who reads them, and what reaches whom.

import { raisedRates } from '@longwire/test-support/raised-rates';
import { ServerProcess } from '@longwire/test-support/server-process';
import { signedToken } from '@longwire/test-support/signed-token';
import { startTestServer, type TestServer } from '@longwire/test-support/test-server';
import { until } from '@longwire/test-support/until';
import { WireClient } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const settings = { ...raisedRates, LONGWIRE_DEV_ADMINS: 'crm' };
let names = 0;

async function listed(client: WireClient, address: string): Promise<Record<string, unknown> | undefined> {
  const { channels } = await client.ask({ type: 'channels' });
  return (channels as Record<string, unknown>[]).find((channel) => channel['address'] === address);
}

/** Offsets of what is there, and reasons of gaps. */
async function outline(client: WireClient, channel: string): Promise<unknown[]> {
  const { entries } = await client.ask({ type: 'history', channel, limit: 200 });
  return (entries as Record<string, unknown>[]).map((item) =>
    item['type'] === 'gap' ? [item['from'], item['to'], item['reason']] : item['offset'],
  );
}

const of = (client: WireClient, channel: string) =>
  client.ofType('message').filter((message) => message['channel'] === channel);

describe('inbox and all', () => {
  let server: TestServer;
  let crm: WireClient;
  beforeAll(async () => {
    server = await startTestServer(settings);
    crm = await WireClient.signIn(server.url, 'crm');
  });
  afterAll(async () => {
    await crm.end();
    await server.remove();
  });

  function newUser(): string {
    names += 1;
    return `user${names}`;
  }

  const notify = (user: string, body: unknown, fields: object = {}) =>
    crm.ask({ type: 'send', to: `inbox/${user}`, body, ...fields });
  const announce = (body: unknown, fields: object = {}) => crm.ask({ type: 'send', to: 'all', body, ...fields });

  it('send to inbox/<user> by an admin is stored with `by`, without `from` and `key`, and reaches that user alone, in `inbox`', async () => {
    const user = newUser();
    const bob = await WireClient.signIn(server.url, user);
    const other = await WireClient.signIn(server.url, newUser());
    const body = { title: 'Shipped', data: { order: 7 } };
    const sent = await notify(user, body, { key: 'order-7', slot: 'orders' });
    expect(sent).toMatchObject({ type: 'sent', channel: `inbox/${user}`, offset: 1 });
    const [entry] = await bob.count('message', 1);
    const { epoch, at } = sent;
    expect(entry).toEqual({
      ...{ type: 'message', channel: 'inbox', epoch, offset: 1, by: 'crm', at, body, slot: 'orders' },
    });
    expect(await notify(user, 'other', { key: 'order-7' })).toMatchObject({ type: 'sent', offset: 1, repeated: true });
    await other.ask({ type: 'ping' });
    expect([of(other, 'inbox'), of(crm, 'inbox')]).toEqual([[], []]);
    await Promise.all([bob.end(), other.end()]);
  });

  it('notifications wait for a user who is offline, count in `unread`, and come once to each device', async () => {
    const user = newUser();
    for (const body of ['one', 'two']) await notify(user, body);
    const phone = await WireClient.signIn(server.url, user, { device: 'phone' });
    const [, second] = await phone.count('message', 2);
    expect(of(phone, 'inbox').map(({ body }) => body)).toEqual(['one', 'two']);
    const { epoch } = second!;
    expect(await listed(phone, 'inbox')).toMatchObject({ head: 2, read: 0, unread: 2, last: { body: 'two' } });
    expect(await phone.ask({ type: 'ack', cursors: { inbox: { epoch, offset: 1 } } })).toMatchObject({ type: 'ok' });
    await phone.end();
    const again = await WireClient.signIn(server.url, user, { device: 'phone' });
    await again.count('message', 1);
    await notify(user, 'three');
    await again.count('message', 2);
    expect(of(again, 'inbox').map(({ body }) => body)).toEqual(['two', 'three']);
    const given = { inbox: { epoch, offset: 2 }, all: { epoch, offset: 0 } };
    const tablet = await WireClient.signIn(server.url, user, { device: 'tablet', cursors: given });
    await tablet.count('message', 1);
    expect(of(tablet, 'inbox').map(({ body }) => body)).toEqual(['three']);
    await Promise.all([again.end(), tablet.end()]);
  });

  it('read of `inbox` and `all` moves the cursor of the user, and is pushed as `receipt` to their other sessions alone', async () => {
    const user = newUser();
    const phone = await WireClient.signIn(server.url, user, { device: 'phone' });
    const tablet = await WireClient.signIn(server.url, user, { device: 'tablet' });
    const other = await WireClient.signIn(server.url, newUser());
    await notify(user, 'n');
    await announce('a');
    await phone.count('message', 2);
    for (const channel of ['inbox', 'all']) {
      const { epoch, offset } = of(phone, channel)[0]!;
      expect(await phone.ask({ type: 'read', channel, epoch, offset })).toMatchObject({ type: 'ok' });
      expect(await listed(phone, channel)).toMatchObject({ read: offset, unread: 0 });
    }
    for (const channel of ['inbox', 'all']) {
      const { offset } = of(phone, channel)[0]!;
      await tablet.find((push) => push.type === 'receipt' && push['channel'] === channel && push['read'] === offset);
    }
    await other.ask({ type: 'ping' });
    expect([other.ofType('receipt'), crm.ofType('receipt')]).toEqual([[], []]);
    await Promise.all([phone.end(), tablet.end(), other.end()]);
  });

  it('send to `all` by an admin reaches every user from their first sign-in on: live, later, and in history', async () => {
    const [here, offline] = [newUser(), newUser()];
    const online = await WireClient.signIn(server.url, here);
    await (await WireClient.signIn(server.url, offline)).end();
    const { offset } = (await announce({ title: 'Tonight' })) as unknown as { offset: number };
    const [entry] = await online.count('message', 1);
    expect(entry).toMatchObject({ channel: 'all', offset, by: 'crm', body: { title: 'Tonight' } });
    const back = await WireClient.signIn(server.url, offline);
    await back.count('message', 1);
    // Who comes first after it gets what is announced from then on.
    const late = await WireClient.signIn(server.url, newUser());
    expect(await listed(late, 'all')).toBeUndefined();
    await announce({ title: 'Tomorrow' });
    await late.count('message', 1);
    expect(of(late, 'all').map((message) => message['offset'])).toEqual([offset + 1]);
    const page = await late.ask({ type: 'history', channel: 'all' });
    expect(page).toMatchObject({ entries: [{ offset: offset + 1, body: { title: 'Tomorrow' } }], more: false });
    expect(await listed(late, 'all')).toMatchObject({ visibleFrom: offset + 1, unread: 1 });
    await Promise.all([online.end(), back.end(), late.end()]);
  });

  it('an admin gets their own announcements as `sent`, and notifications to themselves as `sent` of `inbox`', async () => {
    await crm.ask({ type: 'ping' });
    const before = of(crm, 'all').length;
    const sent = await announce('mine');
    expect(sent).toMatchObject({ type: 'sent', channel: 'all' });
    expect(await notify('crm', 'note')).toMatchObject({ type: 'sent', channel: 'inbox' });
    await announce('echoed', { echo: true });
    await crm.until(() => of(crm, 'all').length === before + 1);
    expect(of(crm, 'all').at(-1)).toMatchObject({ offset: Number(sent['offset']) + 1, body: 'echoed' });
    expect(of(crm, 'inbox')).toEqual([]);
  });

  it('slot: a newer notification replaces the older one, in whose place a device that comes later gets a gap `superseded`', async () => {
    const user = newUser();
    const online = await WireClient.signIn(server.url, user, { device: 'online' });
    for (const [body, slot] of [
      ['1 comment', 'post'],
      ['other', 'x'],
      ['2 comments', 'post'],
      ['3 comments', 'post'],
    ]) {
      await notify(user, body, { slot });
    }
    await online.count('message', 4);
    expect(await listed(online, 'inbox')).toMatchObject({ head: 4, unread: 2, last: { body: '3 comments' } });
    expect(await outline(online, 'inbox')).toEqual([[1, 1, 'superseded'], 2, [3, 3, 'superseded'], 4]);
    const later = await WireClient.signIn(server.url, user, { device: 'later' });
    await later.count('message', 2);
    const pushes = later.received.filter(({ type }) => type === 'gap' || type === 'message');
    expect(pushes.map(({ type, offset, from, reason }) => [type, offset ?? from, reason])).toEqual([
      ['gap', 1, 'superseded'],
      ['message', 2, undefined],
      ['gap', 3, 'superseded'],
      ['message', 4, undefined],
    ]);
    const { epoch } = of(later, 'inbox')[0]!;
    await later.ask({ type: 'read', channel: 'inbox', epoch, offset: 2 });
    expect(await listed(later, 'inbox')).toMatchObject({ unread: 1 });
    await Promise.all([online.end(), later.end()]);
  });

  it('ttlMs: a notification has `expiresAt`, is removed after it, and then does not count in `unread`', async () => {
    const user = newUser();
    const online = await WireClient.signIn(server.url, user);
    const sent = await notify(user, 'now', { ttlMs: 1 });
    await announce('short', { ttlMs: 1 });
    await notify(user, 'long', { ttlMs: 86_400_000 });
    await online.count('message', 3);
    const [entry] = of(online, 'inbox');
    expect(entry).toMatchObject({ body: 'now' });
    const expiry = Number(entry!['expiresAt']) - Number(sent['at']);
    // From the command on; `at` is that of the append.
    expect(expiry).toBeLessThanOrEqual(1);
    await until(async () => (await listed(online, 'inbox'))?.['unread'] === 1);
    expect(await outline(online, 'inbox')).toEqual([[1, 1, 'expired'], 2]);
    await until(async () =>
      (await outline(online, 'all')).some((item) => Array.isArray(item) && item[2] === 'expired'),
    );
    expect(await crm.ask({ type: 'send', to: `user/${user}`, body: 1, ttlMs: 1 })).toMatchObject({
      code: 'invalid_field',
    });
    expect(await notify(user, 'kept', { retain: true })).toMatchObject({ code: 'invalid_field' });
    await online.end();
  });

  it('read with `only` marks one notification: `unread`, `only` of the channel, and the `receipt` of the other sessions', async () => {
    const user = newUser();
    const phone = await WireClient.signIn(server.url, user, { device: 'phone' });
    const tablet = await WireClient.signIn(server.url, user, { device: 'tablet' });
    for (let body = 1; body <= 4; body += 1) await notify(user, body, body === 2 ? { slot: 's' } : {});
    await phone.count('message', 4);
    const { epoch } = of(phone, 'inbox')[0]!;
    const readOnly = (offset: number, fields: object = {}) =>
      phone.ask({ type: 'read', channel: 'inbox', epoch, offset, only: true, ...fields });
    for (const offset of [3, 2, 3]) expect(await readOnly(offset)).toMatchObject({ type: 'ok' });
    await tablet.find(({ type, only }) => type === 'receipt' && JSON.stringify(only) === '[2,3]');
    expect(await listed(phone, 'inbox')).toMatchObject({ read: 0, unread: 2, only: [2, 3] });
    // What is replaced after it was read does not count twice.
    await notify(user, 5, { slot: 's' });
    expect(await listed(phone, 'inbox')).toMatchObject({ unread: 3 });
    expect(await readOnly(6)).toMatchObject({ code: 'invalid_field' });
    expect(await readOnly(1, { epoch: 'other' })).toMatchObject({ code: 'stale_epoch' });
    // The ordinary read reaches them.
    expect(await phone.ask({ type: 'read', channel: 'inbox', epoch, offset: 2 })).toMatchObject({ type: 'ok' });
    expect(await listed(phone, 'inbox')).toMatchObject({ read: 2, unread: 2, only: [3] });
    const later = await WireClient.signIn(server.url, user, { device: 'later' });
    const { channels } = later.ofType('connected')[0] as unknown as { channels: Record<string, unknown>[] };
    expect(channels.find(({ address }) => address === 'inbox')).toMatchObject({ read: 2, unread: 2, only: [3] });
    await phone.ask({ type: 'read', channel: 'inbox', epoch, offset: 5 });
    const last = await listed(phone, 'inbox');
    expect([last?.['unread'], last?.['only']]).toEqual([0, undefined]);
    await Promise.all([phone.end(), tablet.end(), later.end()]);
  });

  it('send to `inbox/<user>` and `all` by others, reading the inbox of another user, and signals there are `forbidden`', async () => {
    const [user, stranger] = [newUser(), newUser()];
    await notify(user, 'private');
    const client = await WireClient.signIn(server.url, stranger);
    const position = { epoch: 'k3', offset: 1 };
    const commands = [
      { type: 'send', to: `inbox/${user}`, body: 1 },
      { type: 'send', to: 'inbox', body: 1 },
      { type: 'send', to: 'all', body: 1 },
      { type: 'signal', to: `inbox/${user}`, name: 'typing' },
      { type: 'signal', to: 'all', name: 'typing' },
      { type: 'history', channel: `inbox/${user}` },
      { type: 'read', channel: `inbox/${user}`, ...position },
      { type: 'ack', cursors: { [`inbox/${user}`]: position } },
    ];
    for (const command of commands) {
      expect(await client.ask(command), JSON.stringify(command)).toMatchObject({ type: 'error', code: 'forbidden' });
    }
    expect(await crm.ask({ type: 'history', channel: `inbox/${user}` })).toMatchObject({ code: 'forbidden' });
    expect(await client.ask({ type: 'mute', channel: `inbox/${user}` })).toMatchObject({ code: 'invalid_field' });
    await client.end();
    const owner = await WireClient.signIn(server.url, user);
    expect(await owner.ask({ type: 'history', channel: `inbox/${user}` })).toMatchObject({
      entries: [{ channel: 'inbox', body: 'private' }],
    });
    await owner.end();
  });
});

it('the claim `role: "admin"` makes an admin, until `refresh` with a token without it', async () => {
  const secret = '0123456789abcdef0123456789abcdef';
  const server = await startTestServer({ LONGWIRE_AUTH: 'jwt', LONGWIRE_JWT_SECRET: secret });
  const expiry = Math.floor(Date.now() / 1_000) + 3_600;
  const token = (claims: object) => signedToken(secret, { sub: 'crm', exp: expiry, ...claims });
  const client = await WireClient.signIn(server.url, 'crm', { token: token({ role: 'admin' }) });
  expect(await client.ask({ type: 'send', to: 'all', body: 1, key: 'k' })).toMatchObject({ type: 'sent', offset: 1 });
  expect(await client.ask({ type: 'refresh', token: token({}) })).toMatchObject({ type: 'refreshed' });
  expect(await client.ask({ type: 'send', to: 'all', body: 2 })).toMatchObject({ code: 'forbidden' });
  // What was stored is still answered.
  expect(await client.ask({ type: 'send', to: 'all', body: 1, key: 'k' })).toMatchObject({
    type: 'sent',
    repeated: true,
  });
  expect(await client.ask({ type: 'send', to: 'all', body: 1, key: 'n' })).toMatchObject({ code: 'forbidden' });
  expect(await client.ask({ type: 'refresh', token: token({ role: 'admin' }) })).toMatchObject({ type: 'refreshed' });
  expect(await client.ask({ type: 'send', to: 'inbox/bob', body: 3 })).toMatchObject({ type: 'sent', offset: 1 });
  await client.end();
  await server.remove();
});

it('after kill -9 in the middle of updates, each `slot` has its newest entry alone, and what has expired meanwhile is gone', async () => {
  const server = await ServerProcess.start(settings);
  try {
    const crm = await WireClient.signIn(server.gatewayUrl, 'crm');
    const send = (fields: object) => crm.say({ type: 'send', to: 'inbox/bob', body: 1, ...fields });
    await crm.ask({ type: 'send', to: 'inbox/bob', body: 'short', ttlMs: 1_000 });
    for (let id = 1; id <= 300; id += 1) send({ id: `n${id}`, slot: `slot ${id % 3}` });
    await crm.find(({ re }) => re === 'n100');
    await server.kill();
    const answered = crm.ofType('sent').map(({ offset }) => Number(offset));
    await server.startAgain();
    const bob = await WireClient.signIn(server.gatewayUrl, 'bob');
    await until(async () => String((await outline(bob, 'inbox'))[0]) === '1,1,expired');
    const { head, unread } = (await listed(bob, 'inbox')) as { head: number; unread: number };
    expect(head).toBeGreaterThanOrEqual(Math.max(...answered));
    const there = (await outline(bob, 'inbox')).filter((item) => typeof item === 'number');
    expect([there, unread]).toEqual([[head - 2, head - 1, head], 3]);
    await bob.end();
  } finally {
    await server.remove();
  }
}, 60_000);
