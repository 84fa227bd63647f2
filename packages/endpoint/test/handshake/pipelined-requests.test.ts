// Requests that a client sends before the earlier ones are answered (RFC 9112 §9.3.2), some of which ask for another
// protocol. On every connection each request gets its answer, and in the order of the requests.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { deferred } from '@longwire/test-support/deferred';
import { tlsCertificate } from '@longwire/test-support/tls-certificate';
import { until } from '@longwire/test-support/until';
import { afterEach, describe, expect, it } from 'vitest';
import { defineEndpoint, EndpointContainer } from '../../src/index.js';
import { listen } from '../serving.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = '';
  for await (const chunk of request.setEncoding('latin1')) body += chunk;
  response.end(`[${request.method} ${request.url} ${body}]`);
}

async function serveEcho(isTls: boolean, listener: RequestListener = answer) {
  const server = isTls ? createTlsServer(tlsCertificate, listener) : createServer(listener);
  const container = new EndpointContainer();
  container.add(defineEndpoint('/echo', { onText: (text) => text }));
  container.attach(server);
  const port = await listen(server);
  closing.push(
    () => container.close({ withinMs: 500 }),
    () => server.closeAllConnections(),
    () => server.close(),
  );
  return { container, server, port };
}

class RawClient {
  readonly socket: Socket;
  received = '';

  private constructor(socket: Socket) {
    this.socket = socket;
    closing.unshift(() => socket.destroy());
    socket.setEncoding('latin1').on('data', (text: string) => {
      this.received += text;
    });
    socket.on('error', () => {});
  }

  static async connect(port: number, isTls: boolean): Promise<RawClient> {
    const socket = isTls
      ? connectTls({ port, host: '127.0.0.1', ca: tlsCertificate.cert, servername: 'localhost' })
      : connect(port, '127.0.0.1');
    await once(socket, isTls ? 'secureConnect' : 'connect');
    return new RawClient(socket);
  }

  /** Statuses and bodies in the order in which they came. */
  get answers(): string[] {
    return [...this.received.matchAll(/HTTP\/1\.1 (\d+)|\[[^\]]*\]/g)].map(([all, status]) => status ?? all);
  }

  async until(count: number): Promise<void> {
    await until(() => this.answers.length >= count || this.socket.destroyed, `${count} statuses and bodies`);
  }
}

