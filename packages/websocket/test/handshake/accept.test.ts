import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { until } from '@longwire/test-support/until';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AcceptOptions, accept, acceptChecked } from '../../src/handshake/accept.js';
import { acceptKey, isHandshakeKey, newHandshakeKey } from '../../src/handshake/accept-key.js';
import { checkHandshake } from '../../src/handshake/check-handshake.js';
import { parseSubprotocols, selectSubprotocol } from '../../src/handshake/subprotocol.js';
import { resolveWebSocketOptions, type WebSocketOptions } from '../../src/options.js';
import { maskedFrame } from '../support/hex.js';
import { HANDSHAKE_LINES, LiveServer, RawPeer } from '../support/live.js';

/** rawHeaders of the standard handshake; `changes` replaces values, undefined removes a line. */
function rawHeaders(
  changes: Readonly<Record<string, string | undefined>> = {},
  more: readonly string[] = [],
): string[] {
  const lines = HANDSHAKE_LINES.slice(1).map((line) => [
    line.slice(0, line.indexOf(':')),
    line.slice(line.indexOf(': ') + 2),
  ]);
  const kept = lines.filter(([name]) => !(name! in changes) || changes[name!] !== undefined);
  return [...kept.flatMap(([name, value]) => [name!, changes[name!] ?? value!]), ...more];
}

function check(raw: readonly string[], options: WebSocketOptions = {}, method = 'GET', httpVersion = '1.1') {
  return checkHandshake({ method, httpVersion, rawHeaders: raw }, resolveWebSocketOptions(options));
}

