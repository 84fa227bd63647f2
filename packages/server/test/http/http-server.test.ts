import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stretched } from '@longwire/test-support/stretched';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { resolveServerConfig } from '../../src/config/load-config.js';
import { connectionLimit } from '../../src/http/connection-limit.js';
import { createHttpServer } from '../../src/http/http-server.js';
import { listen, stopListening } from '../../src/http/listener.js';
import type { Readiness } from '../../src/http/routes.js';
import { systemClock } from '../../src/runtime/clock.js';
import { createLogger } from '../../src/runtime/logger.js';
import { RefusalCounter } from '../../src/runtime/refusal-counter.js';
import { createAuthenticator } from '../../src/session/authenticate.js';
import { ConnectionLimits } from '../../src/session/limits/connection-limits.js';
import { SilentConnections } from '../../src/session/limits/silent-connections.js';
import { rawGet, rawRequest } from './raw-request.js';

const canary = 'canary-outside-of-the-page';
let folder: string;
let lines: string[];
let readiness: Readiness;
let refusals: RefusalCounter;
let server: Server;
let port: number;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'longwire-http-'));
  mkdirSync(join(folder, 'page', 'deep'), { recursive: true });
  writeFileSync(join(folder, 'secret.txt'), canary);
  writeFileSync(join(folder, 'page', 'index.html'), '<!doctype html><title>the page</title>');
  writeFileSync(join(folder, 'page', 'page.js'), `export const padding = '${'x'.repeat(2_000)}';`);
  writeFileSync(join(folder, 'page', 'deep', 'page.css'), 'body {}');
  writeFileSync(join(folder, 'page', '.hidden.txt'), canary);
  writeFileSync(join(folder, 'page', 'page.tsbuildinfo'), canary);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function create(
  limits: { connections?: number; handshakeTimeoutMs?: number } = {},
  auth: 'dev' | 'jwt' = 'jwt',
): Server {
  lines = [];
  refusals = new RefusalCounter();
  const logger = createLogger({ level: 'debug', destination: { write: (line) => lines.push(line) }, color: false });
  const jwt = { auth: 'jwt', jwtSecret: '0123456789abcdef0123456789abcdef' } as const;
  const config = resolveServerConfig({ ...(auth === 'dev' ? { auth } : jwt), limits });
  const authenticator = createAuthenticator(config, { clock: systemClock, logger });
  return createHttpServer({
    limits: config.limits,
    maxConnections: connectionLimit(config.limits.connections),
    silent: new SilentConnections(1_000),
    connectionLimits: new ConnectionLimits({ ...config.limits, isProxy: () => false }, systemClock),
    clock: systemClock,
    logger,
    refusals,
    readiness: () => readiness,
    refuseCaller: (caller) => authenticator.refuseCaller(caller),
    keyPair: undefined,
    pageDirectory: join(folder, 'page'),
  });
}

async function start(...options: Parameters<typeof create>): Promise<void> {
  server = create(...options);
  port = (await listen(server, { host: '127.0.0.1', port: 0 })).port;
}

beforeEach(async () => {
  readiness = { isReady: true };
  await start();
});
afterEach(() => stopListening(server, 0));

const get = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init);

describe('routes', () => {
  it('GET /healthz answers 200, and GET /readyz 200 or 503 with the reason', async () => {
    expect(await (await get('/healthz')).json()).toEqual({ status: 'ok' });
    expect((await get('/readyz')).status).toBe(200);
    readiness = { isReady: false, reason: 'the disk is full' };
    const response = await get('/readyz');
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({
      type: 'error',
      code: 'unavailable',
      message: 'Not ready: the disk is full',
      retryable: true,
    });
    expect((await get('/healthz')).status).toBe(200);
  });

  it('GET /v1/connect without an upgrade answers 426 with the header Upgrade', async () => {
    const response = await rawGet(port, '/v1/connect');
    expect(response.status).toBe(426);
    expect(response.head).toMatch(/^upgrade: websocket$/im);
    expect(JSON.parse(response.body)).toMatchObject({ type: 'error', message: expect.stringContaining('ws://') });
  });

  it('GET of an unknown path answers 404 with an error of the catalogue', async () => {
    const response = await get('/nothing');
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ type: 'error', code: 'unknown_type', retryable: false });
  });

  it.each([
    ['/healthz', 'POST'],
    ['/v1/connect', 'PUT'],
    ['/', 'POST'],
    ['/page.js', 'DELETE'],
  ])('%s answers %s with 405 and the header Allow', async (path, method) => {
    const response = await get(path, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, HEAD');
    expect(await response.json()).toMatchObject({ type: 'error', message: expect.stringContaining('GET, HEAD') });
  });

  it('HEAD answers like GET, without a body', async () => {
    const response = await get('/', { method: 'HEAD' });
    expect(response.status).toBe(200);
    expect(Number(response.headers.get('content-length'))).toBeGreaterThan(10);
    expect(await response.text()).toBe('');
  });

  it('every answer has nosniff, no-referrer and a Content-Security-Policy', async () => {
    for (const path of ['/', '/healthz', '/nothing', '/page.js']) {
      const { headers } = await get(path);
      expect(headers.get('x-content-type-options'), path).toBe('nosniff');
      expect(headers.get('referrer-policy'), path).toBe('no-referrer');
      expect(headers.get('content-security-policy'), path).toContain("default-src 'none'");
      expect(headers.get('content-security-policy'), path).toContain("frame-ancestors 'none'");
    }
  });
});

