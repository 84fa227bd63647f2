// The proxies of docs/operations.md, as they stand there, in front of a server that trusts them.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { findCommand } from '@longwire/test-support/find-command';
import { acceptsConnections, freePort } from '@longwire/test-support/ports';
import { ProgramProcess } from '@longwire/test-support/program-process';
import { signedToken } from '@longwire/test-support/signed-token';
import { startTestServer, type TestServer } from '@longwire/test-support/test-server';
import { tlsCertificate } from '@longwire/test-support/tls-certificate';
import { until } from '@longwire/test-support/until';
import { WireClient } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const document = readFileSync(resolve('docs/operations.md'), 'utf8');
const secret = '0123456789abcdef0123456789abcdef';
/** Neither is the address of the proxy. */
const [CLIENT, OTHER_CLIENT] = ['127.0.0.9', '127.0.0.10'];

/** The block of code behind `<!-- name -->`, with the ports and files of the test. */
function documented(name: string, folder: string, port: number, serverPort: string): string {
  const block = new RegExp(`<!-- ${name} -->\n\`\`\`\\w+\n([^]*?)\`\`\``).exec(document)?.[1];
  if (block === undefined) throw new Error(`docs/operations.md has no block ${name}`);
  return block
    .replace('127.0.0.1:8080', `127.0.0.1:${serverPort}`)
    .replace('listen 443', `listen 127.0.0.1:${port}`)
    .replace('bind :443', `bind 127.0.0.1:${port}`)
    .replace('/etc/ssl/chat.example.org.pem', join(folder, 'both.pem'))
    .replace('/etc/ssl/chat.example.org.key', join(folder, 'both.pem'));
}

function nginx(folder: string, block: string): string[] {
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const temporary = kinds.map((kind) => `${kind}_temp_path ${join(folder, kind)};`).join(' ');
  const main = `daemon off; master_process off; pid ${join(folder, 'pid')}; error_log stderr; events {}`;
  writeFileSync(join(folder, 'nginx.conf'), `${main} http { access_log off; ${temporary}\n${block} }`);
  return ['nginx', '-p', folder, '-c', join(folder, 'nginx.conf')];
}

function haproxy(folder: string, block: string): string[] {
  writeFileSync(join(folder, 'haproxy.cfg'), block);
  return ['haproxy', '-db', '-f', join(folder, 'haproxy.cfg')];
}

function describeProxy(name: 'nginx' | 'haproxy', start: (folder: string, block: string) => string[]): void {
  // npm test looks for them; without it, the PATH decides.
  const isInstalled = (process.env[`TEST_${name.toUpperCase()}`] ?? findCommand(name)) !== undefined;
  const title = `${name} as in docs/operations.md${isInstalled ? '' : ', which is not installed'}`;
  describe.skipIf(!isInstalled)(title, () => {
    let folder: string;
    let server: TestServer;
    let proxy: ProgramProcess;
    let port: number;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'longwire-proxy-'));
      writeFileSync(join(folder, 'both.pem'), `${tlsCertificate.cert}\n${tlsCertificate.key}`);
      server = await startTestServer({
        LONGWIRE_AUTH: 'jwt',
        LONGWIRE_JWT_SECRET: secret,
        LONGWIRE_TRUSTED_PROXIES: 'loopback',
        LONGWIRE_LIMITS_WAITING_PER_ADDRESS: '3',
      });
      port = await freePort();
      proxy = new ProgramProcess(start(folder, documented(name, folder, port, new URL(server.httpUrl).port)));
      await until(
        () => acceptsConnections(port),
        () => `a proxy that accepts connections:\n${proxy.output}`,
      );
    });
    afterAll(async () => {
      await proxy.kill();
      await server.remove();
      rmSync(folder, { recursive: true });
    });

    const connectFrom = (localAddress: string, headers: Record<string, string> = {}) =>
      WireClient.open(`wss://localhost:${port}/v1/connect`, { ca: tlsCertificate.cert, localAddress, headers });

    it('lets the page of the public host sign in, and refuses other origins with 403', async () => {
      const client = await connectFrom(CLIENT, { Origin: `https://localhost:${port}` });
      const token = signedToken(secret, { sub: 'alice', exp: Math.floor(Date.now() / 1_000) + 600 });
      expect((await client.ask({ type: 'connect', token })).type).toBe('connected');
      client.cut();
      await expect(connectFrom(CLIENT, { Origin: 'https://evil.example' })).rejects.toThrow('403');
    });

    it('limits.waitingPerAddress counts clients, whatever Forwarded and X-Forwarded-For they send', async () => {
      const forged = { Forwarded: 'for=192.0.2.1', 'X-Forwarded-For': '192.0.2.1' };
      const waiting = await Promise.all([1, 2, 3].map(() => connectFrom(CLIENT, forged)));
      await expect(connectFrom(CLIENT, forged)).rejects.toThrow('429');
      const other = await connectFrom(OTHER_CLIENT);
      for (const client of [...waiting, other]) client.cut();
    });
  });
}

describeProxy('nginx', nginx);
describeProxy('haproxy', haproxy);
