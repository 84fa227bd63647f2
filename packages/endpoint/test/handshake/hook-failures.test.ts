// Whatever a hook of the handshake throws, and however long it takes: this one handshake, one report, never the process.
import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { deferred } from '@longwire/test-support/deferred';
import { until } from '@longwire/test-support/until';
import { afterEach, describe, expect, it } from 'vitest';
import { closeWith, defineEndpoint, EndpointContainer, type Guest, guest } from '../../src/index.js';
import { askUpgrade, serve } from '../serving.js';
import { waysToFail as cases, expectNoUnhandledRejection } from '../ways-to-fail.js';

afterEach(expectNoUnhandledRejection());

const handshakeHooks = [
  'checkOrigin',
  'authenticate',
  'selectSubprotocol',
  'selectExtensions',
  'modifyHandshake',
] as const;

describe.each(handshakeHooks)('a fault in %s', (hook) => {
  it.each(cases)('that $form with $what refuses this handshake with 500 and is reported', async ({ fail, value }) => {
    const serving = await serve([
      defineEndpoint('/x', { subprotocols: ['a'], configurator: { [hook]: fail(value) } }),
      defineEndpoint('/healthy', { onText: (message) => message }),
    ]);
    const healthy = await serving.connect('/healthy');
    await expect(serving.connect('/x', { protocols: ['a'] })).rejects.toThrow('500');
    expect(serving.unhandled).toHaveLength(1);
    expect(serving.unhandled[0]!.error).toBe(value);
    expect(serving.unhandled[0]!.context).toMatchObject({ during: 'handshake', endpoint: '/x', session: undefined });
    healthy.send('still here');
    expect(await healthy.received(1)).toEqual(['still here']);
  });
});

describe('a hook that never finishes', () => {
  const never = (): Promise<never> => new Promise(() => {});

  it.each(handshakeHooks)(
    '%s, is ended by the handshake timeout with 500, and others connect meanwhile',
    async (hook) => {
      const asked = deferred();
      const configurator = {
        [hook]: () => {
          asked.resolve();
          return never();
        },
      };
      const serving = await serve([
        defineEndpoint('/x', { configurator, limits: { handshakeTimeoutMs: 300 } }),
        defineEndpoint('/healthy', { onText: (message) => message }),
      ]);
      const hanging = serving.connect('/x');
      await asked.promise;
      const healthy = await serving.connect('/healthy');
      healthy.send('still here');
      expect(await healthy.received(1)).toEqual(['still here']);
      await expect(hanging).rejects.toThrow('500');
      expect(serving.unhandled).toHaveLength(1);
      expect(serving.unhandled[0]!.error).toMatchObject({
        code: 'handshake_timeout',
        message: expect.stringContaining(hook),
      });
    },
  );

  it('createInstance, ends the session with 1011', async () => {
    class Chat {}
    const options = { configurator: { createInstance: never }, limits: { handshakeTimeoutMs: 50 } };
    const serving = await serve([defineEndpoint('/x', Chat, options)]);
    const client = await serving.connect('/x');
    for (let count = 0; count < 20; count++) client.send('nobody reads this');
    expect(await client.closed).toMatchObject({ code: 1011 });
    await serving.container.close({ withinMs: 1_000 });
    expect(serving.unhandled.map(({ error, context }) => [error, context.during])).toEqual([
      [expect.objectContaining({ code: 'handshake_timeout' }), 'instance'],
    ]);
  });

  it('all hooks of a handshake share its time', async () => {
    const slowly = () => new Promise<undefined>((resolve) => setTimeout(resolve, 60, undefined));
    const configurator = {
      authenticate: () => slowly().then(() => guest),
      selectSubprotocol: slowly,
      modifyHandshake: slowly,
    };
    const serving = await serve([defineEndpoint('/x', { configurator, limits: { handshakeTimeoutMs: 100 } })]);
    await expect(serving.connect('/x')).rejects.toThrow('500');
    expect(serving.unhandled[0]!.error).toMatchObject({ code: 'handshake_timeout' });
  });

  it('what it rejects with after the time is over reaches nobody and ends nothing', async () => {
    const late = deferred<Guest>();
    const configurator = { authenticate: () => late.promise };
    const serving = await serve([defineEndpoint('/x', { configurator, limits: { handshakeTimeoutMs: 20 } })]);
    await expect(serving.connect('/x')).rejects.toThrow('500');
    late.reject(new Error('too late'));
    await expect(serving.connect('/x')).rejects.toThrow('500');
    expect(serving.unhandled).toHaveLength(2);
  });
});

it('a client that goes away during an asynchronous hook leaves nothing behind', async () => {
  const asked = deferred();
  const answered = deferred<boolean>();
  const configurator = {
    checkOrigin: () => {
      asked.resolve();
      return answered.promise;
    },
  };
  let [opened, closed] = [0, 0];
  const endpoint = defineEndpoint('/x', { configurator, onOpen: () => void opened++, onClose: () => void closed++ });
  const serving = await serve([endpoint]);
  const client = request(serving.url('/x').replace('ws', 'http'), {
    headers: {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    },
  });
  client.on('error', () => {});
  client.end();
  await asked.promise;
  client.destroy();
  answered.resolve(true);
  // Nobody reads from the socket during a hook, so the session may open before it sees that the client has gone.
  await until(() => opened === closed && serving.connections() === 0);
  expect(serving.container.endpoints().get('/x')!.openSessions()).toEqual([]);
  expect(serving.unhandled).toEqual([]);
});

describe('handshakes that wait for their hooks', () => {
  it('are bounded: one more is answered with 503, and the bound is free again when they are over', async () => {
    const answered = deferred<Guest>();
    let asked = 0;
    const configurator = {
      authenticate: () => {
        asked++;
        return answered.promise;
      },
    };
    const serving = await serve([defineEndpoint('/slow', { configurator }), defineEndpoint('/x', {})], {
      maxPendingHandshakes: 3,
    });
    const waiting = [1, 2, 3].map(() => serving.connect('/slow'));
    await until(() => asked === 3);
    const refused = await askUpgrade(serving.port, '/slow');
    expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect((await askUpgrade(serving.port, '/x')).status).toBe(503);
    answered.resolve(guest);
    await Promise.all(waiting);
    await Promise.all([1, 2, 3, 4, 5].map(() => serving.connect('/x')));
    expect(asked).toBe(3);
    expect(serving.unhandled).toEqual([]);
  });

  it('do not count those that were turned away with a code and never answer the close', async () => {
    const endpoint = defineEndpoint('/x', { configurator: { authenticate: () => closeWith(4401) } });
    const serving = await serve([endpoint], { maxPendingHandshakes: 1 });
    const handshake = [
      'GET /x HTTP/1.1',
      'Host: x',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      '\r\n',
    ].join('\r\n');
    const sockets: Socket[] = [];
    for (let count = 0; count < 5; count++) {
      const socket = connect(serving.port, '127.0.0.1');
      sockets.push(socket);
      socket.write(handshake);
      const [answer] = await once(socket, 'data');
      expect(String(answer)).toContain('101 Switching Protocols');
    }
    expect(serving.connections()).toBe(5);
    for (const socket of sockets) socket.destroy();
  });

  it.each([0, 1.5, '7', Number.NaN])('cannot be bounded by %s', (maxPendingHandshakes) => {
    expect(() => new EndpointContainer({ maxPendingHandshakes: maxPendingHandshakes as number })).toThrow('from 1');
  });
});
