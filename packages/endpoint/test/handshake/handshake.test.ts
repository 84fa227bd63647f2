// Who may connect, which subprotocol is spoken, what a configurator can add, answer and remember.

import { until } from '@longwire/test-support/until';
import { describe, expect, it } from 'vitest';
import { type Configurator, defineEndpoint, refuse, type Session } from '../../src/index.js';
import { askUpgrade, serve } from '../serving.js';

describe('by default an origin may connect', () => {
  it.each<[origin: string | undefined, host: string, allowed: boolean]>([
    [undefined, 'good.example', true],
    ['http://good.example', 'good.example', true],
    ['https://good.example', 'good.example', true],
    ['http://good.example:80', 'good.example', true],
    ['http://good.example', 'good.example:80', true],
    ['https://good.example', 'good.example:443', true],
    ['http://good.example:8080', 'good.example:8080', true],
    ['HTTP://GOOD.EXAMPLE', 'good.example', true],
    ['http://good.example', 'Good.Example', true],
    ['http://[::1]:3000', '[::1]:3000', true],
    ['http://evil.example', 'good.example', false],
    ['http://good.example.evil', 'good.example', false],
    ['http://evilgood.example', 'good.example', false],
    ['http://sub.good.example', 'good.example', false],
    ['http://good.example:8080', 'good.example', false],
    ['http://good.example', 'good.example:8080', false],
    ['https://good.example', 'good.example:80', false],
    ['null', 'good.example', false],
    ['', 'good.example', false],
    ['good.example', 'good.example', false],
    ['file://good.example', 'good.example', false],
    ['chrome-extension://good.example', 'good.example', false],
    ['http://good.example/', 'good.example', false],
    ['http://good.example@evil.example', 'good.example', false],
    ['http://evil.example#good.example', 'good.example', false],
    ['http://good.example, http://evil.example', 'good.example', false],
    ['http://good.example', 'good.example/x', false],
    ['http://localhost:5173', 'localhost:8080', false],
    ['http://127.0.0.1:5173', 'localhost:8080', false],
  ])('Origin %s to Host %s: %s', async (origin, host, allowed) => {
    const { port } = await serve([defineEndpoint('/x', {})]);
    const { status } = await askUpgrade(port, '/x', { Host: host, Origin: origin });
    expect(status).toBe(allowed ? 101 : 403);
  });
});

describe('in a container for development, on loopback, an origin may connect', () => {
  it.each<[origin: string, allowed: boolean]>([
    ['http://localhost:5173', true],
    ['https://localhost', true],
    ['http://127.0.0.1:5173', true],
    ['http://[::1]:5173', true],
    ['http://good.example', true],
    ['http://evil.example', false],
    ['http://localhost.evil.example', false],
    ['http://127.0.0.1.evil.example', false],
    ['http://10.0.0.1', false],
    ['null', false],
  ])('%s: %s', async (origin, allowed) => {
    const { port } = await serve([defineEndpoint('/x', {})], { dev: true });
    const { status } = await askUpgrade(port, '/x', { Host: 'good.example', Origin: origin });
    expect(status).toBe(allowed ? 101 : 403);
  });
});

