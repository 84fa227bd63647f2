// The messages that a client sends itself: its handlers get them exactly if `echo` asked for them.

import { settled } from '@longwire/test-support/until';
import { describe, expect, it } from 'vitest';
import { startClient } from '../support/start-client.js';
import { messageAt, type TestSocket } from '../support/test-platform.js';

const upTo = (offset: number) => ({ 'user/bob': { epoch: 'k3', offset } });

describe('a message of this client', () => {
  const sentAt = (socket: TestSocket, offset: number, fields: object = {}) => ({
    re: socket.last('send')?.['id'],
    type: 'sent',
    channel: 'user/bob',
    epoch: 'k3',
    offset,
    at: 1,
    ...fields,
  });
  const ownAt = (offset: number, key = 'k1') => messageAt(offset, { from: 'alice', key });

  /** A client whose only handler never settles, so that its queue is full after one message. */
  async function stalledClient() {
    const started = startClient({ maxQueuedEntries: 1, maxQueuedCharacters: 1 });
    const received: number[] = [];
    let settleFirst: () => void = () => undefined;
    started.client.on('message', ({ offset }) => {
      received.push(offset);
      return offset === 1 ? new Promise<void>((resolve) => (settleFirst = resolve)) : undefined;
    });
    const socket = await started.platform.signIn();
    socket.push(messageAt(1));
    await settled();
    return { ...started, socket, received, settleFirst: () => settleFirst() };
  }

  it('with echo: true reaches the handlers although the queue was full when it came', async () => {
    const { platform, client, socket, received, settleFirst } = await stalledClient();
    const sent = client.user('bob').send('x', { key: 'k1', echo: true });
    socket.push(ownAt(2));
    socket.push(sentAt(socket, 2));
    expect(await sent).toMatchObject({ offset: 2 });
    expect(client.position('user/bob')).toEqual({ epoch: 'k3', offset: 1 });
    settleFirst();
    const again = await platform.comeBack();
    expect(again.last('connect')?.['cursors']).toEqual(upTo(1));
    again.push(ownAt(2));
    await settled();
    expect(received).toEqual([1, 2]);
  });

  it('with echo: true is delivered before its sent, which resolves the send with its repeated', async () => {
    const { platform, client } = startClient();
    const socket = await platform.signIn();
    const sent = client.user('bob').send('x', { key: 'k1', echo: true });
    const received: number[] = [];
    client.on('message', ({ offset }) => received.push(offset));
    socket.push(ownAt(2));
    await settled();
    expect({ received, pending: client.pendingSends }).toEqual({ received: [2], pending: 1 });
    socket.push(sentAt(socket, 2));
    expect(await sent).toMatchObject({ offset: 2, repeated: false });
  });

  it('with echo: true reaches the handlers although the sent of a repetition overtakes it', async () => {
    const { platform, client } = startClient({ positions: upTo(1) });
    const received: unknown[] = [];
    client.on('message', ({ offset, own }) => received.push({ offset, own }));
    const socket = await platform.signIn();
    const sent = client.user('bob').send('x', { key: 'k1', echo: true });
    socket.end();
    const again = await platform.comeBack();
    again.push(sentAt(again, 2, { repeated: true }));
    expect(await sent).toMatchObject({ offset: 2, repeated: true });
    again.push(ownAt(2));
    await settled();
    expect(received).toEqual([{ offset: 2, own: true }]);
  });

  it('without echo is not delivered when it is read from the log before its sent, and its send resolves', async () => {
    const { platform, client } = startClient({ positions: upTo(1) });
    const received: number[] = [];
    client.on('message', ({ offset }) => received.push(offset));
    const socket = await platform.signIn();
    const sent = client.user('bob').send('x', { key: 'k1' });
    socket.end();
    const again = await platform.comeBack();
    again.push(ownAt(2));
    again.push(messageAt(3));
    expect(await sent).toMatchObject({ offset: 2, repeated: true });
    await settled();
    expect(received).toEqual([3]);
  });

  it('without echo is not delivered when it is read from the log after its sent', async () => {
    const { platform, client } = startClient();
    const received: number[] = [];
    client.on('message', ({ offset }) => received.push(offset));
    const socket = await platform.signIn();
    const sent = client.user('bob').send('x', { key: 'k1' });
    socket.push(sentAt(socket, 3));
    expect(await sent).toMatchObject({ offset: 3 });
    for (const message of [messageAt(2), ownAt(3), messageAt(4)]) socket.push(message);
    await settled();
    expect(received).toEqual([2, 4]);
  });

  it('without echo is not delivered when its send was aborted after it was sent', async () => {
    const { platform, client } = startClient();
    const received: number[] = [];
    client.on('message', ({ offset }) => received.push(offset));
    const socket = await platform.signIn();
    const controller = new AbortController();
    const sent = client.user('bob').send('x', { key: 'k1', signal: controller.signal });
    controller.abort();
    await expect(sent).rejects.toMatchObject({ code: 'aborted', perhapsStored: true });
    socket.end();
    const again = await platform.comeBack();
    for (const message of [messageAt(1), ownAt(2), messageAt(3)]) again.push(message);
    await settled();
    expect(received).toEqual([1, 3]);
  });

  it('is delivered as own if another client of the user sent it, or an earlier run of this one', async () => {
    const { platform, client } = startClient();
    const received: unknown[] = [];
    client.on('message', ({ offset, own }) => received.push({ offset, own }));
    const socket = await platform.signIn();
    socket.push(ownAt(1, 'of another client'));
    await settled();
    expect(received).toEqual([{ offset: 1, own: true }]);
  });
});
