// What reaches the app, when it is acknowledged, and what happens when the app is slow or throws.

import { settled } from '@longwire/test-support/until';
import { describe, expect, it } from 'vitest';
import { connectOn } from '../../src/connect-on.js';
import type { LongwireMessage } from '../../src/reading/message.js';
import { startClient } from '../support/start-client.js';
import { messageAt, TestPlatform, type TestSocket, type WireObject } from '../support/test-platform.js';

function acksOf(socket: TestSocket): unknown[] {
  return socket
    .take()
    .filter(({ type }) => type === 'ack')
    .map((command) => {
      socket.push({ re: command['id'], type: 'ok' });
      return command['cursors'];
    });
}

const upTo = (offset: number) => ({ 'user/bob': { epoch: 'k3', offset } });

describe('handlers', () => {
  it('run one at a time within a channel, and in parallel for several channels', async () => {
    const { platform, client } = startClient();
    const running: { readonly message: LongwireMessage; done(): void }[] = [];
    client.on('message', (message) => new Promise<void>((done) => void running.push({ message, done })));
    const socket = await platform.signIn();
    for (const offset of [1, 2, 3]) socket.push(messageAt(offset));
    socket.push(messageAt(1, { channel: 'user/ann', from: 'ann' }));
    await settled();
    const begun = () => running.map(({ message }) => `${message.from}${message.offset}`);
    expect(begun()).toEqual(['bob1', 'ann1']);
    running[0]?.done();
    await settled();
    expect(begun()).toEqual(['bob1', 'ann1', 'bob2']);
  });

  it('get messages that arrived before the first of them was added', async () => {
    const { platform, client } = startClient();
    const socket = await platform.signIn();
    socket.push(messageAt(1));
    socket.push(messageAt(2));
    await platform.clock.advance(5000);
    expect(acksOf(socket)).toEqual([]);
    const offsets: number[] = [];
    client.on('message', ({ offset }) => offsets.push(offset));
    await settled();
    expect(offsets).toEqual([1, 2]);
    await platform.clock.advance(2000);
    expect(acksOf(socket)).toEqual([upTo(2)]);
  });

  it('can be removed, by their function or a signal; then messages wait again', async () => {
    const { platform, client } = startClient();
    const seen: string[] = [];
    const controller = new AbortController();
    const off = client.on('message', ({ offset }) => seen.push(`a${offset}`));
    client.on('message', ({ offset }) => seen.push(`b${offset}`), { signal: controller.signal });
    const socket = await platform.signIn();
    socket.push(messageAt(1));
    await settled();
    off();
    socket.push(messageAt(2));
    await settled();
    controller.abort();
    socket.push(messageAt(3));
    await settled();
    expect(seen).toEqual(['a1', 'b1', 'b2']);
    client.on('message', ({ offset }) => seen.push(`c${offset}`));
    await settled();
    expect(seen.at(-1)).toBe('c3');
  });

  it('that throw or reject are reported as handler_failed, and the message is acknowledged', async () => {
    const { platform, client, errors } = startClient();
    client.on('message', ({ offset }) => {
      if (offset === 1) throw new TypeError('thrown');
      return Promise.reject(new TypeError('rejected'));
    });
    const socket = await platform.signIn();
    socket.push(messageAt(1));
    socket.push(messageAt(2));
    await platform.clock.advance(2000);
    expect(errors).toMatchObject([
      { code: 'handler_failed', cause: { message: 'thrown' } },
      { code: 'handler_failed', cause: { message: 'rejected' } },
    ]);
    expect(acksOf(socket)).toEqual([upTo(2)]);
  });

  it('of error that throw are not called with their own error', async () => {
    const { platform, client } = startClient();
    client.on('error', () => {
      throw new Error('again');
    });
    client.on('message', () => {
      throw new Error('first');
    });
    (await platform.signIn()).push(messageAt(1));
    await settled();
    expect(platform.uncaught).toMatchObject([{ message: 'again' }]);
  });

  it('of error that are missing leave errors to the platform', async () => {
    const platform = new TestPlatform();
    const client = connectOn(platform, { url: 'ws://test', device: 'd' });
    client.on('message', () => Promise.reject(new Error('unseen')));
    (await platform.signIn()).push(messageAt(1));
    await settled();
    expect(platform.uncaught).toMatchObject([{ code: 'handler_failed' }]);
  });
});

