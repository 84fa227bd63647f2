// Several containers, other WebSocket libraries and the request listener on one http server, told apart by path.
import { once } from 'node:events';
import { createServer, get } from 'node:http';
import { connect } from 'node:net';
import { WebSocketClient } from '@longwire/test-support/websocket-client';
import { describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { defineEndpoint, EndpointContainer, upgradeRequired } from '../../src/index.js';
import { askUpgrade, listen, serve } from '../serving.js';

const echo = (path: string) => defineEndpoint(path, { onText: (text) => `${path} ${text}` });

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

  it('neither a container nor a `ws` server with a path of its own answers for the other', async () => {
    for (const isFirst of [true, false]) {
      const server = createServer();
      const container = new EndpointContainer();
      container.add(echo('/ours'));
      if (isFirst) container.attach(server);
      // Without `noServer` it answers 400 to every other path it sees.
      const theirs = new WebSocketServer({ server, path: '/theirs' });
      theirs.on('connection', (client) => client.send('theirs'));
      if (!isFirst) container.attach(server);
      const port = await listen(server);
      const [ours, other] = ['/ours', '/theirs'].map((path) => new WebSocketClient(`ws://127.0.0.1:${port}${path}`));
      await ours!.opened;
      ours!.send('x');
      expect(await ours!.received(1)).toEqual(['/ours x']);
      expect(await other!.received(1)).toEqual(['theirs']);
      await ours!.settled();
      expect((await askUpgrade(port, '/nowhere')).status).toBe(400);
      await container.close();
      other!.socket.terminate();
      theirs.close();
      server.close();
    }
  });

  it('a listener that ends whatever it does not know sees nothing of what a container takes', async () => {
    const serving = await serve([echo('/ours')]);
    const seen: unknown[] = [];
    serving.server.on('upgrade', (request, socket) => {
      seen.push(request.url);
      socket.destroy();
    });
    const client = await serving.connect('/ours');
    client.send('x');
    expect(await client.received(1)).toEqual(['/ours x']);
    await expect(askUpgrade(serving.port, '/theirs')).rejects.toThrow();
    expect(seen).toEqual(['/theirs']);
  });

  it('detaching takes no more requests, leaves sessions open and no listener behind', async () => {
    const serving = await serve([echo('/x')]);
    const client = await serving.connect('/x');
    serving.container.detach(serving.server);
    expect(serving.server.listenerCount('upgrade')).toBe(0);
    expect(Object.hasOwn(serving.server, 'emit')).toBe(false);
    client.send('still');
    expect(await client.received(1)).toEqual(['/x still']);
    serving.container.attach(serving.server);
    serving.container.attach(serving.server);
    expect(serving.server.listenerCount('upgrade')).toBe(1);
    await serving.connect('/x');
  });

  it('whoever wraps the emit of a server between attaching and detaching finds it working', async () => {
    const serving = await serve([echo('/x')]);
    const { emit } = serving.server;
    const seen: unknown[] = [];
    serving.server.emit = (event: string | symbol, ...values: unknown[]) => {
      seen.push(event);
      return (emit as (...values: unknown[]) => boolean).call(serving.server, event, ...values);
    };
    const client = await serving.connect('/x');
    serving.container.detach(serving.server);
    await expect(serving.connect('/x')).rejects.toThrow();
    serving.container.attach(serving.server);
    for (const one of [client, await serving.connect('/x')]) {
      one.send('x');
      expect(await one.received(1)).toEqual(['/x x']);
    }
    expect(seen).toContain('upgrade');
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
