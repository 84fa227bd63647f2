// Groups: what their commands send, return and reject with, and their entries as events.

import { startTestServer, type TestServer } from '@longwire/test-support/test-server';
import { settled, until } from '@longwire/test-support/until';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConnectOptions } from '../src/arguments/options.js';
import { connect, type LongwireClient } from '../src/index.js';
import { startClient } from './support/start-client.js';
import { messageAt } from './support/test-platform.js';

const memberAt = (offset: number, body: object, fields: object = {}) => ({
  ...messageAt(offset, { channel: 'group/eng', type: 'member', body }),
  ...fields,
});

describe('the commands of a group', () => {
  it('update(), add(), invite(), accept(), decline(), remove(), setRole(), join(), leave(), delete(), members(), receipts() and pending() send their fields', async () => {
    const { platform, client } = startClient();
    const eng = client.group('eng');
    expect([eng.id, eng.address]).toEqual(['eng', 'group/eng']);
    const socket = await platform.signIn();
    const calls = [
      [() => eng.update({ title: null, posting: 'admins' }), 'update', { title: null, posting: 'admins' }],
      [() => eng.add(new Set(['bob'])), 'add', { users: ['bob'] }, { added: ['bob'] }, { added: ['bob'], invited: [] }],
      [() => eng.invite(['bob']), 'invite', { users: ['bob'] }, { invited: ['bob'] }, { added: [], invited: ['bob'] }],
      [() => eng.accept(), 'accept', {}],
      [() => eng.decline({ user: 'carol' }), 'decline', { user: 'carol' }],
      [() => eng.remove(['bob', 'bob']), 'remove', { users: ['bob'] }, { removed: [] }, []],
      [() => eng.setRole('bob', 'admin'), 'role', { user: 'bob', role: 'admin' }],
      [() => eng.join(), 'join', {}, {}, { pending: false }],
      [() => eng.join(), 'join', {}, { pending: true }, { pending: true }],
      [() => eng.leave(), 'leave', {}],
      [() => eng.delete(), 'delete', {}],
    ] as const;
    for (const [call, type, fields, answer = {}, result = undefined] of calls) {
      const done = call();
      const { id, key, ...sent } = socket.last(`group.${type}`)!;
      expect(sent).toEqual({ type: `group.${type}`, group: 'eng', ...fields });
      expect(typeof key).toBe(type === 'update' || type === 'delete' ? 'string' : 'undefined');
      socket.push({ re: id, type: 'ok', ...answer });
      expect(await done).toEqual(result);
    }
    const page = eng.members({ after: 'alice', limit: 1 });
    const asked = socket.last('group.members');
    expect(asked).toMatchObject({ group: 'eng', after: 'alice', limit: 1 });
    const members = [{ user: 'bob', role: 'admin' }];
    socket.push({ re: asked?.['id'], type: 'members', members, more: true, total: 3 });
    expect(await page).toEqual({ members, more: true, total: 3 });
    const receipts = eng.receipts({ epoch: 'k3', offset: 2 });
    expect(socket.last('group.receipts')).toMatchObject({ group: 'eng', epoch: 'k3', offset: 2 });
    socket.push({ re: socket.last('group.receipts')?.['id'], type: 'receipts', delivered: ['a', 'b'], read: ['b'] });
    expect(await receipts).toEqual({ delivered: ['a', 'b'], read: ['b'] });
    const pendingPage = eng.pending({ limit: 1 });
    const pending = [{ user: 'carol', state: 'requested', by: 'carol', at: 1 }];
    expect(socket.last('group.members')).toMatchObject({ group: 'eng', pending: true, limit: 1 });
    socket.push({ re: socket.last('group.members')?.['id'], type: 'members', members: pending, more: false, total: 1 });
    expect(await pendingPage).toEqual({ pending, more: false, total: 1 });
  });

  it('invitations() asks for a page, and the event invitation reports what changes', async () => {
    const { platform, client } = startClient();
    const seen: unknown[] = [];
    client.on('invitation', (invitation) => void seen.push(invitation));
    client.on('channel', (channel) => void seen.push(channel));
    const socket = await platform.signIn();
    const page = client.invitations({ after: 'a', limit: 5 });
    expect(socket.last('group.invitations')).toMatchObject({ after: 'a', limit: 5 });
    const invitations = [{ group: 'eng', by: 'bob', at: 1, title: 'T' }];
    socket.push({ re: socket.last('group.invitations')?.['id'], type: 'invitations', invitations, more: false });
    expect(await page).toEqual({ invitations, more: false });
    socket.push({ type: 'channel', address: 'group/eng', invitation: { by: 'bob', at: 1 } });
    socket.push({ type: 'channel', address: 'group/eng', invitation: { ended: true } });
    await settled();
    expect(seen).toEqual([
      { group: 'eng', by: 'bob', at: 1 },
      { group: 'eng', ended: true },
    ]);
  });

  it('createGroup() chooses the id and the key, and repeats both after a lost connection', async () => {
    const { platform, client } = startClient();
    const created = client.createGroup({ title: 'Engineering', users: ['bob'] });
    const socket = await platform.signIn();
    const { id: _id, ...first } = socket.last('group.create')!;
    expect(first).toMatchObject({ title: 'Engineering', users: ['bob'], group: first['key'] });
    socket.end(1006);
    const again = await platform.comeBack();
    const { id, ...second } = again.last('group.create')!;
    expect(second).toEqual(first);
    again.push({ re: id, type: 'ok', group: first['group'], repeated: true });
    expect((await created).id).toBe(first['group']);
  });

  it('createGroup() that was aborted after it was sent is perhapsStored, with the key', async () => {
    const { platform, client } = startClient();
    await platform.signIn();
    const abort = new AbortController();
    const created = client.createGroup({ id: 'eng', key: 'k1', signal: abort.signal });
    abort.abort();
    await expect(created).rejects.toMatchObject({ code: 'aborted', perhapsStored: true, key: 'k1' });
  });

  it('leave() resolves if its repetition is refused with not_a_member, and rejects if the first attempt is', async () => {
    const { platform, client } = startClient();
    const left = client.group('eng').leave();
    const refusal = { type: 'error', code: 'not_a_member', message: '…', retryable: false };
    (await platform.signIn()).end(1006);
    const socket = await platform.comeBack();
    socket.push({ re: socket.last('group.leave')?.['id'], ...refusal });
    expect(await left).toBeUndefined();
    const refused = client.group('eng').leave();
    socket.push({ re: socket.last('group.leave')?.['id'], ...refusal });
    await expect(refused).rejects.toMatchObject({ code: 'not_a_member' });
  });

  it('reject with invalid_field, unsent, for arguments that are not valid', async () => {
    const { platform, client } = startClient();
    const socket = await platform.signIn();
    const eng = client.group('eng');
    const calls = [
      () => eng.add(['a b']),
      () => eng.accept({ user: 'a b' }),
      () => eng.receipts(5 as never),
      () => eng.decline({ users: ['a'] } as never),
      () => client.invitations({ before: 'x' } as never),
      () => eng.remove(5 as never),
      () => eng.setRole('a/b', 'admin'),
      () => eng.update({ tittle: 'x' } as never),
      () => eng.update({ metadata: { now: new Map() } as never }),
      () => eng.members({ before: 'x' } as never),
      () => eng.leave({ limit: 1 } as never),
      () => client.createGroup({ id: 'a/b' }),
      () => client.createGroup({ key: 'a b' }),
    ];
    for (const call of calls) await expect(call(), String(call)).rejects.toMatchObject({ code: 'invalid_field' });
    expect(() => client.group('a/b')).toThrow('"a/b" is not a group id');
    expect(socket.sent.map(({ type }) => type)).toEqual(['connect']);
  });
});

