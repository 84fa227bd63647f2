// Requests that the program itself hands to a container, by their path or to an endpoint it names.
import { createServer, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { deferred } from '@longwire/test-support/deferred';
import { WebSocketClient } from '@longwire/test-support/websocket-client';
import { afterEach, describe, expect, it } from 'vitest';
import { defineEndpoint, EndpointContainer, OnMessage, ServerEndpoint, type Session } from '../../src/index.js';
import { askUpgrade, listen } from '../serving.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A server whose only upgrade listener is the program's. */
async function serveBy(
  container: EndpointContainer,
  onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void,
) {
  const server = createServer();
  server.on('upgrade', onUpgrade);
  const port = await listen(server);
  closing.push(
    () => container.close({ withinMs: 200 }),
    () => server.closeAllConnections(),
    () => server.close(),
  );
  return {
    port,
    connect: async (path: string) => {
      const client = new WebSocketClient(`ws://127.0.0.1:${port}${path}`);
      await client.opened;
      return client;
    },
  };
}

const room = defineEndpoint('/chat/{room}', { onText: (text, session) => `${session.path.room}: ${text}` });

describe('handleUpgrade', () => {
  it('takes what is for an endpoint, and says of other paths that nothing was done', async () => {
    const container = new EndpointContainer();
    container.add(room);
    const answers: boolean[] = [];
    const { port, connect } = await serveBy(container, (request, socket, head) => {
      const isTaken = container.handleUpgrade(request, socket, head);
      answers.push(isTaken);
      if (!isTaken) socket.end('HTTP/1.1 410 Gone\r\nConnection: close\r\n\r\n');
    });
    const client = await connect('/chat/kitchen');
    client.send('hello');
    expect(await client.received(1)).toEqual(['kitchen: hello']);
    expect((await askUpgrade(port, '/elsewhere')).status).toBe(410);
    expect((await askUpgrade(port, '/chat/%zz')).status).toBe(400);
    expect((await askUpgrade(port, '/chat/x', { Origin: 'http://evil.example' })).status).toBe(403);
    expect(answers).toEqual([true, false, true, true]);
  });
});

describe('upgrade', () => {
  it('opens a session of an endpoint at any path, with the given parameters, added or not', async () => {
    const container = new EndpointContainer();
    const opened: (Session<'/chat/{room}'> | undefined)[] = [];
    const { connect, port } = await serveBy(container, async (request, socket, head) => {
      opened.push(await container.upgrade(request, socket, head, room, { room: 'cellar' }));
    });
    const [first, second] = [await connect('/any/path/at/all'), await connect('/')];
    for (const client of [first, second]) client.send('hello');
    expect(await first.received(1)).toEqual(['cellar: hello']);
    expect(await second.received(1)).toEqual(['cellar: hello']);
    expect(opened[0]).toMatchObject({ requestUri: '/any/path/at/all', path: { room: 'cellar' } });
    // They are sessions of one endpoint, which no path leads to.
    expect(opened[0]!.openSessions()).toHaveLength(2);
    expect(container.endpoints().size).toBe(0);
    expect((await askUpgrade(port, '/x', { Origin: 'http://evil.example' })).status).toBe(403);
    expect(opened[2]).toBeUndefined();
    await container.close();
    expect(await first.closed).toMatchObject({ code: 1001 });
    expect((await askUpgrade(port, '/x')).status).toBe(503);
  });

  it('takes a class with @ServerEndpoint, and shares the sessions with the one that was added', async () => {
    @ServerEndpoint('/echo')
    class Echo {
      @OnMessage() text(message: string) {
        return message;
      }
    }
    const container = new EndpointContainer();
    const mounted = container.add(Echo);
    const { connect } = await serveBy(container, (request, socket, head) => {
      void container.upgrade(request, socket, head, Echo);
    });
    const client = await connect('/somewhere/else');
    client.send('hello');
    expect(await client.received(1)).toEqual(['hello']);
    expect(mounted.openSessions()).toHaveLength(1);
  });

  it('takes a path that cannot be decoded; filters by path pass it over', async () => {
    const container = new EndpointContainer();
    const opened = deferred<Session | undefined>();
    const { connect } = await serveBy(container, async (request, socket, head) => {
      opened.resolve(await container.upgrade(request, socket, head, defineEndpoint('/x', {})));
    });
    await connect('/%zz');
    const session = (await opened.promise)!;
    expect(session.openSessions({ path: '/%zz' })).toEqual([session]);
    expect(session.openSessions({ path: '/x' })).toEqual([]);
  });

  it.each<[what: string, endpoint: unknown, parameters: unknown[]]>([
    ['what is no endpoint', class Plain {}, []],
    ['missing parameters', room, []],
    ['parameters that are no text', room, [{ room: 7 }]],
    ['empty parameters', room, [{ room: '' }]],
    ['inherited parameters', room, [Object.create({ room: 'x' })]],
    ['unknown parameters', room, [{ room: 'x', rom: 'y' }]],
  ])('refuses %s', async (_what, endpoint, parameters) => {
    const container = new EndpointContainer();
    const thrown = deferred<unknown>();
    const { port } = await serveBy(container, (request, socket, head) => {
      try {
        void container.upgrade(request, socket, head, endpoint as typeof room, ...(parameters as [{ room: string }]));
      } catch (error) {
        thrown.resolve(error);
        socket.destroy();
      }
    });
    await askUpgrade(port, '/x').catch(() => {});
    expect(await thrown.promise).toMatchObject({ code: endpoint === room ? 'invalid_option' : 'not_an_endpoint' });
  });
});