describe('the page', () => {
  it('is served at / and by its name, with a Content-Security-Policy that allows nothing inline', async () => {
    for (const path of ['/', '/index.html', '/?tab=1']) {
      const response = await get(path);
      expect(await response.text(), path).toContain('the page');
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(response.headers.get('content-security-policy')).not.toContain('unsafe');
    }
    expect((await get('/deep/page.css')).headers.get('content-type')).toContain('text/css');
  });

  it('has Content-Encoding gzip if Accept-Encoding allows it, and only then', async () => {
    for (const [accepted, expected] of [
      ['gzip', 'gzip'],
      ['br, GZIP;q=0.5', 'gzip'],
      ['gzip;q=0', null],
      ['br', null],
    ]) {
      const response = await rawGet(port, '/page.js', `Accept-Encoding: ${accepted}\r\n`);
      expect(/^content-encoding: (.*)$/im.exec(response.head)?.[1] ?? null, String(accepted)).toBe(expected);
    }
    expect(await (await get('/page.js')).text()).toContain('export const padding');
  });

  it('answers 304 to an If-None-Match with its ETag', async () => {
    const etag = (await get('/')).headers.get('etag') ?? '';
    expect((await get('/', { headers: { 'if-none-match': `"other", ${etag}` } })).status).toBe(304);
    expect((await get('/', { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  });

  it('has no hidden files and no files of unknown types, and ignores Range', async () => {
    expect((await get('/.hidden.txt')).status).toBe(404);
    expect((await get('/page.tsbuildinfo')).status).toBe(404);
    expect((await get('/', { headers: { range: 'bytes=5-2' } })).status).toBe(200);
  });

  it('is still served when its folder was removed', async () => {
    rmSync(join(folder, 'page', 'deep'), { recursive: true });
    expect((await get('/deep/page.css')).status).toBe(200);
  });
});

describe('paths', () => {
  async function expectRefused(target: string): Promise<void> {
    const response = await rawGet(port, target);
    expect([400, 404]).toContain(response.status);
    expect(response.body).not.toContain(canary);
  }

  it.each([
    '/../secret.txt',
    '/deep/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/%2E%2e%2fsecret.txt',
    '/..%2fsecret.txt',
    '/..%5csecret.txt',
    '/..\\secret.txt',
    '/./index.html',
    '/%2e/index.html',
    '//index.html',
    '//evil.example/',
    '/deep//page.css',
    '/%00',
    '/index.html%00.js',
    '/%0d%0aSet-Cookie:x',
    '/%',
    '/%zz',
    '/%c0%af',
    '/%ff',
    '/a#b',
    'http://evil.example/%2e%2e/secret.txt',
    'http:///healthz',
    'http://user@localhost/healthz',
    'ftp://localhost/healthz',
    '*',
    'healthz',
    '/__proto__',
    '/constructor',
    '/v1/connect/',
    '/HEALTHZ',
    '/%2568ealthz',
    '/%25%36%38ealthz',
  ])('GET %s answers 400 or 404 and nothing from outside the page', (target) => expectRefused(target));

  it.each([
    ['http://localhost/healthz', '/healthz'],
    ['HTTP://LOCALHOST:8080/healthz?x=1', '/healthz'],
    ['https://chat.example.org/healthz', '/healthz'],
    ['http://localhost', '/'],
    ['http://localhost?tab=1', '/'],
    ['/%68ealthz', '/healthz'],
  ])('GET %s answers as %s (RFC 9112 §3.2.2)', async (target, path) => {
    const response = await rawGet(port, target);
    expect(response.status).toBe(200);
    expect(response.body).toBe((await rawGet(port, path)).body);
  });

  it.each([
    ['a segment', `/${'a'.repeat(7_000)}`],
    ['many ups', `/${'../'.repeat(1_000)}etc/passwd`],
    ['a query', `/healthz?${'q'.repeat(10_000)}`],
    ['a query beyond what headers may have', `/?${'q'.repeat(60 * 1024)}`],
  ])('GET with %s of excessive length answers 400 or 404', (_what, target) => expectRefused(target));

  it('GET of any path answers 200, 400 or 404 and never a file outside the page', async () => {
    const piece = fc.constantFrom(
      '/',
      '..',
      '.',
      '%2e',
      '%2f',
      '%5c',
      '%00',
      '%',
      'page',
      'deep',
      'secret.txt',
      '?',
      ';',
      ':',
      '*',
      '%c3%a9',
      '~',
      '//',
    );
    const target = fc.array(piece, { maxLength: 12 }).map((pieces) => `/${pieces.join('')}`);
    await fc.assert(
      fc.asyncProperty(target, async (path) => {
        const response = await rawGet(port, path);
        expect([200, 400, 404]).toContain(response.status);
        expect(response.body).not.toContain(canary);
      }),
      { numRuns: 300 },
    );
    expect(lines.filter((line) => line.includes('"level":50'))).toEqual([]);
  });

  it('the log has the path of a request without its query', async () => {
    await get('/healthz?token=query-canary');
    expect(lines.join()).toContain('/healthz');
    expect(lines.join()).not.toContain('query-canary');
  });
});

describe('hostile requests', () => {
  const manyHeaders = (count: number) => Array.from({ length: count }, (_, at) => `X-${at}: 1\r\n`).join('');
  it.each<[string, string | Buffer, number[]]>([
    ['no HTTP at all', 'hello\r\n\r\n', [400]],
    ['a TLS greeting', Buffer.from('16030100a5010000a1030352c5d5', 'hex'), [400]],
    ['2 000 headers', `GET /healthz HTTP/1.1\r\nHost: x\r\n${manyHeaders(2_000)}\r\n`, [431]],
    ['101 headers', `GET /healthz HTTP/1.1\r\nHost: x\r\n${manyHeaders(101)}\r\n`, [431]],
    ['64 KiB of headers', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(65_536)}\r\n\r\n`, [431]],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', [400]],
    [
      "headers of an object's prototype",
      'GET /nothing HTTP/1.1\r\nHost: x\r\n__proto__: 1\r\nconstructor: 1\r\nConnection: close\r\n\r\n',
      [404],
    ],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', [400]],
    [
      'length and chunks',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      [400],
    ],
    [
      'a bare line feed in a header',
      'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: a\nb: c\r\n\r\n',
      [400, 200],
    ],
    ['CONNECT', 'CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n', [0, 404]],
  ])('%s is answered with an error status and the connection ends', async (_what, bytes, statuses) => {
    const { status } = await rawRequest(port, bytes);
    expect(statuses).toContain(status);
    expect((await get('/healthz')).status).toBe(200);
  });

  it('headers that take longer than handshakeTimeoutMs get 408, and other requests are served meanwhile', async () => {
    await stopListening(server, 0);
    await start({ handshakeTimeoutMs: 2_000 });
    const begun = performance.now();
    const sockets: Socket[] = [];
    const ends = Array.from({ length: 50 }, () => {
      const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHo'));
      sockets.push(socket);
      const drip = setInterval(() => socket.write('s'), 50);
      return new Promise<string>((resolve) => {
        let text = '';
        socket.on('data', (chunk) => {
          text += chunk;
        });
        socket.on('error', () => undefined);
        socket.on('close', () => {
          clearInterval(drip);
          resolve(text);
        });
      });
    });
    expect((await get('/healthz')).status).toBe(200);
    const answers = await Promise.all(ends);
    expect(performance.now() - begun).toBeLessThan(stretched(15_000));
    expect(answers.some((text) => text.startsWith('HTTP/1.1 408'))).toBe(true);
  });
});

describe('connections', () => {
  it('beyond limits.connections are closed with one line in the log, and accepted again when there is room', async () => {
    await stopListening(server, 0);
    await start({ connections: 3 });
    const open = () =>
      new Promise<{ socket: Socket; isOpen: boolean }>((resolve) => {
        const socket = connect(port, '127.0.0.1');
        socket.on('error', () => undefined);
        socket.once('close', () => resolve({ socket, isOpen: false }));
        // An answer proves that the connection was taken.
        socket.once('connect', () => socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'));
        socket.once('data', () => resolve({ socket, isOpen: true }));
      });
    const opened = [await open(), await open(), await open()];
    expect(opened.map(({ isOpen }) => isOpen)).toEqual([true, true, true]);
    for (let attempt = 0; attempt < 5; attempt += 1) expect((await open()).isOpen).toBe(false);
    expect(lines.filter((line) => line.includes('turned away'))).toHaveLength(1);
    const [first] = opened;
    await new Promise((resolve) => first?.socket.once('close', resolve).destroy());
    await expect.poll(async () => (await open()).isOpen).toBe(true);
    for (const { socket } of opened) socket.destroy();
  });
});

describe('auth dev', () => {
  beforeEach(async () => {
    await stopListening(server, 0);
    await start({}, 'dev');
  });

  it.each([['Forwarded: for=10.0.0.7'], ['X-Forwarded-For: 10.0.0.7'], ['Origin: https://evil.example']])(
    'refuses any request with %s',
    async (header) => {
      const response = await rawGet(port, '/', `${header}\r\n`);
      expect(response.status).toBe(403);
      expect(JSON.parse(response.body)).toMatchObject({
        code: 'forbidden',
        message: expect.stringContaining('auth dev'),
      });
    },
  );

  it('answers the host of a target in absolute form, not the Host header (RFC 9112 §3.2.2)', async () => {
    expect((await rawGet(port, 'http://localhost/healthz')).status).toBe(200);
    // The Host header of rawGet is localhost.
    expect((await rawGet(port, 'http://evil.example/healthz')).status).toBe(403);
  });

  it('refuses a foreign name that points at loopback, and answers its own', async () => {
    expect((await rawRequest(port, 'GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n')).status).toBe(403);
    expect((await get('/')).status).toBe(200);
  });
});
