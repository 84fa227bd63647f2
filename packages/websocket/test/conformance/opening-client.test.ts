// RFC 6455 §4.1: what a client sends, and what it makes of the answer.
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { tlsCertificate } from '@longwire/test-support/tls-certificate';
import { until } from '@longwire/test-support/until';
import { afterEach, describe, expect, it } from 'vitest';
import { accept } from '../../src/handshake/accept.js';
import { dial } from '../../src/handshake/dial.js';
import type { DialOptions } from '../../src/handshake/dial-options.js';
import { resolveWebSocketOptions } from '../../src/options.js';
import { HandlerLog } from '../support/live.js';
import { answerLines, RawServer } from './encounter.js';
import type { Wire } from './wire.js';

const closers: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Attempt {
  readonly outcome: Promise<unknown>;
  readonly wire: Wire;
  readonly request: string;
}

/** Dials a server that has not answered yet. */
async function attempt(path = '/', more: Partial<DialOptions> = {}): Promise<Attempt> {
  const server = await RawServer.start();
  closers.push(() => server.stop());
  const outcome = dial(`ws://127.0.0.1:${server.port}${path}`, { handler: {}, ...more }).then(
    (connection) => {
      closers.push(() => connection.terminate());
      return connection;
    },
    (error: unknown) => error,
  );
  const wire = await server.wire();
  return { outcome, wire, request: await wire.httpHeader() };
}

/** What dial makes of an answer with these changes. */
async function answeredWith(change: (lines: string[]) => readonly string[], more: Partial<DialOptions> = {}) {
  const { outcome, wire, request } = await attempt('/', more);
  wire.send(`${change(answerLines(request)).join('\r\n')}\r\n\r\n`);
  return outcome;
}

const replacing = (name: string, line?: string) => (lines: string[]) =>
  lines.flatMap((old) => (old.startsWith(name) ? (line === undefined ? [] : [line]) : [old]));

describe('the request', () => {
  it('is a GET of HTTP/1.1 for the resource, with every header that §4.1 asks for', async () => {
    const { request } = await attempt('/chat/a%20b?x=1&y=2', { subprotocols: ['one', 'two'] });
    const [first, ...lines] = request.trimEnd().split('\r\n');
    expect(first).toBe('GET /chat/a%20b?x=1&y=2 HTTP/1.1');
    const headers = new Map(lines.map((line) => [line.split(': ')[0]!.toLowerCase(), line.split(': ')[1]!]));
    expect(headers.get('host')).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(headers.get('upgrade')).toBe('websocket');
    expect(headers.get('connection')).toBe('Upgrade');
    expect(headers.get('sec-websocket-version')).toBe('13');
    expect(headers.get('sec-websocket-protocol')).toBe('one, two');
    expect(Buffer.from(headers.get('sec-websocket-key')!, 'base64')).toHaveLength(16);
    expect(headers.size).toBe(lines.length);
    expect([...headers.keys()].sort()).toEqual([
      'connection',
      'host',
      'sec-websocket-key',
      'sec-websocket-protocol',
      'sec-websocket-version',
      'upgrade',
    ]);
  });

  it('has a new random key each time', async () => {
    const keys = new Set<string>();
    for (let i = 0; i < 20; i++) keys.add(/^sec-websocket-key: (.*)\r$/im.exec((await attempt()).request)![1]!);
    expect(keys.size).toBe(20);
  });

  it('is not followed by a frame before the answer', async () => {
    const log = new HandlerLog();
    const { wire, request, outcome } = await attempt('/', { handler: log });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(wire.byteLength).toBe(0);
    wire.send(`${answerLines(request).join('\r\n')}\r\n\r\n`);
    expect(await outcome).toMatchObject({ state: 'open', subprotocol: '', extensions: '' });
  });

  it('cannot be given a header that contradicts the handshake', async () => {
    const { request } = await attempt('/', {
      headers: { Upgrade: 'h2c', Connection: 'close', 'Sec-WebSocket-Key': 'mine', 'Sec-WebSocket-Version': '8' },
    });
    expect(request).toMatch(/^upgrade: websocket\r$/im);
    expect(request).toMatch(/^sec-websocket-version: 13\r$/im);
    expect(request).not.toMatch(/h2c|mine|: 8\r|close/);
  });
});