describe('acks', () => {
  it('are sent after 100 entries or two seconds, at most five per second', async () => {
    const { platform, client } = startClient();
    client.on('message', () => undefined);
    const socket = await platform.signIn();
    for (let offset = 1; offset <= 250; offset += 1) socket.push(messageAt(offset));
    await settled();
    expect(acksOf(socket)).toEqual([upTo(100)]);
    await platform.clock.advance(199);
    expect(acksOf(socket)).toEqual([]);
    await platform.clock.advance(1);
    expect(acksOf(socket)).toEqual([upTo(250)]);
    await platform.clock.advance(200);
    socket.push(messageAt(251));
    await platform.clock.advance(1999);
    expect(acksOf(socket)).toEqual([]);
    await platform.clock.advance(1);
    expect(acksOf(socket)).toEqual([upTo(251)]);
  });

  it('are sent only for messages whose handlers have settled', async () => {
    const { platform, client } = startClient();
    let done: () => void = () => undefined;
    client.on('message', ({ offset }) => (offset === 2 ? new Promise<void>((resolve) => (done = resolve)) : undefined));
    const socket = await platform.signIn();
    for (const offset of [1, 2, 3]) socket.push(messageAt(offset));
    await platform.clock.advance(4000);
    expect(acksOf(socket)).toEqual([upTo(1)]);
    done();
    await settled();
    await platform.clock.advance(2000);
    expect(acksOf(socket)).toEqual([upTo(3)]);
  });

  it('are sent by close() for handlers that settle within closeTimeoutMs', async () => {
    const { platform, client } = startClient();
    let done: () => void = () => undefined;
    client.on('message', ({ offset }) => (offset === 2 ? new Promise<void>((resolve) => (done = resolve)) : undefined));
    const socket = await platform.signIn();
    for (const offset of [1, 2, 3]) socket.push(messageAt(offset));
    await settled();
    const closed = client.close();
    await settled();
    expect(acksOf(socket)).toEqual([]);
    done();
    await settled();
    // The third was not begun: it stays due to the device.
    expect(acksOf(socket)).toEqual([upTo(2)]);
    socket.end(1000);
    await closed;
  });

  it('that were not confirmed are sent again on the next connection', async () => {
    const { platform, client } = startClient();
    client.on('message', () => undefined);
    const socket = await platform.signIn();
    socket.push(messageAt(1));
    await platform.clock.advance(2000);
    expect(socket.last('ack')).toBeDefined();
    socket.end(1006);
    const again = await platform.comeBack();
    await platform.clock.advance(2000);
    expect(acksOf(again)).toEqual([upTo(1)]);
  });

  it('that the server refuses are reported and not repeated', async () => {
    const { platform, client, errors } = startClient();
    client.on('message', () => undefined);
    const socket = await platform.signIn();
    socket.push(messageAt(1));
    await platform.clock.advance(2000);
    const [ack] = socket.take().filter(({ type }) => type === 'ack');
    socket.push({ re: ack?.['id'], type: 'error', code: 'stale_epoch', message: 'other epoch', retryable: false });
    await platform.clock.advance(10_000);
    expect(errors).toMatchObject([{ code: 'stale_epoch' }]);
    expect(socket.take().filter(({ type }) => type === 'ack')).toEqual([]);
  });

  it('that the server refuses because of one address are sent without that address', async () => {
    const { platform, client, errors } = startClient({ ackMode: 'manual' });
    const socket = await platform.signIn();
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    for (const name of names) client.ack({ channel: `user/${name}`, epoch: 'k3', offset: 1 });
    const moved = new Set<string>();
    let acks: WireObject[] = [];
    for (let rounds = 0; rounds < 20; rounds += 1) {
      await platform.clock.advance(2000);
      acks = socket.take().filter(({ type }) => type === 'ack');
      for (const { id, cursors } of acks) {
        const sent = Object.keys(cursors as object);
        if (sent.includes('user/e')) {
          socket.push({ re: id, type: 'error', code: 'invalid_field', message: 'user/e: no', retryable: false });
        } else {
          for (const name of sent) moved.add(name);
          socket.push({ re: id, type: 'ok' });
        }
      }
    }
    expect([...moved].sort()).toEqual(names.filter((name) => name !== 'e').map((name) => `user/${name}`));
    expect(errors).toMatchObject([{ code: 'invalid_field', message: 'user/e: no' }]);
    expect(acks).toEqual([]);
  });

  it('throw invalid_field for an argument that is not a message', () => {
    const { client } = startClient({ ackMode: 'manual' });
    const wrong: unknown[] = [
      undefined,
      {},
      { channel: 'user/bob' },
      { channel: 'user/bob', epoch: 'k3', offset: '5' },
      { channel: 'user/bob', epoch: 'k3', offset: -1 },
      { channel: 'user/bob', epoch: '', offset: 1 },
      { channel: 'bob', epoch: 'k3', offset: 1 },
      { channel: 7, epoch: 'k3', offset: 1 },
    ];
    for (const message of wrong) {
      expect(() => client.ack(message as LongwireMessage)).toThrowError(
        expect.objectContaining({ name: 'LongwireError', code: 'invalid_field' }),
      );
    }
  });

  it('are sent only for client.ack() with ackMode manual', async () => {
    const { platform, client, errors } = startClient({ ackMode: 'manual' });
    const messages: LongwireMessage[] = [];
    client.on('message', (message) => {
      messages.push(message);
      if (message.offset === 2) throw new Error('not yet');
    });
    const socket = await platform.signIn();
    for (const offset of [1, 2, 3]) socket.push(messageAt(offset));
    await platform.clock.advance(5000);
    expect(acksOf(socket)).toEqual([]);
    expect(errors).toHaveLength(1);
    const [first, second] = messages;
    if (second !== undefined) client.ack(second);
    if (first !== undefined) client.ack(first);
    await platform.clock.advance(2000);
    expect(acksOf(socket)).toEqual([upTo(2)]);
  });

  it('of an earlier epoch are dropped after a gap of reason epoch', async () => {
    const { platform, client } = startClient();
    client.on('message', () => undefined);
    const socket = await platform.signIn();
    socket.push(messageAt(17));
    socket.push({ type: 'gap', channel: 'user/bob', epoch: 'k3', from: 5, to: 4, next: 5, reason: 'epoch' });
    socket.push(messageAt(5));
    await platform.clock.advance(2000);
    expect(acksOf(socket)).toEqual([upTo(5)]);
  });
});

