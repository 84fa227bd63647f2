// Sends and acks that the server refuses for the rate of their user.

import { expect, it } from 'vitest';
import { startClient } from '../support/start-client.js';
import { messageAt, type TestSocket, type WireObject } from '../support/test-platform.js';

function sendsOf(socket: TestSocket): WireObject[] {
  return socket.take().filter(({ type }) => type === 'send');
}

function cursorsAcked(socket: TestSocket): unknown[] {
  return socket.take().flatMap(({ type, cursors }) => (type === 'ack' ? [cursors] : []));
}

function refuse(socket: TestSocket, commands: readonly WireObject[]): void {
  for (const { id } of commands) {
    const limited = { code: 'rate_limited', message: 'too many', retryable: true, afterMs: 1000 };
    socket.push({ re: id, type: 'error', ...limited });
  }
}

it('sends refused with rate_limited are repeated after afterMs in their order and with their keys, however often', async () => {
  const { platform, client } = startClient();
  const socket = await platform.signIn();
  for (const body of [1, 2, 3, 4]) void client.user('bob').send(body);
  const [one, ...refused] = sendsOf(socket);
  socket.push({ re: one?.['id'], type: 'sent', channel: 'user/bob', epoch: 'k3', offset: 1, at: 5 });
  refuse(socket, refused);
  void client.user('bob').send(5);
  // The limit of a user is no failure, and does not make the waits longer.
  for (let round = 0; round < 10; round += 1) {
    await platform.clock.advance(999);
    expect(sendsOf(socket)).toEqual([]);
    await platform.clock.advance(1);
    const again = sendsOf(socket);
    expect(again.map(({ body }) => body)).toEqual([2, 3, 4, 5]);
    expect(again.slice(0, 3).map(({ key }) => key)).toEqual(refused.map(({ key }) => key));
    refuse(socket, again);
  }
});

it('an ack refused with rate_limited is sent again after afterMs, merged with later ones', async () => {
  const { platform, client, errors } = startClient();
  client.on('message', () => undefined);
  const socket = await platform.signIn();
  socket.push(messageAt(1));
  await platform.clock.advance(2000);
  const [ack] = socket.take().filter(({ type }) => type === 'ack');
  socket.push({
    re: ack?.['id'],
    type: 'error',
    code: 'rate_limited',
    message: 'slow',
    retryable: true,
    afterMs: 700,
  });
  for (let offset = 2; offset <= 150; offset += 1) socket.push(messageAt(offset));
  await platform.clock.advance(699);
  expect(cursorsAcked(socket)).toEqual([]);
  await platform.clock.advance(1);
  expect(cursorsAcked(socket)).toEqual([{ 'user/bob': { epoch: 'k3', offset: 150 } }]);
  expect(errors).toEqual([]);
});
