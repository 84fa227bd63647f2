// Presence of the SDK, with the sockets and the clock of the test.

import { settled } from '@longwire/test-support/until';
import { describe, expect, it } from 'vitest';
import type { PresenceChange } from '../src/client-events.js';
import { startClient } from './support/start-client.js';
import type { TestSocket, WireObject } from './support/test-platform.js';

async function connected() {
  const { platform, client, errors } = startClient();
  const socket = await platform.signIn();
  const changes: PresenceChange[] = [];
  client.on('presence', (change) => void changes.push(change));
  return { platform, client, socket, changes, errors };
}

const commandsOf = (socket: TestSocket, wanted: string) => socket.take().filter(({ type }) => type === wanted);

function answer(socket: TestSocket, command: WireObject | undefined, users: object): void {
  socket.push({ re: command?.['id'], type: 'presenceList', users });
}

describe('client.presence', () => {
  it('resolves with the state of every user, asked in parts of 100, each user once', async () => {
    const { client, socket } = await connected();
    const users = Array.from({ length: 150 }, (_, index) => `u${index}`);
    const states = client.presence([...users, 'u0']);
    const [first] = commandsOf(socket, 'presence');
    expect(first?.['users']).toEqual(users.slice(0, 100));
    answer(socket, first, Object.fromEntries(users.slice(0, 100).map((user) => [user, { online: true }])));
    await settled();
    const [second] = commandsOf(socket, 'presence');
    expect(second?.['users']).toEqual(users.slice(100));
    answer(socket, second, Object.fromEntries(users.slice(100).map((user) => [user, { online: false }])));
    const resolved = await states;
    expect([resolved.size, resolved.get('u0'), resolved.get('u149')]).toEqual([
      150,
      { online: true },
      { online: false },
    ]);
  });

  it('rejects with invalid_field for what is not a user id, and resolves at once without users', async () => {
    const { client, socket } = await connected();
    await expect(client.presence(['user/bob'])).rejects.toMatchObject({ code: 'invalid_field' });
    await expect(client.watch(['bob', ''])).rejects.toMatchObject({ code: 'invalid_field' });
    expect((await client.presence([])).size).toBe(0);
    expect(commandsOf(socket, 'presence')).toEqual([]);
  });
});

describe('client.watch', () => {
  it('resolves with the present states, and reports pushes as presence events until unwatch', async () => {
    const { client, socket, changes } = await connected();
    const states = client.watch(['bob']);
    answer(socket, commandsOf(socket, 'watch')[0], { bob: { online: true } });
    expect(await states).toEqual(new Map([['bob', { online: true }]]));
    socket.push({ type: 'presence', user: 'bob', online: false, lastSeenAt: 5 });
    socket.push({ type: 'presence', user: 'stranger', online: true });
    expect(changes.splice(0)).toEqual([{ user: 'bob', online: false, lastSeenAt: 5 }]);
    const ended = client.unwatch(['bob']);
    const [unwatch] = commandsOf(socket, 'unwatch');
    expect(unwatch).toMatchObject({ users: ['bob'] });
    socket.push({ type: 'presence', user: 'bob', online: true });
    socket.push({ re: unwatch?.['id'], type: 'ok' });
    await ended;
    expect(changes).toEqual([]);
  });

  it('is repeated on the next connection, and reports only what has changed meanwhile', async () => {
    const { platform, client, socket, changes } = await connected();
    const states = client.watch(['bob', 'carol']);
    answer(socket, commandsOf(socket, 'watch')[0], { bob: { online: true }, carol: { online: true } });
    await states;
    socket.end();
    const next = await platform.comeBack();
    const [again] = commandsOf(next, 'watch');
    expect(again).toMatchObject({ users: ['bob', 'carol'] });
    answer(next, again, { bob: { online: false, lastSeenAt: 7 }, carol: { online: true } });
    await settled();
    expect(changes).toEqual([{ user: 'bob', online: false, lastSeenAt: 7 }]);
  });

  it('without an answer yet is sent once on the next connection', async () => {
    const { platform, client, socket } = await connected();
    const states = client.watch(['bob']);
    socket.end();
    const next = await platform.comeBack();
    const asked = commandsOf(next, 'watch');
    expect(asked.length).toBe(1);
    answer(next, asked[0], { bob: { online: false } });
    expect(await states).toEqual(new Map([['bob', { online: false }]]));
  });

  it('that is refused watches none of the new users', async () => {
    const { platform, client, socket, changes } = await connected();
    const states = client.watch(['bob']);
    const [command] = commandsOf(socket, 'watch');
    socket.push({ re: command?.['id'], type: 'error', code: 'quota_exceeded', message: 'too many', retryable: false });
    await expect(states).rejects.toMatchObject({ code: 'quota_exceeded' });
    socket.push({ type: 'presence', user: 'bob', online: true });
    socket.end();
    const next = await platform.comeBack();
    expect(commandsOf(next, 'watch')).toEqual([]);
    expect(changes).toEqual([]);
  });
});

describe('client.settings', () => {
  it('sends what is given, resolves with both, and the settings event reports changes of other sessions', async () => {
    const { client, socket } = await connected();
    const events: object[] = [];
    client.on('settings', (settings) => void events.push(settings));
    const changed = client.settings({ receipts: false });
    const [command] = commandsOf(socket, 'settings');
    expect(command).toEqual({ id: command?.['id'], type: 'settings', receipts: false });
    socket.push({ re: command?.['id'], type: 'settings', presence: true, receipts: false });
    expect(await changed).toEqual({ presence: true, receipts: false });
    socket.push({ type: 'settings', presence: false, receipts: false });
    expect(events).toEqual([{ presence: false, receipts: false }]);
    await expect(client.settings({ color: 'red' } as object)).rejects.toMatchObject({ code: 'invalid_field' });
  });
});