describe('an app that is slow', () => {
  it('gets every message once and in order, with at most maxQueuedEntries in memory', async () => {
    const { platform, client } = startClient({ maxQueuedEntries: 10 });
    const running: (() => void)[] = [];
    const offsets: number[] = [];
    client.on('message', ({ offset }) => {
      offsets.push(offset);
      return new Promise<void>((done) => void running.push(done));
    });
    let socket = await platform.signIn();
    const sent = client.user('bob').send('x');
    for (let offset = 1; offset <= 30; offset += 1) socket.push(messageAt(offset));
    await settled();
    expect(client.position('user/bob')).toEqual({ epoch: 'k3', offset: 10 });
    // Sends do not wait for the handlers.
    socket.push({ re: socket.last('send')?.['id'], type: 'sent', channel: 'user/bob', epoch: 'k3', offset: 31, at: 1 });
    expect(await sent).toMatchObject({ offset: 31 });
    for (let rounds = 0; rounds < 200 && offsets.length < 30; rounds += 1) {
      running.shift()?.();
      await settled();
      if (socket.closedBy === undefined) continue;
      socket = await platform.comeBack();
      const cursors = socket.last('connect')?.['cursors'] as Record<string, { offset: number }>;
      for (let offset = (cursors['user/bob']?.offset ?? 0) + 1; offset <= 30; offset += 1)
        socket.push(messageAt(offset));
      await settled();
    }
    expect(offsets).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
    expect(platform.sockets.length).toBeGreaterThan(2);
  });
});