const plain = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
const h2c = (method: string, path: string, body = ''): string =>
  `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n` +
  `HTTP2-Settings: AAMAAABkAAQAAP__\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const webSocket = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';

const get = (path: string): string[] => ['200', `[GET ${path} ]`];
const cases: [title: string, requests: string[], answers: string[]][] = [
  ['h2c, GET', [h2c('GET', '/1'), plain('/2')], [...get('/1'), ...get('/2')]],
  ['GET, h2c, GET', [plain('/1'), h2c('GET', '/2'), plain('/3')], [...get('/1'), ...get('/2'), ...get('/3')]],
  ['h2c, h2c, GET', [h2c('GET', '/1'), h2c('GET', '/2'), plain('/3')], [...get('/1'), ...get('/2'), ...get('/3')]],
  [
    'h2c, h2c, WebSocket',
    [h2c('GET', '/1'), h2c('GET', '/2'), webSocket('/echo')],
    [...get('/1'), ...get('/2'), '101'],
  ],
  ['GET, WebSocket', [plain('/1'), webSocket('/echo')], [...get('/1'), '101']],
  ['GET, WebSocket of an unknown path', [plain('/1'), webSocket('/unknown')], [...get('/1'), '404']],
];

const behindBody: [title: string, request: string, answers: string[]][] = [
  ['GET', plain('/2'), get('/2')],
  ['WebSocket', webSocket('/echo'), ['101']],
];

describe.each([
  ['http', false],
  ['https', true],
])('EndpointContainer on %s', (_scheme, isTls) => {
  it.each(behindBody)(
    'answers h2c with a body and then %s, or sends Connection: close where node:http drops what follows',
    async (_title, request, answers) => {
      const { port, server } = await serveEcho(isTls);
      const client = await RawClient.connect(port, isTls);
      client.socket.write(h2c('POST', '/1', 'hello') + request);
      if ('shouldUpgradeCallback' in server) {
        await until(() => client.socket.destroyed, 'the end of the connection');
        expect(client.answers).toEqual(['200', '[POST /1 hello]']);
        expect(client.received).toMatch(/^Connection: close\r$/im);
      } else {
        await client.until(2 + answers.length);
        expect(client.answers).toEqual(['200', '[POST /1 hello]', ...answers]);
      }
    },
  );

  it.each(cases)('answers %s in this order when they come in one segment', async (_title, requests, answers) => {
    const { port } = await serveEcho(isTls);
    const client = await RawClient.connect(port, isTls);
    client.socket.write(requests.join(''));
    await client.until(answers.length);
    expect(client.answers).toEqual(answers);
  });

  it.each(cases)('answers %s in this order when they come byte by byte', async (_title, requests, answers) => {
    const { port } = await serveEcho(isTls);
    const client = await RawClient.connect(port, isTls);
    client.socket.setNoDelay(true);
    for (const byte of requests.join('')) await new Promise((resolve) => client.socket.write(byte, resolve));
    await client.until(answers.length);
    expect(client.answers).toEqual(answers);
  });
});

it('EndpointContainer sends 101 after an earlier response that takes its time, then echoes', async () => {
  const mayAnswer = deferred<void>();
  const { port } = await serveEcho(false, async (request, response) => {
    response.write('[begun]');
    await mayAnswer.promise;
    await answer(request, response);
  });
  const client = await RawClient.connect(port, false);
  // Behind the handshake: a masked text frame with "hi".
  client.socket.write(`${plain('/1')}${webSocket('/echo')}\x81\x82\0\0\0\0hi`, 'latin1');
  await client.until(2);
  expect(client.answers).toEqual(['200', '[begun]']);
  mayAnswer.resolve();
  await until(() => client.received.endsWith('\x81\x02hi'), 'the echo');
  expect(client.answers).toEqual(['200', '[begun]', '[GET /1 ]', '101']);
});

it.each([
  ['handshake', webSocket('/echo')],
  ['handshake of an unknown path', webSocket('/unknown')],
  ['request with Upgrade: h2c', h2c('GET', '/2')],
])('EndpointContainer drops a %s behind a response with Connection: close', async (_what, request) => {
  const paths: string[] = [];
  let opened = 0;
  const { port, container } = await serveEcho(false, ({ url = '' }, response) => {
    paths.push(url);
    response.setHeader('Connection', 'close');
    response.end('[last]');
  });
  container.add(defineEndpoint('/opened', { onOpen: () => void opened++ }));
  const client = await RawClient.connect(port, false);
  client.socket.write(plain('/1') + request.replace('/echo', '/opened'));
  await until(() => client.socket.destroyed, 'the end of the connection');
  expect(client.answers).toEqual(['200', '[last]']);
  expect([paths, opened]).toEqual([['/1'], 0]);
});

describe.each([
  ['drops a handshake', webSocket('/echo')],
  ['drops a request with Upgrade: h2c', h2c('GET', '/2')],
])('EndpointContainer whose client resets the connection before a turn', (what, request) => {
  it(`${what}`, async () => {
    const mayAnswer = deferred<void>();
    const asked = deferred<Socket>();
    const paths: string[] = [];
    const { port, container } = await serveEcho(false, async ({ socket, url }, response) => {
      paths.push(url ?? '');
      asked.resolve(socket);
      await mayAnswer.promise;
      response.end('late');
    });
    const client = await RawClient.connect(port, false);
    client.socket.write(plain('/1') + request);
    const socket = await asked.promise;
    client.socket.resetAndDestroy();
    mayAnswer.resolve();
    await until(() => socket.destroyed, 'the end of the connection');
    expect(paths).toEqual(['/1']);
    expect(container.endpoints().get('/echo')?.openSessions()).toEqual([]);
  });
});

it('EndpointContainer.close refuses with 503 a handshake whose turn comes afterwards', async () => {
  const mayAnswer = deferred<void>();
  const asked = deferred<void>();
  const { port, container } = await serveEcho(false, async (request, response) => {
    asked.resolve();
    await mayAnswer.promise;
    await answer(request, response);
  });
  const client = await RawClient.connect(port, false);
  client.socket.write(plain('/1') + webSocket('/echo'));
  await asked.promise;
  await container.close();
  mayAnswer.resolve();
  await until(() => client.socket.destroyed, 'the end of the connection');
  expect(client.answers).toEqual([...get('/1'), '503']);
});

it.each(['handleUpgrade', 'upgrade'] as const)(
  'EndpointContainer.%s waits for the turn of a handshake',
  async (method) => {
    const endpoint = defineEndpoint('/echo', {});
    const container = new EndpointContainer();
    container.add(endpoint);
    const mayAnswer = deferred<void>();
    const server = createServer(async (request, response) => {
      await mayAnswer.promise;
      await answer(request, response);
    });
    const upgraded = deferred<unknown>();
    server.on('upgrade', (request, socket, head) => {
      upgraded.resolve(
        method === 'upgrade'
          ? container.upgrade(request, socket, head, endpoint)
          : container.handleUpgrade(request, socket, head),
      );
    });
    closing.push(
      () => container.close({ withinMs: 500 }),
      () => server.closeAllConnections(),
      () => server.close(),
    );
    const client = await RawClient.connect(await listen(server), false);
    client.socket.write(plain('/1') + webSocket('/echo'));
    mayAnswer.resolve();
    expect(await upgraded.promise).toBeTruthy();
    await client.until(3);
    expect(client.answers).toEqual([...get('/1'), '101']);
  },
);

it.each([
  ['http', false],
  ['https', true],
])('EndpointContainer on %s ends keepAliveTimeout of a connection that becomes a session', async (_scheme, isTls) => {
  const { port, server } = await serveEcho(isTls);
  const connected = deferred<Socket>();
  server.on(isTls ? 'secureConnection' : 'connection', connected.resolve);
  const client = await RawClient.connect(port, isTls);
  client.socket.write(plain('/1') + webSocket('/echo'));
  await client.until(3);
  expect((await connected.promise).timeout).toBe(0);
});
