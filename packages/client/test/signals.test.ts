// Signals and typing of the SDK, with the sockets and the clock of the test.

import { settled } from '@longwire/test-support/until';
import { describe, expect, it } from 'vitest';
import type { Signal, TypingChange } from '../src/client-events.js';
import { startClient } from './support/start-client.js';
import { messageAt, type TestSocket } from './support/test-platform.js';

const signalsOf = (socket: TestSocket) => socket.take().filter(({ type }) => type === 'signal');

async function connected() {
  const { platform, client, errors } = startClient();
  const socket = await platform.signIn();
  const typing: TypingChange[] = [];
  const signals: Signal[] = [];
  client.on('typing', (change) => void typing.push(change));
  client.on('signal', (signal) => void signals.push(signal));
  const push = (data?: unknown, from = 'bob') =>
    socket.push({ type: 'signal', channel: 'user/bob', from, name: 'typing', data });
  return { platform, client, socket, errors, typing, signals, push };
}

const begins: TypingChange = { channel: 'user/bob', user: 'bob', isTyping: true };
const ends: TypingChange = { ...begins, isTyping: false };

describe('signal', () => {
  it('is sent at once with its data, and resolves with ok or rejects with the error of the server', async () => {
    const { client, socket } = await connected();
    const taken = client.user('bob').signal('app.pointer', { x: 1 });
    const refused = client.user('carol').signal('app.pointer');
    const [first, second] = signalsOf(socket);
    expect(first).toMatchObject({ type: 'signal', to: 'user/bob', name: 'app.pointer', data: { x: 1 } });
    expect(second).not.toHaveProperty('data');
    socket.push({ re: first?.['id'], type: 'ok' });
    socket.push({ re: second?.['id'], type: 'error', code: 'forbidden', message: 'write first', retryable: false });
    await expect(taken).resolves.toBeUndefined();
    await expect(refused).rejects.toMatchObject({ code: 'forbidden', retryable: false });
  });

  it('rejects with signal_dropped without a connection, when the answer is lost, and above 8 unanswered ones', async () => {
    const { platform, client, socket } = await connected();
    const bob = client.user('bob');
    const unanswered = Array.from({ length: 8 }, () => bob.signal('a'));
    await expect(bob.signal('a')).rejects.toMatchObject({ code: 'signal_dropped', retryable: true });
    const lost = Promise.allSettled(unanswered);
    socket.end();
    expect((await lost).map(({ status }) => status)).toEqual(Array(8).fill('rejected'));
    await expect(bob.signal('a')).rejects.toMatchObject({ code: 'signal_dropped' });
    const next = await platform.comeBack();
    expect(signalsOf(next)).toEqual([]);
  });

  it('rejects with invalid_field for data that is not JSON, and with closed after close', async () => {
    const { client, socket } = await connected();
    await expect(client.user('bob').signal('a', 1n as unknown as number)).rejects.toMatchObject({
      code: 'invalid_field',
    });
    const closed = client.close();
    socket.end(1000);
    await closed;
    await expect(client.user('bob').signal('a')).rejects.toMatchObject({ code: 'closed' });
  });

  it('of the same user on another device is an event with own: true, and no typing', async () => {
    const { signals, typing, push } = await connected();
    push(undefined, 'alice');
    expect(signals).toEqual([{ channel: 'user/bob', from: 'alice', name: 'typing', own: true }]);
    expect(typing).toEqual([]);
  });
});

describe('typing()', () => {
  it('is sent at most every 3 s, again after a message, and false with stopTyping()', async () => {
    const { platform, client, socket } = await connected();
    const bob = client.user('bob');
    for (let key = 0; key < 10; key += 1) client.user('bob').typing();
    expect(signalsOf(socket)).toMatchObject([{ to: 'user/bob', name: 'typing' }]);
    await platform.clock.advance(2_999);
    bob.typing();
    expect(signalsOf(socket)).toEqual([]);
    await platform.clock.advance(1);
    bob.typing();
    expect(signalsOf(socket).length).toBe(1);
    void bob.send('hello');
    bob.typing();
    expect(signalsOf(socket).length).toBe(1);
    bob.stopTyping();
    bob.stopTyping();
    expect(signalsOf(socket)).toMatchObject([{ name: 'typing', data: false }]);
  });

  it('reports no failure', async () => {
    const { client, socket, errors } = await connected();
    client.user('bob').typing();
    const [sent] = signalsOf(socket);
    socket.push({ re: sent?.['id'], type: 'error', code: 'forbidden', message: 'write first', retryable: false });
    socket.end();
    client.user('bob').typing();
    await settled();
    expect(errors).toEqual([]);
  });
});

describe('the typing event', () => {
  it('begins with the signal and ends 6 s after the last one', async () => {
    const { platform, typing, push } = await connected();
    push();
    await platform.clock.advance(4_000);
    push(true);
    await platform.clock.advance(5_999);
    expect(typing).toEqual([begins]);
    await platform.clock.advance(1);
    expect(typing).toEqual([begins, ends]);
  });

  it('ends with data false, with a message of that user, and with a lost connection', async () => {
    const { client, socket, typing, push } = await connected();
    client.on('message', () => undefined);
    push();
    push(false);
    push(false);
    expect(typing.splice(0)).toEqual([begins, ends]);
    push();
    socket.push(messageAt(1));
    expect(typing.splice(0)).toEqual([begins, ends]);
    push();
    push(undefined, 'carol');
    socket.end();
    expect(typing).toEqual([begins, { ...begins, user: 'carol' }, ends, { ...ends, user: 'carol' }]);
  });
});
