import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import { tlsCertificate } from '@longwire/test-support/tls-certificate';
import { until } from '@longwire/test-support/until';
import { afterEach, describe, expect, it } from 'vitest';
import type { WebSocketError } from '../../src/errors.js';
import { acceptKey } from '../../src/handshake/accept-key.js';
import { dial } from '../../src/handshake/dial.js';
import type { DialOptions } from '../../src/handshake/dial-options.js';
import { HandlerLog, LiveServer } from '../support/live.js';

const closers: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A server that answers a handshake with exactly these lines; `{accept}` is the right Sec-WebSocket-Accept. */
async function answering(lines: readonly string[], after = ''): Promise<string> {
  const sockets = new Set<Socket>();
  const server: TcpServer = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      const key = /sec-websocket-key: (.*)\r\n/i.exec(chunk.toString())?.[1] ?? '';
      if (lines.length > 0)
        socket.write(`${lines.join('\r\n').replace('{accept}', acceptKey(key))}\r\n\r\n${after}`, 'latin1');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const GOOD = ['HTTP/1.1 101 OK', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Accept: {accept}'];
const failure = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });
const handler = {};

it('opens a connection and carries messages both ways', async () => {
  const server = await LiveServer.start({}, { subprotocols: ['chat'] });
  closers.push(() => server.stop());
  const log = new HandlerLog();
  server.log.onText = (connection, text) => connection.sendText(`Server: ${text}`);
  const client = await dial(`${server.url}room?x=1`, {
    handler: log,
    subprotocols: ['other', 'chat'],
    headers: { Origin: 'http://a.example' },
    data: { mine: true },
  });
  expect(client).toMatchObject({ role: 'client', subprotocol: 'chat', state: 'open', data: { mine: true } });
  client.sendText('hi');
  await until(() => log.texts.length === 1);
  expect(log.texts).toEqual(['Server: hi']);
  expect(server.upgrades[0]).toMatchObject({ url: '/room?x=1', headers: { origin: 'http://a.example' } });
  client.close();
  await until(() => log.closes.length === 1);
});

