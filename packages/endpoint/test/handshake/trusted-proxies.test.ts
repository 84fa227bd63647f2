// What proxies say about the client behind them counts when they are trusted, and only then.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { defineEndpoint, EndpointContainer, type HandshakeRequest } from '../../src/index.js';
import { hopsOfForwarded, hopsOfXForwarded } from '../../src/proxies/forwarded.js';
import { askUpgrade, serve } from '../serving.js';

type Headers = Record<string, string | string[]>;

/** What the endpoint knows of a client whose request arrived from 127.0.0.1. */
async function seen(trustedProxies: string[], headers: Headers) {
  const requests: HandshakeRequest[] = [];
  const endpoint = defineEndpoint('/x', {
    configurator: { modifyHandshake: (request) => void requests.push(request) },
  });
  const { port } = await serve([endpoint], { trustedProxies });
  await askUpgrade(port, '/x', { Host: 'own.example', ...headers });
  const { peerAddress, remoteAddress, secure, host } = requests[0]!;
  expect(peerAddress).toBe('127.0.0.1');
  return [remoteAddress, secure, host];
}

const believed: [trusted: string[], headers: Headers, address: string, secure: boolean, host: string][] = [
  [['loopback'], {}, '127.0.0.1', false, 'own.example'],
  // RFC 7239 §4.
  [['loopback'], { Forwarded: 'for=192.0.2.60;proto=https;by=203.0.113.43' }, '192.0.2.60', true, 'own.example'],
  [['loopback'], { Forwarded: 'For="[2001:db8:cafe::17]:4711"' }, '2001:db8:cafe::17', false, 'own.example'],
  [['loopback'], { Forwarded: 'for=192.0.2.43;host="chat.example:8443"' }, '192.0.2.43', false, 'chat.example:8443'],
  [['127.0.0.0/8'], { Forwarded: 'for=192.0.2.43, for="198.51.100.17:80"' }, '198.51.100.17', false, 'own.example'],
  [['127.0.0.1'], { Forwarded: ['for=192.0.2.43', 'for=198.51.100.17'] }, '198.51.100.17', false, 'own.example'],
  [
    ['loopback', '198.51.100.0/24'],
    { Forwarded: 'for=192.0.2.43;proto=https;host=outer, for=198.51.100.17;proto=http;host=inner' },
    '192.0.2.43',
    true,
    'outer',
  ],
  [
    ['loopback', '198.51.100.0/24'],
    { Forwarded: 'for=1.1.1.1;proto=http, for=192.0.2.43, for=198.51.100.17;proto=https' },
    '192.0.2.43',
    true,
    'own.example',
  ],
  [
    ['loopback', '2001:db8::/32'],
    { Forwarded: 'for=192.0.2.43, for="[2001:db8::1]"' },
    '192.0.2.43',
    false,
    'own.example',
  ],
  [['loopback'], { Forwarded: 'for=192.0.2.43, for=unknown;proto=https' }, '127.0.0.1', true, 'own.example'],
  [['loopback'], { Forwarded: 'for=192.0.2.43, for=_hidden' }, '127.0.0.1', false, 'own.example'],
  [['loopback'], { Forwarded: 'for=127.0.0.2' }, '127.0.0.2', false, 'own.example'],
  // What breaks the grammar says nothing: the text before a proxy's own words was written by anybody.
  [['loopback'], { Forwarded: 'for="192.0.2.43, for=198.51.100.17' }, '127.0.0.1', false, 'own.example'],
  [['loopback'], { Forwarded: 'for=192.0.2.43;for=198.51.100.17' }, '127.0.0.1', false, 'own.example'],
  [['loopback'], { Forwarded: 'for' }, '127.0.0.1', false, 'own.example'],
  [['loopback'], { 'X-Forwarded-For': '192.0.2.43' }, '192.0.2.43', false, 'own.example'],
  [['loopback'], { 'X-Forwarded-For': '1.1.1.1, 192.0.2.43' }, '192.0.2.43', false, 'own.example'],
  [['loopback'], { 'X-Forwarded-For': '192.0.2.43:4711' }, '192.0.2.43', false, 'own.example'],
  [['loopback'], { 'X-Forwarded-For': '2001:db8::1' }, '2001:db8::1', false, 'own.example'],
  [['loopback'], { 'X-Forwarded-For': 'alice' }, '127.0.0.1', false, 'own.example'],
  [
    ['loopback'],
    { 'X-Forwarded-Proto': 'HTTPS', 'X-Forwarded-Host': 'chat.example' },
    '127.0.0.1',
    true,
    'chat.example',
  ],
  [
    ['loopback', '10.0.0.0/8'],
    {
      'X-Forwarded-For': '1.1.1.1, 192.0.2.43, 10.0.0.7',
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Host': 'chat.example',
    },
    '192.0.2.43',
    true,
    'chat.example',
  ],
  [
    ['loopback', '10.0.0.0/8'],
    { 'X-Forwarded-For': '1.1.1.1, 192.0.2.43, 10.0.0.7', 'X-Forwarded-Proto': 'http, https, http' },
    '192.0.2.43',
    true,
    'own.example',
  ],
  // Both kinds: they have to agree, because the proxy may have written only one of them.
  [
    ['loopback'],
    { Forwarded: 'for=192.0.2.43;proto=https', 'X-Forwarded-For': '192.0.2.43', 'X-Forwarded-Proto': 'https' },
    '192.0.2.43',
    true,
    'own.example',
  ],
  [['loopback'], { Forwarded: 'for=192.0.2.1', 'X-Forwarded-For': '192.0.2.43' }, '127.0.0.1', false, 'own.example'],
  [
    ['loopback'],
    { Forwarded: 'for=192.0.2.43;host=evil.example', 'X-Forwarded-For': '192.0.2.43' },
    '127.0.0.1',
    false,
    'own.example',
  ],
  [
    ['loopback'],
    { Forwarded: 'host=evil.example', 'X-Forwarded-For': '192.0.2.43' },
    '127.0.0.1',
    false,
    'own.example',
  ],
  [
    ['loopback'],
    { Forwarded: 'for=192.0.2.43', 'X-Forwarded-For': '192.0.2.43', 'X-Forwarded-Proto': 'https' },
    '127.0.0.1',
    false,
    'own.example',
  ],
];

