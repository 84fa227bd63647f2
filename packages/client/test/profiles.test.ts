// Names and pictures in the SDK: what is asked of the server, and how long the answer is kept.

import { ManualClock } from '@longwire/test-support/manual-clock';
import { settled } from '@longwire/test-support/until';
import { describe, expect, it } from 'vitest';
import { Profiles } from '../src/sending/profiles.js';
import { startClient } from './support/start-client.js';
import type { TestSocket, WireObject } from './support/test-platform.js';

const askedOf = (socket: TestSocket) => socket.take().filter(({ type }) => type === 'users');

function answer(socket: TestSocket, command: WireObject | undefined, users: readonly object[]): void {
  socket.push({ re: command?.['id'], type: 'users', users });
}

async function connected() {
  const { platform, client } = startClient();
  const socket = await platform.signIn();
  return { platform, client, socket };
}

describe('client.profile and group.profile', () => {
  it('ask once for all users of one turn, for each group apart, and resolve with {} for those who are missing', async () => {
    const { client, socket } = await connected();
    const direct = ['bob', 'carol', 'bob'].map((user) => client.profile(user));
    const inGroup = client.group('eng').profile('bob');
    await settled();
    const [first, second, ...more] = askedOf(socket);
    expect([first?.['users'], first?.['group'], second?.['users'], second?.['group'], more]).toEqual([
      ['bob', 'carol'],
      undefined,
      ['bob'],
      'eng',
      [],
    ]);
    answer(socket, first, [{ user: 'bob', name: 'Bob', picture: 'https://a.example/b.png' }]);
    answer(socket, second, []);
    const bob = { name: 'Bob', picture: 'https://a.example/b.png' };
    expect(await Promise.all(direct)).toEqual([bob, {}, bob]);
    expect(await inGroup).toEqual({});
  });

  it('keep the answer until the client reconnects', async () => {
    const { platform, client, socket } = await connected();
    const ask = async (on: TestSocket) => {
      const asked = client.profile('bob');
      await settled();
      const commands = askedOf(on);
      for (const command of commands) answer(on, command, [{ user: 'bob', name: 'Bob' }]);
      expect(await asked).toMatchObject({ name: 'Bob' });
      return commands.length;
    };
    expect([await ask(socket), await ask(socket)]).toEqual([1, 0]);
    socket.end(1006);
    expect(await ask(await platform.comeBack())).toBe(1);
  });

  it('keep at most 1 000 answers, for at most 10 minutes', async () => {
    const clock = new ManualClock();
    let asked = 0;
    const count = async (users: readonly string[]) => {
      asked += users.length;
      return [];
    };
    const profiles = new Profiles(count, { clock, onUnhandled: (error) => expect.unreachable(error.message) });
    const find = (from: number, to: number) =>
      Promise.all(Array.from({ length: to - from }, (_, index) => profiles.find(`u${from + index}`)));
    await find(0, 1_001);
    await find(1, 1_001);
    expect(asked).toBe(1_001);
    await find(0, 1);
    expect(asked).toBe(1_002);
    await clock.advance(600_001);
    await find(0, 1);
    expect(asked).toBe(1_003);
  });

  it('ask for at most 100 users in one command', async () => {
    const { client, socket } = await connected();
    const all = Array.from({ length: 101 }, (_, index) => client.profile(`u${index}`));
    await settled();
    const commands = askedOf(socket);
    expect(commands.map(({ users }) => (users as unknown[]).length)).toEqual([100, 1]);
    for (const command of commands) answer(socket, command, []);
    expect(await Promise.all(all)).toHaveLength(101);
  });

  it('reject with invalid_field for what is no user id, and with the error of the server, which is not kept', async () => {
    const { client, socket } = await connected();
    await expect(client.profile('user/bob')).rejects.toMatchObject({ code: 'invalid_field' });
    for (const code of ['internal_x', 'internal_y']) {
      const asked = client.profile('bob');
      const refused = expect(asked).rejects.toMatchObject({ code });
      await settled();
      const [command] = askedOf(socket);
      socket.push({ re: command?.['id'], type: 'error', code, message: '…', retryable: false });
      await refused;
    }
  });
});

it('client.searchUsers and client.updateUser send their fields and resolve with the answer', async () => {
  const { client, socket } = await connected();
  const found = client.searchUsers('bo', { limit: 2 });
  const search = socket.last('users.search');
  expect(search).toMatchObject({ prefix: 'bo', limit: 2 });
  answer(socket, search, [{ user: 'bob', name: 'Bob' }]);
  expect(await found).toEqual([{ user: 'bob', name: 'Bob' }]);
  const updated = client.updateUser('bob', { name: 'Bob', picture: null });
  const { id, ...fields } = socket.last('user.update')!;
  expect(fields).toEqual({ type: 'user.update', user: 'bob', name: 'Bob', picture: null });
  socket.push({ re: id, type: 'ok' });
  expect(await updated).toBeUndefined();
  await expect(client.updateUser('user/bob', {})).rejects.toMatchObject({ code: 'invalid_field' });
});
