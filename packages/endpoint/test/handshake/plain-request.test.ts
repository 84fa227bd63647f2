// Requests that ask for another protocol than WebSocket stay ordinary requests, and each is answered in its turn.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { deferred } from '@longwire/test-support/deferred';
import { tlsCertificate } from '@longwire/test-support/tls-certificate';
import { dial } from '@longwire/websocket';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type Configurator,
  defineEndpoint,
  EndpointContainer,
  type EndpointDefinition,
  refuse,
  type Session,
} from '../../src/index.js';
import { listen } from '../serving.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function serveEcho(isTls: boolean, endpoint: EndpointDefinition = defineEndpoint('/x', {})) {
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    let body = '';
    request.setEncoding('latin1').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      const { upgrade, connection } = request.headers;
      response.end(JSON.stringify([request.method, request.url, request.headers['x-name'], upgrade, connection, body]));
    });
  };
  const server = isTls ? createTlsServer(tlsCertificate, answer) : createServer(answer);
  const container = new EndpointContainer();
  container.add(endpoint);
  container.attach(server);
  const port = await listen(server);
  closing.push(
    () => container.close({ withinMs: 500 }),
    () => server.closeAllConnections(),
    () => server.close(),
  );
  return { server, port };
}

/** Sends raw requests on one connection and gives the bodies of the answers. */
async function exchange(port: number, isTls: boolean, requests: readonly string[]): Promise<unknown[]> {
  const socket = isTls
    ? connectTls({ port, host: '127.0.0.1', ca: tlsCertificate.cert, servername: 'localhost' })
    : connect(port, '127.0.0.1');
  await once(socket, isTls ? 'secureConnect' : 'connect');
  let received = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    received += text;
  });
  const bodies = () => [...received.matchAll(/^\[.*\]/gm)];
  for (const [index, request] of requests.entries()) {
    socket.write(request, 'latin1');
    while (bodies().length <= index && !socket.readableEnded)
      await Promise.race([once(socket, 'data'), once(socket, 'end')]);
  }
  if (!socket.readableEnded) await once(socket, 'end');
  socket.destroy();
  return bodies().map(([body]) => JSON.parse(body));
}

describe.each([
  ['http', false],
  ['https', true],
])('on %s', (_scheme, isTls) => {
  it.each(['h2c', 'TLS/1.0', 'foo, bar'])(
    'a request with Upgrade: %s is answered by the request listener, and so is the next request of the connection',
    async (wish) => {
      const { port } = await serveEcho(isTls);
      const answers = await exchange(port, isTls, [
        `GET /messages?x=1 HTTP/1.1\r\nHost: localhost\r\nX-Name: caf\xe9\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: ${wish}\r\n` +
          'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n',
        'GET /next HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      ]);
      expect(answers).toEqual([
        ['GET', '/messages?x=1', 'caf\xe9', null, null, ''],
        ['GET', '/next', null, null, 'close', ''],
      ]);
    },
  );

  it.each(['h2c', 'TLS/1.0', 'foo, bar'])(
    'a request with Upgrade: %s is answered by the request listener, body included',
    async (wish) => {
      const { port, server } = await serveEcho(isTls);
      const answers = await exchange(port, isTls, [
        `POST /messages?x=1 HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\nUpgrade: ${wish}\r\n` +
          'Content-Length: 5\r\n\r\nhello',
      ]);
      // What node:http answers itself, from 24.9 on, keeps its headers.
      const isAsked = 'shouldUpgradeCallback' in server;
      const [upgrade, connection] = isAsked ? [wish, 'Upgrade, close'] : [null, 'close'];
      expect(answers).toEqual([['POST', '/messages?x=1', null, upgrade, connection, 'hello']]);
    },
  );

  it('a handshake still opens a session, which knows whether it is secure', async () => {
    const opened = deferred<Session>();
    const { port } = await serveEcho(isTls, defineEndpoint('/x', { onOpen: opened.resolve }));
    const connection = await dial(`${isTls ? 'wss' : 'ws'}://localhost:${port}/x`, {
      handler: {},
      tls: { ca: tlsCertificate.cert },
      headers: { Origin: `https://localhost:${port}` },
    });
    expect((await opened.promise).secure).toBe(isTls);
    connection.close();
  });
});

it('an http page may not connect over TLS, even of the same host', async () => {
  const { port } = await serveEcho(true);
  const attempt = dial(`wss://localhost:${port}/x`, {
    handler: {},
    tls: { ca: tlsCertificate.cert },
    headers: { Origin: `http://localhost:${port}` },
  });
  await expect(attempt).rejects.toMatchObject({ code: 'handshake_refused', status: 403 });
});

it.each([
  ['ws', false],
  ['wss', true],
])('an endpoint that admits encrypted connections only: %s', async (scheme, isTls) => {
  const configurator: Configurator = {
    modifyHandshake: (request) => (request.secure ? undefined : refuse(403, 'Connect with wss.')),
  };
  const { port } = await serveEcho(isTls, defineEndpoint('/x', { configurator }));
  const attempt = dial(`${scheme}://localhost:${port}/x`, { handler: {}, tls: { ca: tlsCertificate.cert } });
  if (isTls) (await attempt).close();
  else await expect(attempt).rejects.toMatchObject({ code: 'handshake_refused', status: 403 });
});

it('a wish for another protocol is left to other upgrade listeners when there are any', async () => {
  const { server, port } = await serveEcho(false);
  server.on('upgrade', (request, socket) => {
    if (request.headers.upgrade === 'foo') socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n["foo"]');
  });
  const answers = await exchange(port, false, [
    'GET /theirs HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n',
  ]);
  expect(answers).toEqual([['foo']]);
});