describe('from a trusted proxy', () => {
  it.each(believed)(
    'trusting %j: %j means a client at %s, secure: %s, that asked for %s',
    async (trusted, headers, ...client) => {
      expect(await seen(trusted, headers)).toEqual(client);
    },
  );

  it('a page of the forwarded host may connect, one of the internal host may not', async () => {
    const { port } = await serve([defineEndpoint('/x', {})], { trustedProxies: ['loopback'] });
    const forwarded = { Host: 'backend:8080', 'X-Forwarded-Host': 'chat.example', 'X-Forwarded-Proto': 'https' };
    const status = async (origin: string) => (await askUpgrade(port, '/x', { ...forwarded, Origin: origin })).status;
    expect(await status('https://chat.example')).toBe(101);
    // The proxy says that the client's connection is TLS: then an http page is another site.
    expect(await status('http://chat.example')).toBe(403);
    expect(await status('http://backend:8080')).toBe(403);
    expect(await status('https://evil.example')).toBe(403);
  });

  it('that is seen as IPv4 in IPv6 form is the address it is', async (context) => {
    const addresses: string[] = [];
    const endpoint = defineEndpoint('/x', {
      configurator: { modifyHandshake: (request) => void addresses.push(request.peerAddress, request.remoteAddress) },
    });
    const { container } = await serve([endpoint], { trustedProxies: ['127.0.0.1/32'] });
    const server = createServer();
    container.attach(server);
    server.listen(0, '::');
    const [failed] = await Promise.race([once(server, 'listening'), once(server, 'error')]);
    if (failed !== undefined) context.skip('this machine has no IPv6');
    await askUpgrade((server.address() as AddressInfo).port, '/x', { 'X-Forwarded-For': '192.0.2.43' });
    server.close();
    expect(addresses).toEqual(['::ffff:127.0.0.1', '192.0.2.43']);
  });

  it('that connects through a Unix socket, the client is whom it names', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'longwire-proxy-'));
    const addresses: string[] = [];
    for (const trustedProxies of [['unix'], ['loopback']]) {
      const endpoint = defineEndpoint('/x', {
        configurator: { modifyHandshake: ({ remoteAddress }) => void addresses.push(remoteAddress) },
      });
      const { container } = await serve([endpoint], { trustedProxies });
      const server = createServer();
      container.attach(server);
      const path = join(folder, `${trustedProxies[0]}.sock`);
      server.listen(path);
      await once(server, 'listening');
      const client = new WebSocket(`ws+unix://${path}:/x`, { headers: { 'X-Forwarded-For': '192.0.2.43' } });
      await once(client, 'open');
      client.terminate();
      server.close();
    }
    await rm(folder, { recursive: true });
    expect(addresses).toEqual(['192.0.2.43', '']);
  });

  it('a client elsewhere is not on loopback, also in a container for development', async () => {
    const { port } = await serve([defineEndpoint('/x', {})], { dev: true, trustedProxies: ['loopback'] });
    const from = (address: string) =>
      askUpgrade(port, '/x', { Origin: 'http://localhost:5173', 'X-Forwarded-For': address });
    expect((await from('192.0.2.43')).status).toBe(403);
    expect((await from('127.0.0.1')).status).toBe(101);
  });
});

