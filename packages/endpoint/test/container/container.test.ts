// Endpoints on http servers: finding, sharing the server with others, adding while running, closing.
import { once } from 'node:events';
import { createServer, get } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import { defineEndpoint, EndpointContainer, upgradeRequired } from '../../src/index.js';
import { askUpgrade, Client, deferred, listen, serve, until } from '../serving.js';

const echo = (path: string) => defineEndpoint(path, { onText: (text) => `${path} ${text}` });

describe('a container', () => {
  it('finds the endpoint of a path, exact before variable, and answers 404 and 400 elsewhere', async () => {
    const serving = await serve([echo('/a/{x}'), echo('/a/b'), echo('/{x}/{y}')]);
    for (const [path, template] of [
      ['/a/b', '/a/b'],
      ['/a/b?x=/c', '/a/b'],
      ['/a/c', '/a/{x}'],
      ['/c/b', '/{x}/{y}'],
    ] as const) {
      const client = await serving.connect(path);
      client.send('x');
      expect(await client.received(1)).toEqual([`${template} x`]);
    }
    expect((await askUpgrade(serving.port, '/nowhere')).status).toBe(404);
    expect((await askUpgrade(serving.port, '/a/%zz')).status).toBe(400);
    expect((await askUpgrade(serving.port, '/%zz')).status).toBe(400);
    expect((await askUpgrade(serving.port, '/a/..')).status).toBe(400);
    expect((await askUpgrade(serving.port, '/a/%00')).status).toBe(400);
    expect((await askUpgrade(serving.port, '//a/b')).status).toBe(404);
    expect(serving.unhandled).toEqual([]);
  });

  it('lists its endpoints by path', () => {
    const container = new EndpointContainer();
    for (const path of ['/b/{x}', '/a', '/b/c']) container.add(echo(path));
    expect([...container.endpoints().keys()]).toEqual(['/a', '/b/c', '/b/{x}']);
    expect(container.endpoints().get('/a')).toMatchObject({ name: '/a', path: '/a' });
    expect(container.serves('/b/7?x')).toBe(true);
    expect(container.serves('/c')).toBe(false);
  });

  it.each([
    ['/a/{x}', '/a/{y}'],
    ['/a', '/a'],
  ])('refuses %s beside %s', (first, second) => {
    const container = new EndpointContainer();
    container.add(echo(first));
    expect(() => container.add(echo(second))).toThrow(expect.objectContaining({ code: 'DUPLICATE_PATH' }));
  });

  it.each([{}, 'x', undefined, class Plain {}])('refuses %s, which is no endpoint', (wrong) => {
    expect(() => new EndpointContainer().add(wrong as never)).toThrow(
      expect.objectContaining({ code: 'NOT_AN_ENDPOINT' }),
    );
  });

  it('refuses unknown options with the nearest known name', () => {
    expect(() => new EndpointContainer({ onUnhandledErorr: () => {} } as never)).toThrow(
      'did you mean "onUnhandledError"?',
    );
    expect(() => defineEndpoint('/x', { subprotocol: [] } as never)).toThrow('did you mean "subprotocols"?');
    expect(() => defineEndpoint('/x', { onTxt: () => 'x' } as never)).toThrow('did you mean "onText"?');
    expect(() => defineEndpoint('/x', { configurator: { checkorigin: () => true } } as never)).toThrow(
      'did you mean "checkOrigin"?',
    );
    expect(() => defineEndpoint('/x', { limits: { heartbeatMss: 1 } } as never)).toThrow('heartbeatMs');
  });

  it.each<[what: string, options: object]>([
    ['subprotocols that are no tokens', { subprotocols: ['a b'] }],
    ['a subprotocol twice', { subprotocols: ['a', 'a'] }],
    ['subprotocols that are no list', { subprotocols: 'a' }],
    ['concurrent that is no boolean', { concurrent: 'yes' }],
    ['maxMessageBytes below 1', { maxMessageBytes: 0 }],
    ['maxMessageBytes among the limits', { limits: { maxMessageBytes: 5 } }],
    ['a hook that is no function', { configurator: { checkOrigin: true } }],
    ['a handler that is no function', { onText: 'x' }],
    ['createInstance for an object', { configurator: { createInstance: () => ({}) } }],
  ])('refuses %s when declared', (_what, options) => {
    expect(() => defineEndpoint('/x', options as never)).toThrow();
  });

  it('takes new endpoints while it serves', async () => {
    const serving = await serve([]);
    expect((await askUpgrade(serving.port, '/late')).status).toBe(404);
    const mounted = serving.container.add(echo('/late'));
    const client = await serving.connect('/late');
    expect(mounted.openSessions()).toHaveLength(1);
    client.socket.terminate();
    await serving.close().catch(() => {});
  });
});