describe('the events member and group', () => {
  it('come in their places among the messages, each after the handler before it, and are acknowledged', async () => {
    const { platform, client } = startClient();
    const seen: unknown[] = [];
    let finish: () => void = () => undefined;
    client.on('message', async ({ body }) => {
      seen.push(body);
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
    });
    client.on('member', ({ change, users, role, from, own }) => void seen.push({ change, users, role, from, own }));
    client.on('group', ({ settings, deleted, own }) => void seen.push({ settings, deleted, own }));
    const socket = await platform.signIn();
    socket.push(messageAt(1, { channel: 'group/eng' }));
    socket.push(memberAt(2, { change: 'role', users: ['bob'], role: 'admin' }));
    socket.push(memberAt(3, { title: 'T', joining: null }, { type: 'group', from: 'alice' }));
    socket.push(memberAt(4, { deleted: true }, { type: 'group' }));
    await settled();
    expect(seen).toEqual(['m1']);
    finish();
    await settled();
    expect(seen.slice(1)).toEqual([
      { change: 'role', users: ['bob'], role: 'admin', from: 'bob', own: false },
      { settings: { title: 'T', joining: null }, deleted: false, own: true },
      { settings: {}, deleted: true, own: false },
    ]);
    await platform.clock.advance(2_000);
    expect(socket.last('ack')).toMatchObject({ cursors: { 'group/eng': { epoch: 'k3', offset: 4 } } });
  });

  it('are not acknowledged with ackMode manual until the app does it', async () => {
    const { platform, client } = startClient({ ackMode: 'manual' });
    client.on('message', () => undefined);
    client.on('member', (member) => client.ack(member));
    const socket = await platform.signIn();
    socket.push(memberAt(1, { title: 'T' }, { type: 'group' }));
    await platform.clock.advance(3_000);
    expect(socket.last('ack')).toBeUndefined();
    socket.push(memberAt(2, { change: 'left', users: ['bob'] }));
    await settled();
    await platform.clock.advance(3_000);
    expect(socket.last('ack')).toMatchObject({ cursors: { 'group/eng': { epoch: 'k3', offset: 2 } } });
  });

  it('wait for the first handler of their own or of message', async () => {
    const { platform, client } = startClient();
    const seen: string[] = [];
    const socket = await platform.signIn();
    socket.push(memberAt(1, { title: 'T' }, { type: 'group' }));
    socket.push(memberAt(2, { change: 'left', users: ['bob'] }));
    socket.push(messageAt(3, { channel: 'group/eng' }));
    await settled();
    client.on('group', () => void seen.push('group'));
    await settled();
    expect(seen).toEqual(['group']);
    client.on('member', ({ change }) => void seen.push(change));
    await settled();
    expect(seen).toEqual(['group', 'left']);
    client.on('message', ({ body }) => void seen.push(String(body)));
    await settled();
    expect(seen).toEqual(['group', 'left', 'm3']);
  });

  it('history() has them among its items, not among its messages', async () => {
    const { platform, client } = startClient();
    const socket = await platform.signIn();
    const page = client.group('eng').history();
    const entries = [
      memberAt(1, { title: 'T' }, { type: 'group' }),
      memberAt(2, { change: 'joined', users: ['carol'] }),
      messageAt(3, { channel: 'group/eng' }),
    ];
    socket.push({ re: socket.last('history')?.['id'], type: 'history', entries, more: false });
    const { items, messages } = await page;
    expect(items).toMatchObject([{ settings: { title: 'T' } }, { change: 'joined', users: ['carol'] }, { offset: 3 }]);
    expect(messages).toEqual([items[2]]);
  });
});