describe('the answer', () => {
  const invalid = expect.objectContaining({ code: 'handshake_invalid' });
  const open = expect.objectContaining({ state: 'open' });

  it('fails the connection when Upgrade is missing or another', async () => {
    // Node hands an answer without Upgrade over as an ordinary response, hence the other code.
    expect(await answeredWith(replacing('Upgrade'))).toMatchObject({ name: 'WebSocketError' });
    expect(await answeredWith(replacing('Upgrade', 'Upgrade: h2c'))).toEqual(invalid);
    expect(await answeredWith(replacing('Upgrade', 'Upgrade: websocket2'))).toEqual(invalid);
  });

  it('fails the connection when Connection is missing or without the token Upgrade', async () => {
    expect(await answeredWith(replacing('Connection'))).toMatchObject({ name: 'WebSocketError' });
    expect(await answeredWith(replacing('Connection', 'Connection: keep-alive'))).toMatchObject({
      name: 'WebSocketError',
    });
    expect(await answeredWith(replacing('Connection', 'Connection: Upgrade2'))).toMatchObject({
      name: 'WebSocketError',
    });
  });

  it('fails the connection when the accept key is missing, wrong, or there twice', async () => {
    const name = 'Sec-WebSocket-Accept';
    expect(await answeredWith(replacing(name))).toEqual(invalid);
    expect(await answeredWith(replacing(name, `${name}: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=`))).toEqual(invalid);
    expect(await answeredWith((lines) => [...lines, `${name}: x`])).toEqual(invalid);
    expect(
      await answeredWith((lines) => lines.map((line) => line.replace(/(Accept: .*)/, (all) => all.toLowerCase()))),
    ).toEqual(invalid);
  });

  it('is taken whatever the case of keywords, the spaces around the key and further headers', async () => {
    expect(
      await answeredWith((lines) => [
        lines[0]!,
        'X-Other: 1',
        'upgrade: WebSocket',
        'CONNECTION: keep-alive, upgrade',
        lines[3]!.replace(': ', ':   ').concat('  '),
        'Set-Cookie: a=b',
      ]),
    ).toEqual(open);
  });

  it('fails the connection on a subprotocol or an extension that was not offered', async () => {
    const subprotocols = ['chat'];
    const also = (line: string) => (lines: string[]) => [...lines, line];
    expect(await answeredWith(also('Sec-WebSocket-Protocol: other'), { subprotocols })).toEqual(invalid);
    expect(await answeredWith(also('Sec-WebSocket-Protocol: chat, chat'), { subprotocols })).toEqual(invalid);
    expect(await answeredWith(also('Sec-WebSocket-Protocol: chat'))).toEqual(invalid);
    expect(await answeredWith(also('Sec-WebSocket-Extensions: permessage-deflate'))).toEqual(invalid);
    expect(
      await answeredWith(also('Sec-WebSocket-Extensions: x-mine'), { options: { perMessageDeflate: true } }),
    ).toEqual(invalid);
    expect(await answeredWith(also('Sec-WebSocket-Protocol: chat'), { subprotocols })).toMatchObject({
      subprotocol: 'chat',
    });
    expect(await answeredWith((lines) => lines, { subprotocols })).toMatchObject({ subprotocol: '' });
  });

  it('fails the connection on a status other than 101, and ends TCP', async () => {
    for (const status of ['200 OK', '401 Unauthorized', '302 Found', '500 Oops']) {
      const { outcome, wire } = await attempt();
      wire.send(`HTTP/1.1 ${status}\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n`);
      expect(await outcome).toMatchObject({ name: 'WebSocketError', status: Number(status.slice(0, 3)) });
      await until(() => wire.hasEnded || wire.isClosed);
    }
  });

  it('fails the connection on bytes that are not HTTP', async () => {
    const { outcome, wire } = await attempt();
    wire.send('\x81\x05Hello\r\n\r\n');
    expect(await outcome).toMatchObject({ code: 'handshake_failed' });
    await until(() => wire.hasEnded || wire.isClosed);
  });
});

describe('wss', () => {
  async function tlsServer(): Promise<{ port: number; names: Array<string | false>; requests: () => number }> {
    const names: Array<string | false> = [];
    let requests = 0;
    const server = createTlsServer({ ...tlsCertificate });
    const sockets = new Set<TLSSocket>();
    server.on('secureConnection', (socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      names.push((socket as unknown as { servername: string | false }).servername);
    });
    const handler = {
      onText: (connection: { sendText(text: string): unknown }, text: string) => connection.sendText(text),
    };
    server.on('upgrade', (request, socket, head) => {
      requests++;
      accept(request, socket, head, { options: resolveWebSocketOptions(), handler });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return { port: (server.address() as AddressInfo).port, names, requests: () => requests };
  }

  it('sends the handshake and all frames through TLS, and names the server (SNI)', async () => {
    const { port, names } = await tlsServer();
    const log = new HandlerLog();
    const connection = await dial(`wss://localhost:${port}/`, { handler: log, tls: { ca: tlsCertificate.cert } });
    connection.sendText('secret');
    await until(() => log.texts.length === 1);
    expect(names).toEqual(['localhost']);
    connection.close();
    await until(() => log.closes.length === 1);
    expect(log.closes[0]).toMatchObject({ code: 1000, wasClean: true });
  });

  it('fails before any handshake when the certificate cannot be verified', async () => {
    const { port, requests } = await tlsServer();
    await expect(dial(`wss://localhost:${port}/`, { handler: {} })).rejects.toMatchObject({ code: 'handshake_failed' });
    expect(requests()).toBe(0);
  });
});
