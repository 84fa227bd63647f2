// The examples of mounting a container beside a framework, each run as it stands: pages by the framework, sockets by the
// container, on one port.
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get, type RequestOptions, type Server } from 'node:http';
import { get as getSecurely } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tlsCertificate } from '@longwire/test-support/tls-certificate';
import { until } from '@longwire/test-support/until';
import { WebSocketClient } from '@longwire/test-support/websocket-client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { EndpointContainer } from '../../src/index.js';
import { askUpgrade } from '../serving.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longwire-mounting-'));
  await writeFile(join(folder, 'cert.pem'), tlsCertificate.cert);
  await writeFile(join(folder, 'key.pem'), tlsCertificate.key);
});
afterAll(() => rm(folder, { recursive: true }));

interface Program {
  readonly container: EndpointContainer;
  readonly server: Server;
}

async function page(port: number, path: string, isTls: boolean): Promise<{ status: number; body: string }> {
  const options: RequestOptions = { host: '127.0.0.1', port, path, agent: false };
  const asked = isTls ? getSecurely({ ...options, ca: tlsCertificate.cert, servername: 'localhost' }) : get(options);
  const [response] = await once(asked, 'response');
  let body = '';
  for await (const text of response.setEncoding('utf8')) body += text;
  return { status: response.statusCode, body };
}

describe.each([
  ['http', 'Hello from node:http', 426],
  ['https', 'Hello from node:https', 404],
  ['express', 'Hello from Express', 404],
  ['fastify', 'Hello from Fastify', 404],
  ['hono', 'Hello from Hono', 404],
  ['legacy-decorators/nest', 'Hello from NestJS', 404],
])('examples/mounting/%s.ts', (name, greeting, plainStatus) => {
  const isTls = name === 'https';
  const printed: string[] = [];
  let program: Program;
  let port: number;

  beforeAll(async () => {
    vi.stubEnv('PORT', '0');
    vi.stubEnv('TLS_CERT', join(folder, 'cert.pem'));
    vi.stubEnv('TLS_KEY', join(folder, 'key.pem'));
    const log = vi.spyOn(console, 'log').mockImplementation((line) => void printed.push(line));
    program = await import(new URL(`../../examples/mounting/${name}.ts`, import.meta.url).href);
    if (!program.server.listening) await once(program.server, 'listening');
    await until(() => printed.length > 0);
    log.mockRestore();
    vi.unstubAllEnvs();
    port = (program.server.address() as AddressInfo).port;
  });

  afterAll(async () => {
    await program.container.close({ withinMs: 500 });
    program.server.closeAllConnections();
    program.server.close();
    await once(program.server, 'close');
  });

  const connect = async (path: string, origin?: string): Promise<WebSocketClient> => {
    const client = new WebSocketClient(`${isTls ? 'wss' : 'ws'}://localhost:${port}${path}`, {
      ca: tlsCertificate.cert,
      origin,
    });
    await client.opened;
    return client;
  };

  it('prints its endpoint and answers pages by the framework', async () => {
    expect(printed.join('\n')).toMatch(/^GET \/echo /);
    expect(await page(port, '/', isTls)).toEqual({ status: 200, body: greeting });
    expect((await page(port, '/nowhere', isTls)).status).toBe(404);
    expect((await page(port, '/echo', isTls)).status).toBe(plainStatus);
  });

  it('echoes through the container, also for its own pages', async () => {
    for (const origin of [undefined, `http${isTls ? 's' : ''}://localhost:${port}`]) {
      const client = await connect('/echo', origin);
      client.send('hello');
      client.send('还有');
      expect(await client.received(2)).toEqual(['hello', '还有']);
      expect(await client.close(1000)).toMatchObject({ code: 1000 });
    }
  });

  it('refuses upgrades at other paths and foreign pages, and goes on answering pages', async () => {
    await expect(connect('/nowhere')).rejects.toThrow('404');
    await expect(connect('/')).rejects.toThrow('404');
    await expect(connect('/echo', 'http://evil.example')).rejects.toThrow('403');
    if (!isTls) expect((await askUpgrade(port, '/%zz')).status).toBe(400);
    expect((await page(port, '/', isTls)).body).toBe(greeting);
  });
});