describe('against a server', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.remove());

  const connectAs = (user: string, options: ConnectOptions = {}): LongwireClient =>
    connect({ url: server.url, device: 'd', getToken: () => `dev:${user}`, ...options });

  it('createGroup(), add(), send() and remove() reach the members, in one order', async () => {
    await using alice = connectAs('alice');
    await using bob = connectAs('bob');
    const seen: string[] = [];
    // Beside the order of the entries.
    const changes: boolean[] = [];
    bob.on('channel', ({ removed = false }) => void changes.push(removed));
    bob.on('message', ({ body }) => void seen.push(`message ${body}`));
    bob.on('member', ({ change, users }) => void seen.push(`member ${change} ${users}`));
    await bob.user('alice').send('hello');
    const eng = await alice.createGroup({ title: 'Engineering' });
    expect(await eng.add(['bob', 'carol'])).toEqual({ added: ['bob'], invited: ['carol'] });
    await using carol = connectAs('carol');
    expect((await carol.invitations()).invitations).toMatchObject([
      { group: eng.id, by: 'alice', title: 'Engineering' },
    ]);
    await carol.group(eng.id).decline();
    expect((await eng.pending()).pending).toEqual([]);
    await eng.send('hi');
    await until(() => seen.includes('message hi'));
    await bob.group(eng.id).send('ho');
    expect(await eng.members()).toEqual({
      members: [
        { user: 'alice', role: 'owner' },
        { user: 'bob', role: 'member' },
      ],
      more: false,
      total: 2,
    });
    expect(await eng.remove(['bob'])).toEqual(['bob']);
    await until(() => seen.length === 3 && changes.length === 2);
    expect(seen).toEqual(['member added bob', 'message hi', 'member removed bob']);
    expect(changes).toEqual([false, true]);
    await expect(bob.group(eng.id).send('?')).rejects.toMatchObject({ code: 'not_a_member' });
    await expect(alice.createGroup({ id: eng.id })).rejects.toMatchObject({ code: 'exists' });
    expect((await alice.createGroup({ id: 'ops', key: 'k1' })).id).toBe('ops');
    expect((await alice.createGroup({ id: 'ops', key: 'k1' })).id).toBe('ops');
  });
});