describe('a configurator', () => {
  it('decides about origins alone when it has checkOrigin, now or later', async () => {
    const seen: unknown[] = [];
    const configurator: Configurator = {
      checkOrigin(origin, request) {
        seen.push([origin, request.origin, request.url, request.query.get('t')]);
        return Promise.resolve(origin === 'http://a.example');
      },
    };
    const { port } = await serve([defineEndpoint('/x', { configurator })]);
    expect((await askUpgrade(port, '/x?t=1', { Origin: 'http://a.example' })).status).toBe(101);
    expect((await askUpgrade(port, '/x?t=2', { Origin: `http://127.0.0.1:${port}` })).status).toBe(403);
    expect((await askUpgrade(port, '/x')).status).toBe(403);
    expect(seen[0]).toEqual(['http://a.example', 'http://a.example', '/x?t=1', '1']);
  });

  it('only true from checkOrigin lets in', async () => {
    const configurator = { checkOrigin: () => 'yes' as unknown as boolean };
    const { port } = await serve([defineEndpoint('/x', { configurator })]);
    expect((await askUpgrade(port, '/x')).status).toBe(403);
  });

  it('leaves notes in the properties of its own session, also when handshakes overlap', async () => {
    const configurator: Configurator = {
      async modifyHandshake(request, _response, userProperties) {
        const user = request.query.get('erp');
        await new Promise((resolve) => setTimeout(resolve, user === 'a' ? 30 : 5));
        userProperties.set('user', user);
      },
    };
    const endpoint = defineEndpoint('/notify', {
      configurator,
      onText: (_message, session) => String(session.userProperties.get('user')),
    });
    const serving = await serve([endpoint]);
    const clients = await Promise.all(['a', 'b', 'c'].map((user) => serving.connect(`/notify?erp=${user}`)));
    for (const client of clients) client.send('who am I?');
    expect(await Promise.all(clients.map((client) => client.received(1)))).toEqual([['a'], ['b'], ['c']]);
  });

  it('adds headers to the answer, also several of one name, but not those of the handshake', async () => {
    const refused: unknown[] = [];
    const configurator: Configurator = {
      modifyHandshake(_request, response) {
        response.addHeader('Set-Cookie', 'a=1');
        response.addHeader('Set-Cookie', 'b=2');
        response.addHeader('X-Room', 'lobby');
        for (const [name, value] of [
          ['Sec-WebSocket-Accept', 'x'],
          ['connection', 'close'],
          ['X-Split', 'a\r\nX-Injected: b'],
          ['bad name', 'x'],
        ] as const) {
          try {
            response.addHeader(name, value);
          } catch (error) {
            refused.push(error);
          }
        }
      },
    };
    const { port } = await serve([defineEndpoint('/x', { configurator })]);
    const { status, headers } = await askUpgrade(port, '/x');
    expect(status).toBe(101);
    expect(headers).toMatchObject({ 'set-cookie': ['a=1', 'b=2'], 'x-room': 'lobby', connection: 'Upgrade' });
    expect(headers).not.toHaveProperty('x-split');
    expect(headers['sec-websocket-accept']).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    expect(refused).toHaveLength(4);
  });

  it('answers with the status, sentence and headers of the refusal that modifyHandshake returns', async () => {
    const configurator: Configurator = {
      modifyHandshake(_request, response) {
        response.addHeader('Set-Cookie', 'only=with-101');
        return refuse(503, 'Too many connections.', { 'Retry-After': '5' });
      },
    };
    const { port } = await serve([defineEndpoint('/x', { configurator })]);
    const answer = await askUpgrade(port, '/x');
    expect(answer).toMatchObject({ status: 503, body: 'Too many connections.\n' });
    expect(answer.headers).toMatchObject({ 'retry-after': '5', connection: 'close' });
    expect(answer.headers).not.toHaveProperty('set-cookie');
  });

  it('may be a class, constructed once when the endpoint is declared', async () => {
    let constructed = 0;
    class Gate implements Configurator {
      readonly #allowed = 'http://a.example';
      constructor() {
        constructed++;
      }
      checkOrigin(origin: string | undefined): boolean {
        return origin === this.#allowed;
      }
    }
    const { port } = await serve([defineEndpoint('/x', { configurator: Gate })]);
    expect((await askUpgrade(port, '/x', { Origin: 'http://a.example' })).status).toBe(101);
    expect((await askUpgrade(port, '/x', { Origin: 'http://b.example' })).status).toBe(403);
    expect(constructed).toBe(1);
  });
});

it('without a configurator an answer has the headers of the handshake and no others', async () => {
  const { port } = await serve([defineEndpoint('/x', {})]);
  const { status, headers } = await askUpgrade(port, '/x', { Cookie: 'a=1', 'X-Anything': 'b' });
  expect(status).toBe(101);
  expect({ ...headers }).toEqual({
    upgrade: 'websocket',
    connection: 'Upgrade',
    'sec-websocket-accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
  });
});

