// What ends a session, and what its close handler is told of it; limits that change while it is open.
import type { Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { deferred } from '@longwire/test-support/deferred';
import { until } from '@longwire/test-support/until';
import type { WebSocketClient } from '@longwire/test-support/websocket-client';
import { describe, expect, it } from 'vitest';
import {
  type CloseReason,
  defineEndpoint,
  type EndpointContainer,
  EndpointError,
  type Session,
} from '../../src/index.js';
import { serve } from '../serving.js';

type Told = Pick<CloseReason, 'code' | 'cause' | 'initiator'>;

type End = (client: WebSocketClient, session: Session, container: EndpointContainer) => unknown;

async function endOf(end: End | 'broken opening', options: object): Promise<Told> {
  const isOpeningBroken = end === 'broken opening';
  const opened = deferred<Session>();
  const told = deferred<Told>();
  const endpoint = defineEndpoint('/x', {
    onOpen(session) {
      opened.resolve(session);
      if (isOpeningBroken) throw new Error('broken');
    },
    onError: () => {},
    onClose: (_session, { code, cause, initiator }) => told.resolve({ code, cause, initiator }),
    ...options,
  });
  const serving = await serve([endpoint]);
  const client = await serving.connect('/x');
  if (end !== 'broken opening') end(client, await opened.promise, serving.container);
  return told.promise;
}

describe('the close reason says what ended the session and who', () => {
  it.each<[string, End | 'broken opening', object, Told]>([
    [
      'the peer closed',
      (client) => client.socket.close(3000),
      {},
      { code: 3000, cause: 'closed', initiator: 'remote' },
    ],
    [
      'the page was left',
      (client) => client.socket.close(1001),
      {},
      { code: 1001, cause: 'going_away', initiator: 'remote' },
    ],
    [
      'the peer was gone',
      (client) => client.socket.terminate(),
      {},
      { code: 1006, cause: 'connection_lost', initiator: 'remote' },
    ],
    [
      'the program closed',
      (_, session) => session.close(3001),
      {},
      { code: 3001, cause: 'closed', initiator: 'local' },
    ],
    [
      'the program cut it',
      (_, session) => session.terminate(),
      {},
      { code: 1006, cause: 'terminated', initiator: 'local' },
    ],
    [
      'the container stopped',
      (_, __, container) => container.close(),
      {},
      { code: 1001, cause: 'going_away', initiator: 'local' },
    ],
    [
      'the peer did not answer the close',
      (client, session) => {
        client.socket.pause();
        session.close(3001);
      },
      { limits: { closeTimeoutMs: 50 } },
      { code: 1006, cause: 'close_timeout', initiator: 'local' },
    ],
    ['the opening handler failed', 'broken opening', {}, { code: 1011, cause: 'handler_failed', initiator: 'local' }],
    [
      'a message was too big',
      (client) => client.send('0123456789'),
      { maxTextBytes: 9 },
      { code: 1009, cause: 'message_too_big', initiator: 'local' },
    ],
    [
      'the peer broke the protocol',
      (client) =>
        (client.socket as unknown as { _socket: { write(bytes: Buffer): void } })._socket.write(
          Buffer.from([0xff, 0x80]),
        ),
      {},
      { code: 1002, cause: 'protocol_error', initiator: 'local' },
    ],
    [
      'the peer gave no sign of life',
      (client) => client.socket.pause(),
      { limits: { heartbeatMs: 50, heartbeatGraceMs: 50 } },
      { code: 4003, cause: 'heartbeat_timeout', initiator: 'local' },
    ],
    [
      'the peer took nothing',
      (client, session) => {
        client.socket.pause();
        session.send(Buffer.alloc(64 * 1_048_576));
      },
      { limits: { maxBufferedBytes: 1_048_576 } },
      { code: 1008, cause: 'slow_consumer', initiator: 'local' },
    ],
    [
      'nothing was said for too long',
      () => {},
      { idleTimeoutMs: 60 },
      { code: 1001, cause: 'idle_timeout', initiator: 'local' },
    ],
  ])('when %s', async (_what, end, options, told) => {
    expect(await endOf(end, options)).toEqual(told);
  });
});

it('close with dropQueued sends the close code and nothing that was queued, nor waits for an encoder', async () => {
  const opened = deferred<Session>();
  const slow = { encode: () => new Promise<string>(() => {}), willEncode: () => true };
  const serving = await serve([defineEndpoint('/x', { encoders: [slow], onOpen: opened.resolve })]);
  const client = await serving.connect('/x');
  const session = await opened.promise;
  session.send('queued');
  session.sendObject({});
  session.send('behind an encoder');
  session.close(4004, 'slow', { dropQueued: true });
  expect(await client.closed).toEqual({ code: 4004, reason: 'slow' });
  expect(client.messages).toEqual([]);
});

describe('the idle timeout', () => {
  it('counts messages in both directions, and neither pings nor pongs nor text pings', async () => {
    const closes: number[] = [];
    let session: Session | undefined;
    const endpoint = defineEndpoint('/x', {
      idleTimeoutMs: 1_000,
      textPing: true,
      onOpen(opened) {
        session = opened;
      },
      onText: () => {},
      onClose: (_session, { code }) => void closes.push(code),
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    // Longer than the timeout in all, and each pause a tenth of it: a busy machine makes no pause that long.
    const enoughAt = performance.now() + 1_300;
    for (let said = 0; performance.now() < enoughAt; said++) {
      if (said % 2 === 0) client.send('x');
      else session!.send('x');
      await sleep(100);
    }
    expect(closes).toEqual([]);
    const pinging = setInterval(() => {
      client.socket.ping();
      session?.ping();
      client.send('ping');
    }, 30);
    expect(await client.closed).toEqual({ code: 1001, reason: 'idle timeout' });
    clearInterval(pinging);
    expect(client.messages).toContain('pong');
  });

  it('may be set, changed and taken away while the session is open', async () => {
    const opened = deferred<Session>();
    const serving = await serve([defineEndpoint('/x', { idleTimeoutMs: 100, onOpen: opened.resolve })]);
    const client = await serving.connect('/x');
    const session = await opened.promise;
    expect(session.idleTimeoutMs).toBe(100);
    session.idleTimeoutMs = 0;
    await sleep(250);
    expect(session.isOpen).toBe(true);
    session.idleTimeoutMs = 50;
    expect(await client.closed).toMatchObject({ code: 1001 });
    for (const wrong of [-1, 1.5, Number.NaN, 604_800_001, '100' as never]) {
      expect(() => {
        session.idleTimeoutMs = wrong;
      }).toThrow(EndpointError);
    }
    session.idleTimeoutMs = 100; // after the end: nothing is started
  });
});

it('limits of text and of binary messages are their own, and may change while the session is open', async () => {
  const opened = deferred<Session>();
  const endpoint = defineEndpoint('/x', {
    maxTextBytes: 4,
    maxBinaryBytes: 8,
    onOpen: opened.resolve,
    onText: (message) => message,
    onBinary: (data) => data,
    onError: () => {},
  });
  const serving = await serve([endpoint]);
  const client = await serving.connect('/x');
  const session = await opened.promise;
  expect([session.maxTextBytes, session.maxBinaryBytes]).toEqual([4, 8]);
  client.send('four');
  client.send(Buffer.from('eight888'));
  await client.received(2);
  session.maxTextBytes = 2_000_000;
  client.send('x'.repeat(2_000_000));
  expect((await client.received(3))[2]).toHaveLength(2_000_000);
  expect(() => {
    session.maxBinaryBytes = 0;
  }).toThrow('maxBinaryBytes is a whole number from 1 to 2147483647, not 0');
  client.send(Buffer.from('nine99999'));
  expect(await client.closed).toEqual({ code: 1009, reason: 'a binary message has at most 8 bytes (maxBinaryBytes)' });
});

it('a text ping is answered without a handler, whole or in parts, and only if it is nothing else', async () => {
  const heard: string[] = [];
  const serving = await serve([
    defineEndpoint('/whole', { textPing: true, onText: (message) => void heard.push(message) }),
    defineEndpoint('/parts', { textPing: true, onTextPart: (part) => void heard.push(part) }),
    defineEndpoint('/off', { onText: (message) => void heard.push(message) }),
  ]);
  for (const path of ['/whole', '/parts']) {
    const client = await serving.connect(path);
    client.send('ping');
    expect(await client.received(1)).toEqual(['pong']);
    client.send('ping ');
    client.socket.send('a', { fin: false });
    client.socket.send('ping', { fin: true });
    await until(() => heard.join('').endsWith('aping'));
    expect(client.messages).toEqual(['pong']);
    heard.length = 0;
  }
  const off = await serving.connect('/off');
  off.send('ping');
  await until(() => heard.length === 1);
  expect(heard).toEqual(['ping']);
});

it('a session tells protocol version, principal and agreed extensions', async () => {
  const opened = deferred<Session>();
  const endpoint = defineEndpoint('/x', {
    limits: { perMessageDeflate: true },
    configurator: { authenticate: () => ({ name: 'alice', role: 'admin' }) },
    onOpen: opened.resolve,
  });
  const serving = await serve([endpoint]);
  await serving.connect('/x', { perMessageDeflate: true });
  const session = await opened.promise;
  expect(session.protocolVersion).toBe('13');
  expect(session.principal).toEqual({ name: 'alice', role: 'admin' });
  const [deflate] = session.negotiatedExtensions;
  expect(deflate!.name).toBe('permessage-deflate');
  expect(deflate!.parameters.map(({ name }) => name)).toContain('server_no_context_takeover');
  expect(session.extensions).toContain('permessage-deflate');
});

it('handles everything that came before a peer that leaves at once, and then its close', async () => {
  const handled: string[] = [];
  const told = deferred<CloseReason>();
  const endpoint = defineEndpoint('/x', {
    async onText(message) {
      // Slower than messages come: the end of TCP is seen while most of them wait.
      await nextTurn();
      handled.push(message);
    },
    onClose: (_session, reason) => told.resolve(reason),
  });
  const serving = await serve([endpoint]);
  const client = await serving.connect('/x');
  const { _socket: tcp } = client.socket as unknown as { _socket: Socket };
  const messages = Array.from({ length: 60 }, (_, n) => `${n}`);
  tcp.cork();
  for (const message of messages) client.send(message);
  client.socket.close(1000);
  tcp.uncork();
  tcp.end();
  expect(await told.promise).toMatchObject({ code: 1000, wasClean: true, initiator: 'remote' });
  expect(handled).toEqual(messages);
});
