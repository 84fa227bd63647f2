// The peer of record: ws 8.23, in both roles, with and without compression.
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tlsCertificate } from '@longwire/test-support/tls-certificate';
import { until } from '@longwire/test-support/until';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { accept } from '../src/handshake/accept.js';
import { dial } from '../src/handshake/dial.js';
import { PreparedMessage } from '../src/message/prepared-message.js';
import { type PerMessageDeflateOptions, resolveWebSocketOptions } from '../src/options.js';
import { HandlerLog, LiveServer } from './support/live.js';

const closers: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const MESSAGES: ReadonlyArray<string | Buffer> = [
  '',
  'short',
  'κόσμε '.repeat(2000),
  Buffer.alloc(0),
  Buffer.from([0, 255, 1]),
  Buffer.alloc(300_000, 'abc'),
  '{"id":1,"text":"hello"}'.repeat(100),
];

const SETTINGS: ReadonlyArray<readonly [string, PerMessageDeflateOptions | false]> = [
  ['without compression', false],
  ['forgetting on both sides', { thresholdBytes: 0 }],
  ['keeping windows', { thresholdBytes: 0, serverNoContextTakeover: false, clientNoContextTakeover: false }],
  [
    'with small windows',
    { thresholdBytes: 0, serverNoContextTakeover: false, serverMaxWindowBits: 9, clientMaxWindowBits: 9 },
  ],
  ['with the smallest windows', { thresholdBytes: 0, serverMaxWindowBits: 8, clientMaxWindowBits: 8 }],
];

const bytesOf = (message: string | Uint8Array): string => Buffer.from(message).toString('hex');

describe.each(SETTINGS)('%s', (_title, perMessageDeflate) => {
  it('echoes every kind of message to a ws client', async () => {
    const server = await LiveServer.start({ perMessageDeflate });
    closers.push(() => server.stop());
    server.log.onText = (connection, text) => connection.sendText(text);
    server.log.onBinary = (connection, data) => connection.sendPrepared(PreparedMessage.binary(data));
    const client = new WebSocket(server.url, { perMessageDeflate: { threshold: 0 } });
    const echoes: string[] = [];
    client.on('message', (data: Buffer) => echoes.push(bytesOf(data)));
    await new Promise((resolve) => client.once('open', resolve));
    expect(client.extensions !== '').toBe(perMessageDeflate !== false);
    for (const message of MESSAGES) client.send(message);
    await until(() => echoes.length === MESSAGES.length);
    expect(echoes).toEqual(MESSAGES.map(bytesOf));
    const closed = new Promise((resolve) => client.once('close', (code, reason) => resolve(`${code} ${reason}`)));
    server.connections[0]?.close(4001, 'enough');
    expect(await closed).toBe('4001 enough');
    await until(() => server.log.closes.length === 1);
    expect(server.log.closes[0]).toMatchObject({ code: 4001, wasClean: true });
  });

  it('is echoed every kind of message by a ws server', async () => {
    const http: Server = createServer();
    const server = new WebSocketServer({ server: http, perMessageDeflate: { threshold: 0 } });
    server.on('connection', (peer) =>
      peer.on('message', (data: Buffer, isBinary) => peer.send(data, { binary: isBinary })),
    );
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    closers.push(() => http.close());
    const log = new HandlerLog();
    const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}`;
    const client = await dial(url, { handler: log, options: { perMessageDeflate } });
    for (const message of MESSAGES) {
      if (typeof message === 'string') client.sendText(message);
      else client.sendBinary(message);
    }
    const message = client.startMessage('text');
    await message.write('stre');
    await message.write('amed');
    await message.end();
    await until(() => log.texts.length + log.binaries.length === MESSAGES.length + 1);
    expect(log.texts.map(bytesOf)).toEqual(
      [...MESSAGES.filter((sent) => typeof sent === 'string'), 'streamed'].map(bytesOf),
    );
    expect(log.binaries.map(bytesOf)).toEqual(MESSAGES.filter((sent) => typeof sent !== 'string').map(bytesOf));
    client.close(3000, 'done');
    await until(() => log.closes.length === 1);
    expect(log.closes[0]).toMatchObject({ code: 3000, wasClean: true, initiator: 'local' });
  });
});

it('speaks wss in both roles, also to a reader that pauses', async () => {
  const server = createTlsServer({ ...tlsCertificate });
  const options = resolveWebSocketOptions({ maxBufferedBytes: 50_000_000 });
  const serverLog = new HandlerLog();
  serverLog.onText = (connection) => {
    for (let i = 0; i < 10; i++) connection.sendBinary(Buffer.alloc(1_000_000, i));
  };
  server.on('upgrade', (request, socket, head) => void accept(request, socket, head, { options, handler: serverLog }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  const url = `wss://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await expect(dial(url, { handler: {} })).rejects.toMatchObject({ code: 'handshake_failed' });
  const log = new HandlerLog();
  const client = await dial(url, { handler: log, tls: { ca: tlsCertificate.cert, servername: 'localhost' } });
  client.sendText('go');
  client.pause();
  await new Promise((resolve) => setTimeout(resolve, 50));
  client.resume();
  await until(() => log.binaries.length === 10);
  expect(log.binaries.map((data) => [data.length, data[0], data.at(-1)])).toEqual(
    Array.from({ length: 10 }, (_, index) => [1_000_000, index, index]),
  );
  client.close();
  await until(() => log.closes.length === 1 && serverLog.closes.length === 1);
});
