// The SDK over real sockets, in Node, against a server made of `ws` that speaks recorded lines.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import type { ConnectOptions } from '../src/arguments/options.js';
import type { LongwireClient } from '../src/client.js';
import { connect } from '../src/connect.js';
import type { LongwireError } from '../src/errors.js';
import { connectedAnswer, messageAt, type WireObject } from './support/test-platform.js';

/** What the server does with a command. */
type Script = (command: WireObject, socket: WebSocket) => void;

const endings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0)) await end();
});

/** A server that signs everybody in as alice and leaves the rest to the script. */
async function serve(script: Script): Promise<{ url: string; subprotocols: string[]; server: WebSocketServer }> {
  const http = createServer();
  const subprotocols: string[] = [];
  const server = new WebSocketServer({
    server: http,
    path: '/v1/connect',
    handleProtocols: ([first]) => first ?? false,
  });
  server.on('connection', (socket) => {
    subprotocols.push(socket.protocol);
    socket.on('message', (data) => {
      const command = JSON.parse(String(data)) as WireObject;
      if (command.type === 'connect') sendTo(socket, connectedAnswer(command['id']));
      if (command.type === 'ack') sendTo(socket, { re: command['id'], type: 'ok' });
      script(command, socket);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  endings.push(async () => {
    for (const socket of server.clients) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
    await new Promise((resolve) => http.close(resolve));
  });
  return { url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}`, subprotocols, server };
}

function sendTo(socket: WebSocket, message: object): void {
  socket.send(JSON.stringify(message));
}

function client(url: string, options: ConnectOptions = {}): LongwireClient {
  const made = connect({ url, device: 'd', getToken: () => 'dev:alice', reconnectBaseMs: 20, ...options });
  endings.unshift(() => made.close());
  return made;
}

it('connects, sends, receives, acknowledges and closes with 1000, in that order', async () => {
  const commands: WireObject[] = [];
  const closes: number[] = [];
  const { url, subprotocols } = await serve((command, socket) => {
    commands.push(command);
    if (command.type === 'connect') socket.on('close', (code) => closes.push(code));
    if (command.type !== 'send') return;
    sendTo(socket, messageAt(1));
    sendTo(socket, { re: command['id'], type: 'sent', channel: 'user/bob', epoch: 'k3', offset: 2, at: 7 });
  });
  const alice = client(url);
  const received: unknown[] = [];
  alice.on('message', ({ body }) => received.push(body));
  expect((await alice.ready()).user).toBe('alice');
  expect(await alice.user('bob').send({ text: 'hi' })).toMatchObject({ offset: 2, at: 7 });
  expect(received).toEqual(['m1']);
  await alice.close();
  await expect.poll(() => closes).toEqual([1000]);
  expect(subprotocols).toEqual(['longwire.v1.json']);
  expect(commands.map(({ type }) => type)).toEqual(['connect', 'send', 'ack']);
  expect(commands.at(-1)?.['cursors']).toEqual({ 'user/bob': { epoch: 'k3', offset: 2 } });
});

it('reconnects after the server drops the connection, and repeats an unanswered send with the same key', async () => {
  const sends: WireObject[] = [];
  const { url } = await serve((command, socket) => {
    if (command.type !== 'send') return;
    sends.push(command);
    if (sends.length < 3) socket.terminate();
    else
      sendTo(socket, {
        re: command['id'],
        type: 'sent',
        channel: 'user/bob',
        epoch: 'k3',
        offset: 1,
        at: 1,
        repeated: true,
      });
  });
  const alice = client(url);
  expect(await alice.user('bob').send('x')).toMatchObject({ offset: 1, repeated: true });
  expect(new Set(sends.map((send) => send['key'])).size).toBe(1);
});

it('delivers a stream that is interrupted a hundred times once and in order', async () => {
  const last = 2000;
  const { url } = await serve((command, socket) => {
    if (command.type !== 'connect') return;
    const cursors = (command['cursors'] ?? {}) as Record<string, { offset: number }>;
    const from = (cursors['user/bob']?.offset ?? 0) + 1;
    for (let offset = from; offset <= Math.min(last, from + 19); offset += 1) sendTo(socket, messageAt(offset));
    if (from + 19 < last) socket.close(4001, 'restart');
  });
  const offsets: number[] = [];
  const alice = client(url, { reconnectMaxMs: 5 });
  alice.on('message', async ({ offset }) => {
    await Promise.resolve();
    offsets.push(offset);
  });
  await expect.poll(() => offsets.length, { timeout: 15_000 }).toBe(last);
  expect(offsets).toEqual(Array.from({ length: last }, (_, index) => index + 1));
});

it('stops after close code 4101 with the error stopped', async () => {
  const { url } = await serve((command, socket) => {
    if (command.type !== 'send') return;
    sendTo(socket, { type: 'goodbye', code: 4101, reason: 'signed in elsewhere', reconnect: false });
    socket.close(4101, 'signed in elsewhere');
  });
  const alice = client(url);
  const errors: unknown[] = [];
  alice.on('error', (error) => errors.push(error));
  const changes: unknown[] = [];
  alice.on('state', (change) => changes.push(change));
  await expect(alice.user('bob').send('x')).rejects.toMatchObject({ code: 'stopped', closeCode: 4101 });
  expect(errors).toHaveLength(1);
  expect(changes.at(-1)).toMatchObject({ state: 'disconnected', code: 4101, willReconnect: false });
});

it('keeps trying to reach a server that does not listen, with ECONNREFUSED as the reason', async () => {
  const probe = await serve(() => undefined);
  await endings.pop()?.();
  const alice = client(probe.url);
  const reasons: string[] = [];
  alice.on('state', ({ state, reason }) => {
    if (state === 'disconnected') reasons.push(reason);
  });
  await expect.poll(() => reasons.length, { timeout: 10_000 }).toBeGreaterThan(2);
  expect(reasons[0]).toMatch(/ECONNREFUSED/);
  expect(alice.state).not.toBe('closed');
  await alice.close();
  expect(alice.state).toBe('closed');
});

it('reports a handshake that was refused with 403, and what to check', async () => {
  const http = createServer();
  http.on('upgrade', (_, socket) => socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n'));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  endings.push(() => new Promise((resolve) => http.close(() => resolve())));
  const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const alice = client(url);
  const refused = new Promise<{ reason: string; willReconnect: boolean }>((resolve) => {
    alice.on('state', (change) => change.state === 'disconnected' && resolve(change));
  });
  const errors: LongwireError[] = [];
  alice.on('error', (error) => errors.push(error));
  const { reason, willReconnect } = await refused;
  expect(reason).toMatch(/^The handshake was refused: the server answered 403: .*--allowed-origins/);
  expect(willReconnect).toBe(true);
  expect(errors).toMatchObject([{ code: 'connection_failed', message: expect.stringContaining(`${url}/v1/connect`) }]);
});

/** The warnings of this process that begin with `text`, once there is one. */
async function warningsOf(text: string, cause: () => void): Promise<(Error & { code?: string; detail?: string })[]> {
  const warnings: (Error & { code?: string; detail?: string })[] = [];
  const listener = (warning: Error) => {
    if (warning.message.startsWith(text)) warnings.push(warning);
  };
  process.on('warning', listener);
  try {
    cause();
    await expect.poll(() => warnings.length).toBeGreaterThan(0);
    return warnings;
  } finally {
    process.off('warning', listener);
  }
}

it('warns with the stack of a handler’s exception if there is no error listener', async () => {
  const { url } = await serve((command, socket) => {
    if (command.type === 'connect') sendTo(socket, messageAt(1));
  });
  const [warning] = await warningsOf('A handler of message failed', () => {
    client(url).on('message', function showMessage() {
      throw new TypeError('no such element');
    });
  });
  expect(warning).toMatchObject({ name: 'LongwireWarning', code: 'handler_failed' });
  expect(warning?.detail).toMatch(/^TypeError: no such element\n.*showMessage/);
});

it('warns once per process that the device id is not kept, and says what to do', async () => {
  const { url } = await serve(() => undefined);
  const warnings = await warningsOf('The device id of this Longwire client is not kept', () => {
    client(url, { device: undefined });
    client(url, { device: undefined });
  });
  expect(warnings).toMatchObject([{ name: 'LongwireWarning', message: expect.stringContaining('fileDeviceStore') }]);
});

it('rejects ready() with aborted when its signal aborts', async () => {
  const alice = client('ws://127.0.0.1:1');
  await expect(alice.ready({ signal: AbortSignal.timeout(50) })).rejects.toMatchObject({ code: 'aborted' });
});

it('sends and receives bodies of 60 KB', async () => {
  const { url } = await serve((command, socket) => {
    if (command.type !== 'send') return;
    sendTo(socket, messageAt(1, { body: command['body'] }));
    sendTo(socket, { re: command['id'], type: 'sent', channel: 'user/bob', epoch: 'k3', offset: 2, at: 1 });
  });
  const alice = client(url);
  const bodies: unknown[] = [];
  alice.on('message', ({ body }) => bodies.push(body));
  const text = '长连接'.repeat(7000);
  await alice.user('bob').send({ text });
  expect(bodies).toEqual([{ text }]);
});