describe('a message of the server', () => {
  it('reaches the app as receipt, goodbye or error event', async () => {
    const { platform, client, errors } = startClient();
    const events: unknown[] = [];
    client.on('receipt', (receipt) => events.push(receipt));
    client.on('goodbye', (goodbye) => events.push(goodbye));
    const socket = await platform.signIn();
    const receipt = { channel: 'user/bob', user: 'bob', epoch: 'k3', delivered: 4 };
    const goodbye = { code: 4001, reason: 'restart', reconnect: true };
    socket.push({ type: 'receipt', ...receipt });
    socket.push({ type: 'goodbye', ...goodbye });
    socket.push({ type: 'error', of: 'send', code: 'malformed', message: 'no JSON', retryable: false });
    socket.pushText('pong');
    expect(events).toEqual([{ ...receipt, own: false }, goodbye]);
    expect(errors).toMatchObject([{ code: 'malformed' }]);
  });

  it('that is a receipt of the signed-in user has own: true', async () => {
    const { platform, client } = startClient();
    const receipts: unknown[] = [];
    client.on('receipt', (receipt) => receipts.push(receipt));
    const receipt = { channel: 'user/bob', user: 'alice', epoch: 'k3', read: 4 };
    (await platform.signIn()).push({ type: 'receipt', ...receipt });
    expect(receipts).toEqual([{ ...receipt, own: true }]);
  });

  it('that cannot be decoded is malformed_message, and the client reconnects with its positions', async () => {
    const { platform, client, errors } = startClient();
    client.on('message', () => undefined);
    const socket = await platform.signIn();
    socket.push(messageAt(4));
    socket.pushText('{"type":"message"');
    expect(errors).toMatchObject([{ code: 'malformed_message' }]);
    expect(socket.closedBy).toEqual({ code: 4006 });
    const again = await platform.comeBack();
    expect(again.last('connect')?.['cursors']).toEqual(upTo(4));
  });

  it('after a position_fault is ignored on that connection', async () => {
    const { platform, client } = startClient();
    const offsets: number[] = [];
    client.on('message', ({ offset }) => offsets.push(offset));
    const socket = await platform.signIn();
    for (const offset of [1, 3, 2, 3]) socket.push(messageAt(offset));
    await settled();
    expect(offsets).toEqual([1]);
  });
});

describe('cursors in connect', () => {
  it('are at most 500: first those that the server cannot know from acks, then those that moved last', async () => {
    const stored = Object.fromEntries(
      Array.from({ length: 300 }, (_, index) => [`user/stored${index}`, { epoch: 'k3', offset: 1 }]),
    );
    const { platform, client } = startClient({ positions: stored });
    client.on('message', () => undefined);
    const socket = await platform.signIn();
    for (let index = 0; index < 400; index += 1) {
      socket.push(messageAt(1, { channel: `user/live${index}`, from: `live${index}` }));
    }
    await settled();
    socket.end(1006);
    const cursors = (await platform.comeBack()).last('connect')?.['cursors'] as object;
    const names = Object.keys(cursors);
    expect(names).toHaveLength(500);
    expect(names.filter((name) => name.startsWith('user/stored'))).toHaveLength(300);
    expect(names).toContain('user/live399');
    expect(names).not.toContain('user/live0');
  });

  it('are at most half of commandBytes, however long the addresses are', async () => {
    const positions = Object.fromEntries(
      Array.from({ length: 500 }, (_, index) => [
        `user/${'长'.repeat(41)}${index}`,
        { epoch: 'e'.repeat(64), offset: 2 ** 52 },
      ]),
    );
    const { platform } = startClient({ positions });
    const connect = JSON.stringify((await platform.signIn()).last('connect'));
    expect(new TextEncoder().encode(connect).length).toBeLessThan(131_072 / 2 + 1000);
  });
});
