// What waits to be sent: behind an encoder or a streamed message. What it costs, and what those learn who wait for it.

import { deferred } from '@longwire/test-support/deferred';
import { until } from '@longwire/test-support/until';
import { PreparedMessage } from '@longwire/websocket';
import { describe, expect, it } from 'vitest';
import { defineEndpoint, type EndpointError, type Session } from '../../src/index.js';
import { IncomingStream } from '../../src/messages/message-stream.js';
import { SendQueue } from '../../src/messages/send-queue.js';
import { EventQueue } from '../../src/session/event-queue.js';
import { serve } from '../serving.js';

const hanging = { willEncode: () => true, encode: () => new Promise<string>(() => {}) };

describe('behind an encoder that hangs', () => {
  it.each<[string, (session: Session) => () => unknown]>([
    ['messages', (session) => () => session.send('x')],
    ['messages that are awaited', (session) => () => session.sendAsync('x')],
    ['objects', (session) => () => session.sendObject({})],
    [
      'parts of a message',
      (session) => {
        const message = session.startMessage('text');
        return () => message.write('x');
      },
    ],
  ])('small %s count with what it costs to keep them, and their memory is bounded', async (_what, sending) => {
    const told = deferred<string>();
    let sent = 0;
    let mostBytes = 0;
    const endpoint = defineEndpoint('/x', {
      encoders: [hanging],
      limits: { maxBufferedBytes: 1_000_000 },
      onText(_message, session) {
        session.sendObject({});
        const send = sending(session);
        for (; session.isOpen && sent < 100_000; sent++) {
          send();
          mostBytes = Math.max(mostBytes, session.bufferedBytes);
        }
      },
      onError() {},
      onClose: (_session, reason) => told.resolve(reason.cause),
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    client.send('x');
    expect(await told.promise).toBe('handler_failed');
    expect(await client.closed).toMatchObject({ code: 1011 });
    expect(sent).toBeLessThan(1_000_000 / 150);
    expect(mostBytes).toBeLessThan(1_010_000);
  });
});

describe('sendAsync behind a streamed message', () => {
  async function streaming() {
    const opened = deferred<Session>();
    const serving = await serve([defineEndpoint('/x', { onOpen: opened.resolve, onError() {} })]);
    const client = await serving.connect('/x');
    const session = await opened.promise;
    const message = session.startMessage('text');
    await message.write('first');
    const seen = { now: 'pending' };
    session.sendAsync('behind').then(
      () => (seen.now = 'resolved'),
      (error) => (seen.now = error.code),
    );
    await client.settled();
    expect(seen.now).toBe('pending');
    return { client, session, message, seen };
  }

  it('resolves when it was handed over', async () => {
    const { client, message, seen } = await streaming();
    await message.end();
    await until(() => seen.now === 'resolved');
    expect(await client.received(2)).toEqual(['first', 'behind']);
  });

  it('rejects with session_ended when the session closes before', async () => {
    const { client, session, seen } = await streaming();
    session.close();
    await until(() => seen.now === 'session_ended');
    await client.closed;
    expect(client.messages).toEqual([]);
  });

  it('rejects with session_ended when the peer is gone before', async () => {
    const { client, seen } = await streaming();
    client.socket.terminate();
    await until(() => seen.now === 'session_ended');
  });
});

it('what is no PreparedMessage is invalid_message for onError and for sendPreparedAsync, and joined from none is nothing', async () => {
  const errors: unknown[] = [];
  const endpoint = defineEndpoint('/x', {
    async onOpen(session) {
      for (const wrong of ['text', null, undefined, {}]) session.sendPrepared(wrong as unknown as PreparedMessage);
      await session.sendPreparedAsync('text' as unknown as PreparedMessage).catch((error) => errors.push(error));
      session.sendPrepared(PreparedMessage.join([]));
      await session.sendPreparedAsync(PreparedMessage.join([]));
      session.send('still open');
    },
    onError: (error) => void errors.push(error),
  });
  const serving = await serve([endpoint]);
  const client = await serving.connect('/x');
  expect(await client.received(1)).toEqual(['still open']);
  await until(() => errors.length === 5);
  expect(errors.map((error) => (error as EndpointError).code)).toEqual(Array(5).fill('invalid_message'));
});

describe('nothing stands still over a long queue: each item is taken without moving the others', () => {
  /** Milliseconds of work: a few, or thousands if each one moved all behind it. */
  async function workMs(act: () => void | Promise<void>): Promise<number> {
    const start = process.cpuUsage();
    await act();
    return process.cpuUsage(start).user / 1_000;
  }

  it('200 000 messages behind an encoder', async () => {
    const queue = new SendQueue(Number.POSITIVE_INFINITY, () => {});
    const fill = queue.reserve();
    let sent = 0;
    for (let n = 0; n < 200_000; n++) queue.push(() => void sent++, 5);
    expect(sent).toBe(0);
    expect(await workMs(() => fill(() => void sent++))).toBeLessThan(1_000);
    expect(sent).toBe(200_001);
    expect(queue.isIdle).toBe(true);
    expect(queue.waitingBytes).toBe(0);
  });

  it('200 000 encoders that finish in the reverse order', async () => {
    const queue = new SendQueue(Number.POSITIVE_INFINITY, () => {});
    const order: number[] = [];
    const fills = Array.from({ length: 200_000 }, () => queue.reserve());
    const work = await workMs(() => {
      for (let n = fills.length - 1; n >= 0; n--) fills[n]!(() => order.push(n));
    });
    expect(work).toBeLessThan(1_000);
    expect(order.every((n, index) => n === index)).toBe(true);
  });

  it('65 000 parts of one byte that came while nobody read', async () => {
    const stream = new IncomingStream<string>({ pause() {}, resume() {} });
    for (let n = 0; n < 65_000; n++) stream.push('x', false);
    stream.push('', true);
    let text = '';
    const work = await workMs(async () => {
      for await (const part of stream) text += part;
    });
    expect(work).toBeLessThan(1_000);
    expect(text).toHaveLength(65_000);
  });

  it('200 000 errors of a session whose handler hangs, its close behind them', async () => {
    const queue = new EventQueue();
    queue.push('close', undefined);
    for (let n = 0; n < 200_000; n++) queue.push('error', n);
    const seen: unknown[] = [];
    const work = await workMs(() => {
      for (let event = queue.shift(); event !== undefined; event = queue.shift()) seen.push(event.value);
    });
    expect(work).toBeLessThan(1_000);
    expect(seen).toHaveLength(200_001);
    expect(seen.slice(0, 2)).toEqual([0, 1]);
    expect(seen.at(-1)).toBeUndefined();
  });
});
