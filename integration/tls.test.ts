// A server that ends TLS itself.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { connect as connectPlainly } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestServer, type TestServer } from '@longwire/test-support/test-server';
import { tlsCertificate } from '@longwire/test-support/tls-certificate';
import { until } from '@longwire/test-support/until';
import { WireClient } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, expect, it } from 'vitest';

let folder: string;
let server: TestServer;
let port: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'longwire-tls-'));
  writeFileSync(join(folder, 'cert.pem'), tlsCertificate.cert);
  writeFileSync(join(folder, 'key.pem'), tlsCertificate.key);
  server = await startTestServer({
    LONGWIRE_TLS_CERT: join(folder, 'cert.pem'),
    LONGWIRE_TLS_KEY: join(folder, 'key.pem'),
    LONGWIRE_LIMITS_HANDSHAKE_TIMEOUT_MS: '500',
  });
  ({ port } = new URL(server.httpUrl));
});
afterAll(async () => {
  await server.remove();
  rmSync(folder, { recursive: true, force: true });
});

it('tlsCert and tlsKey: https answers, wss connects, and messages go through', async () => {
  const status = await new Promise((resolve) => {
    get(`https://127.0.0.1:${port}/healthz`, { ca: tlsCertificate.cert }, ({ statusCode }) => resolve(statusCode));
  });
  expect(status).toBe(200);
  const options = { ca: tlsCertificate.cert, origin: `https://127.0.0.1:${port}` };
  const client = await WireClient.open(`wss://127.0.0.1:${port}/v1/connect`, options);
  expect((await client.ask({ type: 'connect', token: 'dev:alice' })).type).toBe('connected');
  expect((await client.ask({ type: 'send', to: 'user/bob', body: 1 })).type).toBe('sent');
  client.cut();
});

it('a peer that speaks plain HTTP, or nothing at all, to a TLS port is cut, and leaves no error', async () => {
  for (const text of ['GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n', '']) {
    const socket = connectPlainly(Number(port), '127.0.0.1');
    let isClosed = false;
    socket.on('close', () => {
      isClosed = true;
    });
    socket.on('error', () => undefined);
    socket.write(text);
    socket.resume();
    await until(() => isClosed, 'the end of the connection');
  }
  expect(server.logLines.filter((line) => line.includes('"level":50'))).toEqual([]);
});