describe('the subprotocol', () => {
  it.each<[offered: string | undefined, spoken: string | undefined]>([
    ['b, a', 'a'],
    ['b', 'b'],
    ['c', undefined],
    ['A', undefined],
    [undefined, undefined],
  ])('of a client that offers %s is %s: the first supported one', async (offered, spoken) => {
    const opened: string[] = [];
    const endpoint = defineEndpoint('/x', {
      subprotocols: ['a', 'b'],
      onOpen: (session: Session) => void opened.push(session.subprotocol),
    });
    const { port } = await serve([endpoint]);
    const { status, headers } = await askUpgrade(port, '/x', { 'Sec-WebSocket-Protocol': offered });
    expect(status).toBe(101);
    expect(headers['sec-websocket-protocol']).toBe(spoken);
    await until(() => opened.length === 1);
    expect(opened).toEqual([spoken ?? '']);
  });

  it('may be chosen by the configurator, from what was offered', async () => {
    const configurator: Configurator = {
      selectSubprotocol: async (offered) => offered.find((name) => name.endsWith('2')),
    };
    const { port } = await serve([defineEndpoint('/x', { subprotocols: ['v1', 'v2'], configurator })]);
    const { headers } = await askUpgrade(port, '/x', { 'Sec-WebSocket-Protocol': 'v1, v2' });
    expect(headers['sec-websocket-protocol']).toBe('v2');
  });

  it('that the configurator chooses without an offer is its fault: 500', async () => {
    const configurator: Configurator = { selectSubprotocol: () => 'v3' };
    const serving = await serve([defineEndpoint('/x', { subprotocols: ['v3'], configurator })]);
    expect((await askUpgrade(serving.port, '/x', { 'Sec-WebSocket-Protocol': 'v1' })).status).toBe(500);
    expect(serving.unhandled).toHaveLength(1);
  });
});

describe('the extensions', () => {
  const offer = 'permessage-deflate; client_max_window_bits, x-unknown; a=1';
  const compressing = (configurator: Configurator) =>
    defineEndpoint('/x', {
      limits: { perMessageDeflate: true },
      configurator,
      onText: (_text, session) => session.extensions || 'none',
    });

  it('are those that both sides know, unless the configurator leaves one out', async () => {
    const seen: unknown[] = [];
    for (const [chosen, expected] of [
      [undefined, /^permessage-deflate;/],
      ['all', /^permessage-deflate;/],
      ['none', undefined],
    ] as const) {
      const configurator: Configurator = {
        selectExtensions: (offered, supported) => {
          seen.push([offered, supported.map(({ name }) => name)]);
          return chosen === 'all' ? supported : [];
        },
      };
      const { port } = await serve([compressing(chosen === undefined ? {} : configurator)]);
      const { status, headers } = await askUpgrade(port, '/x', { 'Sec-WebSocket-Extensions': offer });
      expect(status).toBe(101);
      if (expected === undefined) expect(headers).not.toHaveProperty('sec-websocket-extensions');
      else expect(headers['sec-websocket-extensions']).toMatch(expected);
    }
    expect(seen[0]).toEqual([
      [
        { name: 'permessage-deflate', parameters: [{ name: 'client_max_window_bits', value: undefined }] },
        { name: 'x-unknown', parameters: [{ name: 'a', value: '1' }] },
      ],
      ['permessage-deflate'],
    ]);
  });

  it('that were left out are not spoken: messages go uncompressed in both directions', async () => {
    const serving = await serve([compressing({ selectExtensions: async () => [] })]);
    const client = await serving.connect('/x', { perMessageDeflate: true });
    client.send('x'.repeat(5_000));
    expect(await client.received(1)).toEqual(['none']);
    expect(client.socket.extensions).toBe('');
  });

  it.each<[what: string, chosen: unknown]>([
    ['one that is not supported', [{ name: 'x-unknown', parameters: [] }]],
    ['no list', 'permessage-deflate'],
    ['nothing', undefined],
  ])('that the configurator chooses as %s are its fault: 500', async (_what, chosen) => {
    const serving = await serve([compressing({ selectExtensions: () => chosen as [] })]);
    expect((await askUpgrade(serving.port, '/x', { 'Sec-WebSocket-Extensions': offer })).status).toBe(500);
    expect(serving.unhandled[0]!.error).toMatchObject({ code: 'invalid_option' });
  });
});

describe('a request that is no handshake of RFC 6455 is refused at an endpoint', () => {
  it.each<[what: string, headers: Record<string, string | undefined>, status: number]>([
    ['of version 8', { 'Sec-WebSocket-Version': '8' }, 426],
    ['without a key', { 'Sec-WebSocket-Key': undefined }, 400],
    ['with a bad key', { 'Sec-WebSocket-Key': 'short' }, 400],
  ])('%s', async (_what, headers, status) => {
    const { port } = await serve([defineEndpoint('/x', {})]);
    const answer = await askUpgrade(port, '/x', headers);
    expect([400, 426]).toContain(answer.status);
    if (status === 426) expect(answer.headers['sec-websocket-version']).toBe('13');
  });
});