describe('from anybody else', () => {
  it.each([[[]], [['10.0.0.0/8']], [['::1']], [['unix']], [['192.0.2.43']]])(
    'trusting %j, these headers change nothing',
    async (trusted) => {
      const headers = {
        Forwarded: 'for=192.0.2.43;proto=https;host=chat.example',
        'X-Forwarded-For': '192.0.2.43',
        'X-Forwarded-Proto': 'https',
        'X-Forwarded-Host': 'chat.example',
      };
      expect(await seen(trusted, headers)).toEqual(['127.0.0.1', false, 'own.example']);
    },
  );

  it('a forged host lets no foreign page in', async () => {
    const { port } = await serve([defineEndpoint('/x', {})]);
    const forged = {
      Origin: 'http://evil.example',
      Forwarded: 'host=evil.example',
      'X-Forwarded-Host': 'evil.example',
    };
    expect((await askUpgrade(port, '/x', forged)).status).toBe(403);
  });
});

it('reads 15 KiB of anything in a header with hardly any work', () => {
  for (const text of ['for="', 'for=', ';', ',', '"\\', ' ', '\\', 'for=a;', 'for="a",', '=', 'for="\\"']) {
    const header = text.repeat(Math.floor(15_000 / text.length));
    // CPU time: the machine may be busy with something else.
    const before = process.cpuUsage();
    hopsOfForwarded({ forwarded: header });
    hopsOfXForwarded({ 'x-forwarded-for': header, 'x-forwarded-host': header });
    expect(process.cpuUsage(before).user / 1_000).toBeLessThan(100);
  }
});

it.each([
  '',
  'proxy.example',
  '10.0.0.0/33',
  '::/129',
  '10.0.0.0/8/8',
  '10.0.0.0/',
  '10.0.0.0/-1',
  '10.0.0',
  'Loopback',
  7,
])('a trusted proxy that is %j is refused', (entry) => {
  expect(() => new EndpointContainer({ trustedProxies: [entry as string] })).toThrow(
    expect.objectContaining({ code: 'invalid_option' }),
  );
});
