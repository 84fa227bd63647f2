// A container behind real proxies, which end TLS: who the client is, whether it is secure, and which pages may connect.
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineEndpoint, EndpointContainer } from '@longwire/endpoint';
import { findCommand } from '@longwire/test-support/find-command';
import { acceptsConnections, freePort } from '@longwire/test-support/ports';
import { ProgramProcess } from '@longwire/test-support/program-process';
import { tlsCertificate } from '@longwire/test-support/tls-certificate';
import { until } from '@longwire/test-support/until';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';

// The proxy is 127.0.0.1; the client connects to it from another address of this machine.
const CLIENT = '127.0.0.9';

interface Proxy {
  readonly name: string;
  /** Writes the configuration and says how the proxy is started. */
  start(folder: string, port: number, backendPort: number): Promise<readonly [command: string, ...string[]]>;
}

const proxies: Proxy[] = [
  {
    name: 'nginx',
    async start(folder, port, backendPort) {
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
        (kind) => `${kind}_temp_path ${join(folder, kind)};`,
      );
      await writeFile(
        join(folder, 'nginx.conf'),
        `daemon off; master_process off; pid ${join(folder, 'pid')}; error_log stderr;
        events {}
        http {
          access_log off; ${temporary.join(' ')}
          server {
            listen 127.0.0.1:${port} ssl;
            ssl_certificate ${join(folder, 'cert.pem')}; ssl_certificate_key ${join(folder, 'key.pem')};
            location / {
              proxy_pass http://127.0.0.1:${backendPort};
              proxy_http_version 1.1;
              proxy_set_header Upgrade $http_upgrade;
              proxy_set_header Connection "upgrade";
              proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
              proxy_set_header X-Forwarded-Proto $scheme;
              proxy_set_header X-Forwarded-Host $http_host;
            }
          }
        }`,
      );
      return ['nginx', '-p', folder, '-c', join(folder, 'nginx.conf')];
    },
  },
  {
    name: 'haproxy',
    async start(folder, port, backendPort) {
      await writeFile(join(folder, 'both.pem'), `${tlsCertificate.cert}\n${tlsCertificate.key}`);
      await writeFile(
        join(folder, 'haproxy.cfg'),
        `defaults
          mode http
          timeout connect 5s
          timeout client 5s
          timeout server 5s
          timeout tunnel 1m
          option forwardfor
        frontend tls
          bind 127.0.0.1:${port} ssl crt ${join(folder, 'both.pem')}
          http-request set-header X-Forwarded-Proto https
          http-request set-header X-Forwarded-Host %[req.hdr(host)]
          default_backend container
        backend container
          server one 127.0.0.1:${backendPort}
`,
      );
      return ['haproxy', '-db', '-f', join(folder, 'haproxy.cfg')];
    },
  },
];

async function listening(server: ReturnType<typeof createServer>): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

for (const { name, start } of proxies) {
  // npm test looks for them; without it, the PATH decides.
  const isInstalled = (process.env[`TEST_${name.toUpperCase()}`] ?? findCommand(name)) !== undefined;
  describe.skipIf(!isInstalled)(`behind ${name}${isInstalled ? '' : ', which is not installed'}`, () => {
    const whoami = defineEndpoint('/whoami', {
      onText: (_message, { handshake: { peerAddress, remoteAddress, secure, host } }) =>
        JSON.stringify({ peerAddress, remoteAddress, secure, host }),
    });
    const server = createServer();
    const trusting = new EndpointContainer({ trustedProxies: ['127.0.0.1'] });
    let folder: string;
    let port: number;
    let proxy: ProgramProcess;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'longwire-proxy-'));
      await writeFile(join(folder, 'cert.pem'), tlsCertificate.cert);
      await writeFile(join(folder, 'key.pem'), tlsCertificate.key);
      trusting.add(whoami);
      trusting.attach(server);
      const backendPort = await listening(server);
      port = await freePort();
      proxy = new ProgramProcess(await start(folder, port, backendPort));
      await until(
        () => acceptsConnections(port),
        () => `a proxy that accepts connections:\n${proxy.output}`,
      );
    });

    afterAll(async () => {
      await proxy.kill();
      await trusting.close({ withinMs: 500 });
      server.close();
      await rm(folder, { recursive: true });
    });

    const connectAs = async (headers: Record<string, string>): Promise<unknown> => {
      const options = { headers, ca: tlsCertificate.cert, localAddress: CLIENT };
      const client = new WebSocket(`wss://localhost:${port}/whoami`, options);
      await once(client, 'open');
      client.send('who am I?');
      const [answer] = await once(client, 'message');
      client.terminate();
      return JSON.parse(String(answer));
    };

    it('handshake has the remoteAddress of the client, secure: true and the public host', async () => {
      const client = { peerAddress: '127.0.0.1', remoteAddress: CLIENT, secure: true, host: `localhost:${port}` };
      expect(await connectAs({})).toEqual(client);
      expect(await connectAs({ 'X-Forwarded-For': '192.0.2.1', 'X-Forwarded-Proto': 'http' })).toEqual(client);
      expect(await connectAs({ 'X-Forwarded-For': '127.0.0.1', 'X-Forwarded-Host': 'evil.example' })).toEqual(client);
      // A header that the proxy forwards unchanged does not change remoteAddress.
      expect(await connectAs({ Forwarded: 'for=192.0.2.1;proto=https;host=evil.example' })).toMatchObject({
        remoteAddress: '127.0.0.1',
        host: expect.not.stringContaining('evil'),
      });
    });

    it('a page of the public host is accepted, a foreign Origin gets 403', async () => {
      await connectAs({ Origin: `https://localhost:${port}` });
      for (const Origin of [`http://localhost:${port}`, 'https://evil.example', 'https://localhost']) {
        await expect(connectAs({ Origin, 'X-Forwarded-Host': 'evil.example' }), Origin).rejects.toThrow('403');
      }
    });
  });
}