describe('the answer must be right, RFC 6455 §4.1', () => {
  it('reads frames that came with the answer', async () => {
    const log = new HandlerLog();
    const client = await dial(await answering(GOOD, '\x81\x05early'), { handler: log });
    await until(() => log.texts.length === 1);
    expect(log.texts).toEqual(['early']);
    client.terminate();
  });

  it.each([
    ['a wrong accept key', GOOD.map((line) => line.replace('{accept}', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='))],
    ['no accept key', GOOD.slice(0, 3)],
    ['another Upgrade', GOOD.map((line) => line.replace('websocket', 'h2c'))],
    ['a subprotocol that was not offered', [...GOOD, 'Sec-WebSocket-Protocol: evil']],
    ['a subprotocol that differs in case', [...GOOD, 'Sec-WebSocket-Protocol: CHAT']],
    ['an extension that was not offered', [...GOOD, 'Sec-WebSocket-Extensions: permessage-deflate']],
  ])('refuses %s', async (_title, lines) => {
    const attempt = dial(await answering(lines), { handler, subprotocols: ['chat'] });
    await expect(attempt).rejects.toEqual(failure('handshake_invalid'));
  });

  it('refuses parameters of permessage-deflate that it did not agree to', async () => {
    const url = await answering([...GOOD, 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=7']);
    const attempt = dial(url, { handler, options: { perMessageDeflate: true } });
    await expect(attempt).rejects.toEqual(failure('handshake_invalid'));
  });

  it('does not follow a redirect', async () => {
    const url = await answering(['HTTP/1.1 302 Found', 'Location: ws://127.0.0.1:1/', 'Content-Length: 0']);
    await expect(dial(url, { handler })).rejects.toEqual(failure('handshake_redirected', { status: 302 }));
  });

  it.each([200, 401, 403, 503])('reports status %i', async (status) => {
    const url = await answering([`HTTP/1.1 ${status} X`, 'Content-Length: 0']);
    await expect(dial(url, { handler })).rejects.toEqual(failure('handshake_refused', { status }));
  });

  it('rejects with handshake_invalid on an answer with more header lines than maxHeaderCount', async () => {
    const url = await answering([...GOOD, ...Array.from({ length: 8 }, (_, index) => `X-${index}: x`)]);
    await expect(dial(url, { handler, options: { maxHeaderCount: 10 } })).rejects.toEqual(
      failure('handshake_invalid', { message: 'the answer has more than 10 header lines' }),
    );
    const client = await dial(url, { handler, options: { maxHeaderCount: 11 } });
    client.terminate();
  });

  it('rejects on an answer with headers above maxHeaderBytes', async () => {
    const url = await answering([...GOOD, `X: ${'x'.repeat(5000)}`]);
    const attempt = dial(url, { handler, options: { maxHeaderBytes: 2000 } });
    await expect(attempt).rejects.toEqual(failure('handshake_failed'));
  });
});

describe('attempts that come to nothing', () => {
  it('times out on a server that stays silent', async () => {
    const attempt = dial(await answering([]), { handler, options: { handshakeTimeoutMs: 50 } });
    await expect(attempt).rejects.toEqual(failure('handshake_timeout'));
  });

  it('obeys an AbortSignal, before and during', async () => {
    await expect(dial('ws://127.0.0.1:1', { handler, signal: AbortSignal.abort() })).rejects.toEqual(
      failure('handshake_aborted'),
    );
    const controller = new AbortController();
    const attempt = dial(await answering([]), { handler, signal: controller.signal });
    setTimeout(() => controller.abort(new Error('mine')), 20);
    await expect(attempt).rejects.toEqual(failure('handshake_aborted', { cause: new Error('mine') }));
  });

  it('reports a server that is not there, and one that hangs up', async () => {
    await expect(dial('ws://127.0.0.1:1', { handler })).rejects.toEqual(failure('handshake_failed'));
    const server: Server = createServer();
    server.on('upgrade', (_request, socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => server.close());
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await expect(dial(url, { handler })).rejects.toEqual(failure('handshake_failed'));
  });

  it.each([
    ['nobody known has signed', 'DEPTH_ZERO_SELF_SIGNED_CERT', { servername: 'localhost' }],
    ['that is for another name', 'ERR_TLS_CERT_ALTNAME_INVALID', { servername: 'a.example', ca: tlsCertificate.cert }],
    [
      'that the program refuses',
      undefined,
      { ca: tlsCertificate.cert, checkServerIdentity: () => new Error('not mine') },
    ],
  ])('does not call for another attempt at a server with a certificate %s', async (_title, cause, tls) => {
    const url = await secureServer();
    const error: WebSocketError = await dial(url, { handler, tls }).then(Promise.reject, (reason) => reason);
    expect(error).toMatchObject({ code: 'handshake_failed', retryable: false });
    expect((error.cause as NodeJS.ErrnoException).code).toBe(cause);
  });

  it('calls for another attempt at a server that hangs up, trusted or not', async () => {
    const url = await secureServer();
    await expect(dial(url, { handler, tls: { rejectUnauthorized: false } })).rejects.toEqual(
      failure('handshake_failed', { retryable: true }),
    );
  });

  /** Hangs up as soon as TLS stands. */
  async function secureServer(): Promise<string> {
    const server = createTlsServer({ ...tlsCertificate });
    server.on('upgrade', (_request, socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => server.close());
    return `wss://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  it.each(['http://a', 'ws://a/#x', 'not a url', ''])('refuses the URL %j', async (url) => {
    await expect(dial(url, { handler })).rejects.toEqual(failure('invalid_url'));
  });

  it('refuses subprotocols that are no tokens or named twice, and unknown options', async () => {
    await expect(dial('ws://a', { handler, subprotocols: ['a b'] })).rejects.toEqual(failure('invalid_subprotocol'));
    await expect(dial('ws://a', { handler, subprotocols: ['a', 'a'] })).rejects.toEqual(failure('invalid_subprotocol'));
    await expect(dial('ws://a', { handler, options: { heartbeat: 1 } as object })).rejects.toEqual(
      failure('invalid_option'),
    );
    await expect(dial('ws://a', { handler, headers: { 'X A': 'b' } })).rejects.toEqual(failure('invalid_option'));
  });

  it.each([
    ['no settings', undefined, 'invalid_option', /dial: options are an object, not undefined/],
    ['no handler', {}, 'invalid_option', /dial needs a handler.*not undefined/],
    ['a text as subprotocols', { handler, subprotocols: 'chat' }, 'invalid_subprotocol', /a list of names, not "chat"/],
    ['subprotocols that are no names', { handler, subprotocols: [7] }, 'invalid_subprotocol', /7 is no token/],
    [
      'an option beside options',
      { handler, perMessageDeflate: true },
      'invalid_option',
      /\{ options: \{ perMessageDeflate/,
    ],
    ['another name of a setting', { handler, protocols: ['a'] }, 'invalid_option', /did you mean "subprotocols"\?/],
    ['a misspelt setting', { handler, header: {} }, 'invalid_option', /did you mean "headers"\?/],
    [
      'a setting of something else',
      { handler, rejectUnauthorized: false },
      'invalid_option',
      /known are handler, options,/,
    ],
    [
      'headers that a spread loses',
      { handler, headers: new Map([['a', 'b']]) },
      'invalid_option',
      /headers must be an obj/,
    ],
    ['headers that are none', { handler, headers: 'a: b' }, 'invalid_option', /headers must be an object/],
    ['a signal that is none', { handler, signal: {} }, 'invalid_option', /signal must be an AbortSignal/],
    ['a tls that is none', { handler, tls: true }, 'invalid_option', /tls must be an object/],
    ['an onOpen that is none', { handler, onOpen: 'x' }, 'invalid_option', /onOpen must be a function/],
  ])('refuses %s', async (_title, settings, code, message) => {
    const attempt = dial('ws://a.invalid', settings as DialOptions);
    await expect(attempt).rejects.toEqual(failure(code, { message: expect.stringMatching(message) }));
  });
});

describe('what is seen of an attempt', () => {
  it('the answer is seen before it is judged, and the connection before its first event', async () => {
    const server = await LiveServer.start();
    closers.push(() => server.stop());
    const seen: string[] = [];
    await dial(server.url, {
      handler: { onText: (connection, text) => seen.push(`${connection.data} ${text}`) },
      headers: { Authorization: 'Bearer x' },
      onAnswer: (answer, request) => seen.push(`${request.getHeader('authorization')} ${answer.statusCode}`),
      onOpen: (connection) => {
        connection.data = 'mine';
        connection.handler = { onText: (_, text) => seen.push(`other handler: ${text}`) };
      },
    });
    (await server.connection()).sendText('first');
    await until(() => seen.length === 2);
    expect(seen).toEqual(['Bearer x 101', 'other handler: first']);
  });

  it('a throw in onAnswer or onOpen rejects the attempt and leaves no connection', async () => {
    const server = await LiveServer.start();
    closers.push(() => server.stop());
    const fail = (): never => {
      throw new Error('no thanks');
    };
    await expect(dial(server.url, { handler, onAnswer: fail })).rejects.toThrow('no thanks');
    await expect(dial(server.url, { handler, onOpen: fail })).rejects.toThrow('no thanks');
    const refusing = await answering(['HTTP/1.1 403 Forbidden', 'Content-Length: 0']);
    await expect(dial(refusing, { handler, onAnswer: fail })).rejects.toThrow('no thanks');
    await until(() => server.sockets.size === 0);
  });
});
