// Endpoints that were never added, such as those that a program declares for one connection: kept while they have
// sessions, and no longer.
import { createServer } from 'node:http';
import { deferred } from '@longwire/test-support/deferred';
import { until } from '@longwire/test-support/until';
import { WebSocketClient } from '@longwire/test-support/websocket-client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { EndpointRegister } from '../../src/container/endpoint-register.js';
import { defineClientEndpoint, defineEndpoint, EndpointContainer, type EndpointDefinition } from '../../src/index.js';
import { askUpgrade, listen, serve } from '../serving.js';

const closing: (() => unknown)[] = [];

/** Of the container that opened the last session: a container keeps its register to itself. */
let register: EndpointRegister;
const { use } = EndpointRegister.prototype;
beforeAll(() => {
  EndpointRegister.prototype.use = function (...parameters) {
    register = this;
    return use.apply(this, parameters as never) as never;
  };
});
afterAll(() => {
  EndpointRegister.prototype.use = use;
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function newContainer() {
  const container = new EndpointContainer();
  closing.push(() => container.close({ withinMs: 200 }));
  return container;
}

/** Every endpoint that it holds. */
const held = () => register.all();

/** A server that upgrades each request to an endpoint declared for it. */
async function upgradeEach(container: EndpointContainer, declare: () => EndpointDefinition<'/once'>) {
  const server = createServer();
  server.on('upgrade', (request, socket, head) => void container.upgrade(request, socket, head, declare()));
  const port = await listen(server);
  closing.push(() => server.close());
  return {
    port,
    connect: async () => {
      const client = new WebSocketClient(`ws://127.0.0.1:${port}/`);
      await client.opened;
      return client;
    },
  };
}

describe('an endpoint that was declared for one connection is forgotten', () => {
  it('when it was the client and its session has ended, however many there were', async () => {
    const serving = await serve([defineEndpoint('/echo', { onText: (text) => text })]);
    const container = newContainer();
    const connections = await Promise.all(
      Array.from({ length: 50 }, () => container.connect(defineClientEndpoint({}), serving.url('/echo'))),
    );
    expect(held()).toHaveLength(50);
    expect(held().every((endpoint) => endpoint.openSessions().length === 1)).toBe(true);
    await Promise.all(connections.slice(1).map((connection) => connection.close()));
    await until(() => held().length === 1);
    expect(held()[0]!.openSessions()).toEqual([connections[0]!.session]);
    await container.close();
    expect((await connections[0]!.closed).code).toBe(1001);
    await until(() => held().length === 0);
  });

  it('when it was the client and could not connect', async () => {
    const container = newContainer();
    const serving = await serve([]);
    await Promise.all(
      Array.from({ length: 20 }, () => container.connect(defineClientEndpoint({}), serving.url('/no')).catch(() => {})),
    );
    await until(() => held().length === 0);
  });

  it('when it took one upgrade and its session has ended', async () => {
    const container = newContainer();
    const { connect } = await upgradeEach(container, () => defineEndpoint('/once', { onText: (text) => text }));
    const clients = await Promise.all(Array.from({ length: 20 }, connect));
    for (const client of clients) client.send('hello');
    for (const client of clients) expect(await client.received(1)).toEqual(['hello']);
    expect(held()).toHaveLength(20);
    for (const client of clients.slice(1)) await client.close();
    await until(() => held().length === 1);
    await container.close();
    expect(await clients[0]!.closed).toMatchObject({ code: 1001 });
    await until(() => held().length === 0);
  });

  it('when it refused its only handshake', async () => {
    const container = newContainer();
    const { port } = await upgradeEach(container, () => defineEndpoint('/once', {}));
    expect((await askUpgrade(port, '/', { Origin: 'http://evil.example' })).status).toBe(403);
    await until(() => held().length === 0);
  });

  it('not before its last handler has settled: close waits for that', async () => {
    const container = newContainer();
    const [begun, may] = [deferred(), deferred()];
    let isDone = false;
    const onClose = async () => {
      begun.resolve();
      await may.promise;
      isDone = true;
    };
    const { connect } = await upgradeEach(container, () => defineEndpoint('/once', { onClose }));
    await (await connect()).close();
    await begun.promise;
    expect(held()).toHaveLength(1);
    const closed = container.close().then(() => isDone);
    may.resolve();
    expect(await closed).toBe(true);
    await until(() => held().length === 0);
  });

  it('not if it was added meanwhile', async () => {
    const container = newContainer();
    const endpoint = defineEndpoint('/once', {});
    const { connect } = await upgradeEach(container, () => endpoint);
    const client = await connect();
    const mounted = container.add(endpoint);
    await until(() => mounted.openSessions().length === 1);
    await client.close();
    await until(() => mounted.openSessions().length === 0);
    await mounted.finished();
    expect(held()).toEqual([mounted]);
    expect(container.remove('/once')).toBe(mounted);
    await until(() => held().length === 0);
  });
});

it('sessions of one endpoint that was never added know each other, also after it was without any', async () => {
  const container = newContainer();
  const endpoint = defineEndpoint('/once', {
    onText: (_text, session) => String(session.openSessions().length),
  });
  const { connect } = await upgradeEach(container, () => endpoint);
  const both = [await connect(), await connect()];
  for (const client of both) {
    client.send('how many?');
    expect(await client.received(1)).toEqual(['2']);
  }
  for (const client of both) await client.close();
  await until(() => held().length === 0);
  const again = await connect();
  again.send('how many?');
  expect(await again.received(1)).toEqual(['1']);
});