describe('checks of the request, RFC 6455 §4.2.1', () => {
  it('takes the handshake of RFC 6455 §1.3 and answers its key', () => {
    expect(check(rawHeaders())).toMatchObject({ isAccepted: true, key: 'dGhlIHNhbXBsZSBub25jZQ==' });
    expect(acceptKey('dGhlIHNhbXBsZSBub25jZQ==')).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  });

  it.each([
    ['a lower-case Upgrade in a list', { Upgrade: 'h2c, WebSocket', Connection: 'keep-alive, upgrade' }],
    ['an empty Sec-WebSocket-Extensions', {}, ['Sec-WebSocket-Extensions', '']],
    ['Content-Length: 0', {}, ['Content-Length', '0']],
    ['header names of Object.prototype', {}, ['__proto__', 'x', 'constructor', 'y', 'hasOwnProperty', 'z']],
  ])('takes %s', (_title, changes, more: string[] = []) => {
    expect(check(rawHeaders(changes, more)).isAccepted).toBe(true);
  });

  it.each([
    ['no key', { 'Sec-WebSocket-Key': undefined }, [], 400],
    ['a short key', { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZQ==' }, [], 400],
    ['a key that is not base64', { 'Sec-WebSocket-Key': '!!!!!!!!!!!!!!!!!!!!!!==' }, [], 400],
    ['a second key', {}, ['sec-websocket-key', 'dGhlIHNhbXBsZSBub25jZQ=='], 400],
    ['a second Host', {}, ['Host', 'evil.example'], 400],
    ['a second Origin', {}, ['Origin', 'http://a', 'Origin', 'http://b'], 400],
    ['no Host', { Host: undefined }, [], 400],
    ['no Upgrade', { Upgrade: undefined }, [], 426],
    ['another Upgrade', { Upgrade: 'h2c' }, [], 426],
    ['no Connection: Upgrade', { Connection: 'keep-alive' }, [], 400],
    ['version 8', { 'Sec-WebSocket-Version': '8' }, [], 426],
    ['version 25', { 'Sec-WebSocket-Version': '25' }, [], 426],
    ['no version', { 'Sec-WebSocket-Version': undefined }, [], 426],
    ['a body by length', {}, ['Content-Length', '5'], 400],
    ['a chunked body', {}, ['Transfer-Encoding', 'chunked'], 400],
    ['a subprotocol that is no token', {}, ['Sec-WebSocket-Protocol', 'a b'], 400],
    ['a subprotocol named twice', {}, ['Sec-WebSocket-Protocol', 'a, b, a'], 400],
    ['an empty subprotocol', {}, ['Sec-WebSocket-Protocol', 'a,,b'], 400],
    ['broken extensions', {}, ['Sec-WebSocket-Extensions', 'a; b="'], 400],
  ])('refuses %s', (_title, changes, more, status) => {
    const outcome = check(rawHeaders(changes, more));
    expect(outcome).toMatchObject({ isAccepted: false, status });
    expect(outcome).toHaveProperty(['headers', 'Sec-WebSocket-Version'], '13');
  });

  it('refuses other methods with 405 and other versions of HTTP with 400', () => {
    expect(check(rawHeaders(), {}, 'POST')).toMatchObject({ status: 405, headers: { Allow: 'GET' } });
    expect(check(rawHeaders(), {}, 'GET', '1.0')).toMatchObject({ status: 400 });
  });

  it('refuses too many and too long headers with 431', () => {
    const many = Array.from({ length: 200 }, (_, index) => [`X-${index}`, 'x']).flat();
    expect(check(rawHeaders({}, many))).toMatchObject({ status: 431 });
    expect(check(rawHeaders({}, ['X', 'x'.repeat(20_000)]))).toMatchObject({ status: 431 });
    expect(check(rawHeaders({}, ['X', 'x'.repeat(20_000)]), { maxHeaderBytes: 32_768 }).isAccepted).toBe(true);
  });

  it.each([[' '], [','], ['a,'], ['\t'], ['a;b="\\c']])('checks 60 KiB of %j in linear time', (unit) => {
    const value = unit.repeat(61_440 / unit.length);
    const options = { maxHeaderBytes: 1_048_576, perMessageDeflate: true };
    for (const name of ['Sec-WebSocket-Protocol', 'Sec-WebSocket-Extensions']) {
      const times = [1, 2, 3, 4, 5].map(() => {
        const start = performance.now();
        check(rawHeaders({}, [name, value]), options);
        return performance.now() - start;
      });
      // Quadratic would be seconds.
      expect(Math.min(...times)).toBeLessThan(50);
    }
  });
});

it('makes keys of 16 random bytes', () => {
  const keys = Array.from({ length: 50 }, newHandshakeKey);
  expect(new Set(keys).size).toBe(50);
  expect(keys.every(isHandshakeKey)).toBe(true);
  expect(isHandshakeKey(createHash('md5').update('x').digest('base64'))).toBe(true);
});

it('chooses the first supported subprotocol that was offered', () => {
  expect(parseSubprotocols('b, a')).toEqual(['b', 'a']);
  expect(selectSubprotocol(['b', 'a'], ['a', 'b'])).toBe('a');
  expect(selectSubprotocol(['c'], ['a', 'b'])).toBeUndefined();
});

describe('on a real server', () => {
  let server: LiveServer;

  async function start(options: WebSocketOptions = {}, settings: Partial<AcceptOptions> = {}): Promise<void> {
    server = await LiveServer.start(options, settings);
  }

  beforeEach(() => start());
  afterEach(() => server.stop());

  async function exchange(text: string): Promise<RawPeer> {
    const peer = new RawPeer(server.port);
    peer.send(text);
    await until(() => peer.received.includes('\r\n\r\n'));
    return peer;
  }

  it('answers 101 with accept key, subprotocol, extension and further headers', async () => {
    await server.stop();
    await start({ perMessageDeflate: true }, { subprotocols: ['b'], headers: { 'Set-Cookie': ['a=1', 'b=2'] } });
    const lines = [...HANDSHAKE_LINES, 'Sec-WebSocket-Protocol: a, b', 'Sec-WebSocket-Extensions: permessage-deflate'];
    const peer = await exchange(`${lines.join('\r\n')}\r\n\r\n`);
    expect(peer.received.toString().split('\r\n')).toEqual([
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
      'Sec-WebSocket-Protocol: b',
      'Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover',
      'Set-Cookie: a=1',
      'Set-Cookie: b=2',
      '',
      '',
    ]);
    expect((await server.connection()).subprotocol).toBe('b');
  });

  it('reads frames that came in the same segment as the handshake', async () => {
    const peer = new RawPeer(server.port);
    peer.send(Buffer.concat([Buffer.from(`${HANDSHAKE_LINES.join('\r\n')}\r\n\r\n`), maskedFrame(0x81, 'early')]));
    await until(() => server.log.texts.length === 1);
    expect(server.log.texts).toEqual(['early']);
  });

  it('never reads HTTP behind a handshake, taken or refused', async () => {
    let requests = 0;
    server.http.on('request', (_request, response) => {
      requests++;
      response.end();
    });
    const hidden = 'GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n';
    const refused = HANDSHAKE_LINES.map((line) => line.replace('Version: 13', 'Version: 8'));
    const withBody = [...HANDSHAKE_LINES, `Content-Length: ${hidden.length}`];
    for (const lines of [HANDSHAKE_LINES, refused, withBody]) {
      const peer = await exchange(`${lines.join('\r\n')}\r\n\r\n${hidden}`);
      await until(() => peer.hasEnded || peer.isClosed);
    }
    expect(requests).toBe(0);
  });

  it('closes the connection after a refusal, with Content-Length and a sentence', async () => {
    const peer = await exchange(`${HANDSHAKE_LINES.map((line) => line.replace(': 13', ': 8')).join('\r\n')}\r\n\r\n`);
    await until(() => peer.hasEnded);
    const text = peer.received.toString();
    expect(text).toMatch(/^HTTP\/1\.1 426 Upgrade Required\r\n/);
    expect(text).toContain('Sec-WebSocket-Version: 13\r\n');
    expect(text).toMatch(/Connection: Upgrade, close\r\n/);
    expect(text.split('\r\n\r\n')[1]).toBe('Sec-WebSocket-Version must be 13\n');
    expect(server.connections).toEqual([]);
  });

  it('survives a cut at every byte of the handshake, by FIN and by reset', async () => {
    const bytes = Buffer.from(`${HANDSHAKE_LINES.join('\r\n')}\r\n\r\n`);
    for (let end = 0; end <= bytes.length; end += 7) {
      for (const isReset of [false, true]) {
        const peer = new RawPeer(server.port);
        peer.socket.write(bytes.subarray(0, end), () => (isReset ? peer.socket.resetAndDestroy() : peer.socket.end()));
      }
    }
    await until(() => server.sockets.size === 0 && server.log.closes.length === server.connections.length);
  });

  it.each([true, false])('ends a connection whose peer left before it was accepted (by reset: %s)', async (isReset) => {
    server.http.removeAllListeners('upgrade');
    const upgraded = new Promise<{ request: IncomingMessage; socket: Duplex }>((resolve) => {
      server.http.once('upgrade', (request, socket) => resolve({ request, socket }));
    });
    const peer = new RawPeer(server.port);
    peer.send(`${HANDSHAKE_LINES.join('\r\n')}\r\n\r\n`);
    const { request, socket } = await upgraded;
    socket.on('error', () => {});
    if (isReset) peer.socket.resetAndDestroy();
    else peer.socket.end();
    socket.resume();
    await until(() => (isReset ? socket.destroyed : socket.readableEnded));
    const outcome = accept(request, socket, Buffer.alloc(0), {
      options: resolveWebSocketOptions({ closeTimeoutMs: 100 }),
      handler: server.log,
    });
    expect(outcome).toHaveProperty('role', 'server');
    await until(() => server.log.closes.length === 1);
    expect(server.log.closes[0]).toMatchObject({ code: 1006, wasClean: false });
  });

  it('refuses headers that would break the answer, before anything is written', () => {
    const handshake = check(rawHeaders());
    if (!handshake.isAccepted) throw new Error('this handshake is good');
    const options = resolveWebSocketOptions();
    const attempt = (settings: object) => () =>
      acceptChecked(handshake, undefined as never, Buffer.alloc(0), { options, handler: {}, ...settings });
    const invalidOption = expect.objectContaining({ code: 'invalid_option' });
    expect(attempt({ headers: { 'X-A': 'a\r\nX-B: b' } })).toThrowError(invalidOption);
    expect(attempt({ headers: { 'X A': 'a' } })).toThrowError(invalidOption);
    expect(attempt({ headers: { 'sec-websocket-accept': 'a' } })).toThrowError(invalidOption);
    expect(attempt({ subprotocol: 'x' })).toThrowError(expect.objectContaining({ code: 'invalid_subprotocol' }));
  });

  it('accept() resolves raw options, and uses the defaults without any', async () => {
    const { text } = await heardUnder({ maxMessageBytes: 3 }, 'abc');
    expect(text).toBe('abc');
    const { close } = await heardUnder({ maxMessageBytes: 3 }, 'abcd');
    expect(close).toMatchObject({ code: 1009 });
    expect((await heardUnder(undefined, 'abcd')).text).toBe('abcd');
  });

  /** What a connection tells of one text message, under options as a program in plain JavaScript may give them. */
  async function heardUnder(options: WebSocketOptions | undefined, message: string) {
    await server.stop();
    await start({}, { options });
    const peer = await RawPeer.open(server.port);
    peer.send(maskedFrame(0x81, message));
    await until(() => server.log.texts.length + server.log.closes.length > 0);
    return { text: server.log.texts[0], close: server.log.closes[0] };
  }

  it('checkHandshake() applies the limits of default options if it gets none', () => {
    const raw = rawHeaders(
      {},
      Array.from({ length: 2 * 101 }, () => 'x'),
    );
    expect(checkHandshake({ method: 'GET', httpVersion: '1.1', rawHeaders: raw })).toMatchObject({ status: 431 });
  });

  it.each([
    ['options out of range', { options: { maxMessageBytes: 0 } }, 'invalid_option', /maxMessageBytes must be/],
    ['an unknown option', { options: { maxPayload: 1 } }, 'invalid_option', /no option "maxPayload"/],
    ['no handler', { handler: undefined }, 'invalid_option', /accept needs a handler.*not undefined/],
    ['a handler that is none', { handler: 'onText' }, 'invalid_option', /accept needs a handler/],
    ['an option beside options', { heartbeatMs: 1 }, 'invalid_option', /write \{ options: \{ heartbeatMs: … \} \}/],
    ['an unknown setting', { subprotocol: 'chat' }, 'invalid_option', /did you mean "subprotocols"\?/],
    ['a text as subprotocols', { subprotocols: 'chat' }, 'invalid_subprotocol', /must be a list of names, not "chat"/],
  ])('refuses %s at the call', (_title, settings, code, message) => {
    const request = { method: 'GET', httpVersion: '1.1', rawHeaders: rawHeaders() } as IncomingMessage;
    const given = { handler: {}, ...settings } as AcceptOptions;
    expect(() => accept(request, undefined as never, Buffer.alloc(0), given)).toThrowError(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  it('refuses to accept without settings, and what was checked without a handler', () => {
    const handshake = check(rawHeaders());
    if (!handshake.isAccepted) throw new Error('this handshake is good');
    const rest = [undefined as never, Buffer.alloc(0), {} as AcceptOptions] as const;
    const invalidOption = expect.objectContaining({ code: 'invalid_option' });
    expect(() => acceptChecked(handshake, ...rest)).toThrowError(invalidOption);
    const request = { rawHeaders: rawHeaders() } as IncomingMessage;
    expect(() => accept(request, rest[0], rest[1], undefined as never)).toThrowError(invalidOption);
  });
});