describe('on one http server', () => {
  it('a container leaves unknown paths to other upgrade listeners', async () => {
    const serving = await serve([echo('/ours')]);
    const theirs = new WebSocketServer({ noServer: true });
    serving.server.on('upgrade', (request, socket, head) => {
      if (request.url !== '/theirs') return;
      theirs.handleUpgrade(request, socket, head, (client) => client.send('theirs'));
    });
    const ours = await serving.connect('/ours');
    const other = await serving.connect('/theirs');
    ours.send('x');
    expect(await ours.received(1)).toEqual(['/ours x']);
    expect(await other.received(1)).toEqual(['theirs']);
    theirs.close();
  });

  it('several containers are told apart by path, and only together they answer 404', async () => {
    const serving = await serve([echo('/one')]);
    const second = new EndpointContainer();
    second.add(echo('/two'));
    second.attach(serving.server);
    for (const path of ['/one', '/two']) {
      const client = await serving.connect(path);
      client.send('x');
      expect(await client.received(1)).toEqual([`${path} x`]);
    }
    expect((await askUpgrade(serving.port, '/three')).status).toBe(404);
    second.detach(serving.server);
    expect((await askUpgrade(serving.port, '/two')).status).toBe(404);
    await second.close({ withinMs: 500 });
  });

  it('detaching takes no more requests, leaves sessions open and no listener behind', async () => {
    const serving = await serve([echo('/x')]);
    const client = await serving.connect('/x');
    serving.container.detach(serving.server);
    expect(serving.server.listenerCount('upgrade')).toBe(0);
    client.send('still');
    expect(await client.received(1)).toEqual(['/x still']);
    serving.container.attach(serving.server);
    serving.container.attach(serving.server);
    expect(serving.server.listenerCount('upgrade')).toBe(1);
    await serving.connect('/x');
  });

  it('requests without upgrade stay with the request listener, which may answer 426', async () => {
    const container = new EndpointContainer();
    container.add(echo('/ws'));
    const server = createServer((request, response) => {
      if (container.serves(request.url ?? '/')) upgradeRequired(response);
      else response.end('page');
    });
    container.attach(server);
    const port = await listen(server);
    const answer = async (path: string) => {
      const [response] = await once(get({ port, host: '127.0.0.1', path, agent: false }), 'response');
      response.resume();
      await once(response, 'end');
      return response;
    };
    const refused = await answer('/ws');
    expect(refused.statusCode).toBe(426);
    expect(refused.headers).toMatchObject({ upgrade: 'websocket', 'sec-websocket-version': '13' });
    expect((await answer('/page')).statusCode).toBe(200);
    await container.close();
    server.close();
  });

  it('a client that resets while it is refused ends nothing', async () => {
    const serving = await serve([echo('/x')]);
    for (const path of ['/nowhere', '/%zz', '/x']) {
      const socket = connect(serving.port, '127.0.0.1');
      await once(socket, 'connect');
      socket.on('error', () => {});
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: x\r\nOrigin: http://evil\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
      );
      socket.resetAndDestroy();
    }
    const client = await serving.connect('/x');
    client.send('alive');
    expect(await client.received(1)).toEqual(['/x alive']);
  });
});

describe('closing a container', () => {
  it('closes sessions with code and reason, waits for their handlers and leaves the servers', async () => {
    const log: string[] = [];
    const slow = deferred();
    const endpoint = defineEndpoint('/x', {
      async onClose(_session, reason) {
        await slow.promise;
        log.push(`${reason.code} ${reason.reason}`);
      },
    });
    const serving = await serve([endpoint]);
    const clients = await Promise.all([1, 2, 3].map(() => serving.connect('/x')));
    const closed = serving.container.close({ code: 4001, reason: 'restart', withinMs: 5_000 });
    expect(serving.container.close()).toBe(closed);
    for (const client of clients) expect(await client.closed).toEqual({ code: 4001, reason: 'restart' });
    expect((await askUpgrade(serving.port, '/x')).status).toBe(503);
    expect(log).toEqual([]);
    slow.resolve();
    await closed;
    expect(log).toHaveLength(3);
    expect(serving.server.listenerCount('upgrade')).toBe(0);
  });

  it('says 1001 by default', async () => {
    const serving = await serve([echo('/x')]);
    const client = await serving.connect('/x');
    await serving.container.close();
    expect(await client.closed).toMatchObject({ code: 1001 });
  });

  it('terminates who does not answer in time, and does not wait for handlers that never settle', async () => {
    const hanging = defineEndpoint('/hanging', { onText: () => new Promise<string>(() => {}) });
    const serving = await serve([hanging, echo('/deaf')]);
    const client = await serving.connect('/hanging');
    client.send('x');
    await client.settled();
    const deaf = await serving.connect('/deaf');
    deaf.socket.pause();
    const begun = Date.now();
    await serving.container.close({ withinMs: 100 });
    expect(Date.now() - begun).toBeLessThan(2_000);
    for (const mounted of serving.container.endpoints().values()) expect(mounted.openSessions()).toEqual([]);
    deaf.socket.resume();
    await deaf.closed;
  });

  it('refuses handshakes that are waiting for a hook', async () => {
    const asked = deferred();
    const endpoint = defineEndpoint('/x', {
      configurator: {
        checkOrigin: () => {
          asked.resolve();
          return new Promise<boolean>(() => {});
        },
      },
    });
    const serving = await serve([endpoint]);
    const client = new Client(new WebSocket(serving.url('/x')));
    client.opened.catch(() => {});
    await asked.promise;
    await serving.container.close({ withinMs: 100 });
    await expect(client.opened).rejects.toThrow('503');
  });

  it('is disposal', async () => {
    const serving = await serve([echo('/x')]);
    const client = await serving.connect('/x');
    await serving.container[Symbol.asyncDispose]();
    await until(() => client.socket.readyState === WebSocket.CLOSED);
  });
});
