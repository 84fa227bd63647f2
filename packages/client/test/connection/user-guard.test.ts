// One client, one user: nothing of the first user is sent for another.

import { settled } from '@longwire/test-support/until';
import { expect, it } from 'vitest';
import { startClient } from '../support/start-client.js';
import { messageAt } from '../support/test-platform.js';

/** Alice is signed in, has read, owes an ack, has a send under way and one that waits for its channel. Then the line breaks. */
async function aliceLosesHerLine(getToken: () => string, closeCode = 1006) {
  const started = startClient({ getToken, positions: { 'user/ann': { epoch: 'k3', offset: 9 } } });
  const { platform, client } = started;
  client.on('message', () => undefined);
  const socket = await platform.signIn();
  socket.push(messageAt(5));
  const attempted = client.user('bob').send('private', { key: 'k1' });
  socket.end(closeCode);
  const waiting = client.user('bob').send('private too', { key: 'k2' });
  return { ...started, attempted, waiting };
}

it('a token of another user is not sent: the client stops with user_changed', async () => {
  let token = 'dev:alice';
  const { platform, client, attempted, waiting, changes, errors } = await aliceLosesHerLine(() => token, 4005);
  token = 'dev:carol';
  const over = Promise.all([
    expect(attempted).rejects.toMatchObject({ code: 'user_changed', key: 'k1', retryable: true }),
    expect(waiting).rejects.toMatchObject({ code: 'user_changed', key: 'k2', retryable: false }),
  ]);
  await platform.clock.advance(20_000);
  await over;
  expect(platform.sockets).toHaveLength(1);
  expect(changes.at(-1)).toMatchObject({ state: 'disconnected', willReconnect: false });
  expect(errors).toMatchObject([{ code: 'user_changed', retryable: false }]);
  await expect(client.ready()).rejects.toMatchObject({ code: 'user_changed' });
  await platform.clock.advance(0);
  expect(platform.clock.timers).toBe(0);

  client.reconnect();
  await settled();
  expect(platform.sockets).toHaveLength(1);
  expect(errors).toHaveLength(2);

  token = 'dev:alice';
  client.reconnect();
  expect((await platform.signIn()).last('connect')).toMatchObject({ token: 'dev:alice' });
  expect(client.state).toBe('connected');
});

it('a connected of another user gets no acks or sends of the first: the client stops with user_changed', async () => {
  const { platform, client, attempted, waiting, changes, errors } = await aliceLosesHerLine(() => 'opaque');
  const over = Promise.all([
    expect(attempted).rejects.toMatchObject({ code: 'user_changed' }),
    expect(waiting).rejects.toMatchObject({ code: 'user_changed' }),
  ]);
  const received: unknown[] = [];
  client.on('connected', (session) => received.push(session));
  const carols = await platform.comeBack({ user: 'carol' });
  await over;
  expect(carols.closedBy).toEqual({ code: 1000 });
  carols.end(1000);
  await platform.clock.advance(10_000);
  expect(carols.sent.map(({ type }) => type)).toEqual(['connect']);
  expect(received).toEqual([]);
  expect(client.session?.user).toBe('alice');
  expect(changes.at(-1)).toMatchObject({ state: 'disconnected', willReconnect: false });
  expect(errors).toMatchObject([{ code: 'user_changed', retryable: false }]);
  expect(platform.sockets).toHaveLength(2);

  client.reconnect();
  const again = await platform.signIn({ user: 'carol' });
  expect(again.sent.map(({ type }) => type)).toEqual(['connect']);
  const closed = client.close();
  again.end(1000);
  await closed;
  expect(again.sent.map(({ type }) => type)).toEqual(['connect']);
});

it('a refresh with another user’s token is not sent: the client stops with user_changed', async () => {
  let token = 'dev:alice';
  const { platform, client, changes, errors } = startClient({ getToken: () => token });
  client.on('message', () => undefined);
  const socket = await platform.signIn({ expiresAt: platform.clock.now() + 4000 });
  socket.push(messageAt(5));
  token = 'dev:carol';
  await platform.clock.advance(1000);
  const attempted = client.user('bob').send('private', { key: 'k1' });
  const over = expect(attempted).rejects.toMatchObject({ code: 'user_changed', perhapsStored: true });
  await platform.clock.advance(20_000);
  await over;
  expect(socket.closedBy).toEqual({ code: 1000 });
  expect(socket.last('refresh')).toBeUndefined();
  expect(errors).toMatchObject([{ code: 'user_changed' }]);
  expect(changes.at(-1)).toMatchObject({ state: 'disconnected', code: 4100, willReconnect: false });
  expect(platform.sockets).toHaveLength(1);
  expect(platform.clock.timers).toBe(0);
});

it('after a stop without any sign-in, the next token may name another user', async () => {
  let token = 'dev:alcie';
  const { platform, client } = startClient({ getToken: () => token });
  await settled();
  platform.socket.end(4100, 'no such user');
  token = 'dev:alice';
  client.reconnect();
  await platform.signIn();
  expect(client.state).toBe('connected');
});
