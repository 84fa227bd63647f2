// The endpoints of a container: finding, listing, adding and removing them while it runs.

import { deferred } from '@longwire/test-support/deferred';
import { describe, expect, it } from 'vitest';
import { defineEndpoint, EndpointContainer, OnMessage, ServerEndpoint } from '../../src/index.js';
import { askUpgrade, serve } from '../serving.js';

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
    expect(() => container.add(echo(second))).toThrow(expect.objectContaining({ code: 'duplicate_path' }));
  });

  it.each([{}, 'x', undefined, class Plain {}])('refuses %s, which is no endpoint', (wrong) => {
    expect(() => new EndpointContainer().add(wrong as never)).toThrow(
      expect.objectContaining({ code: 'not_an_endpoint' }),
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
    ['maxTextBytes below 1', { maxTextBytes: 0 }],
    ['maxBinaryBytes that is no whole number', { maxBinaryBytes: 1.5 }],
    ['a negative idleTimeoutMs', { idleTimeoutMs: -1 }],
    ['another word for instance', { instance: 'each' }],
    ['textPing that is no boolean', { textPing: 1 }],
    ['decoders that are no list', { decoders: {} }],
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

describe('describe()', () => {
  it('says of each endpoint its path, its name, and what is special about it', () => {
    @ServerEndpoint('/chat/{room}', { subprotocols: ['v1', 'v2'] })
    class Chat {
      @OnMessage() text(message: string) {
        return message;
      }
    }
    class Quotes {}
    const container = new EndpointContainer();
    expect(container.describe()).toBe('');
    container.add(Chat);
    container.add(defineEndpoint('/quotes', Quotes, { concurrent: true }));
    container.add(echo('/echo'));
    container.add(defineEndpoint('/x', { configurator: { dangerouslyAllowAnyOrigin: true } }));
    expect(container.describe().split('\n')).toEqual([
      'GET /quotes       Quotes (per connection, concurrent)',
      'GET /echo         (one instance for all)',
      'GET /x            (one instance for all, any origin)',
      'GET /chat/{room}  Chat (per connection, subprotocols: v1, v2)',
    ]);
  });
});

describe('removing an endpoint', () => {
  it('answers new handshakes with 404, and leaves sessions open until the container closes', async () => {
    const serving = await serve([echo('/x'), echo('/y')]);
    const client = await serving.connect('/x');
    const mounted = serving.container.endpoints().get('/x')!;
    expect(serving.container.remove('/x')).toBe(mounted);
    expect((await askUpgrade(serving.port, '/x')).status).toBe(404);
    expect((await askUpgrade(serving.port, '/y')).status).toBe(101);
    expect([...serving.container.endpoints().keys()]).toEqual(['/y']);
    client.send('still here');
    expect(await client.received(1)).toEqual(['/x still here']);
    expect(mounted.openSessions()).toHaveLength(1);
    serving.container.add(echo('/x2'));
    await serving.container.close({ code: 4000 });
    expect(await client.closed).toMatchObject({ code: 4000 });
  });

  it('closes its sessions when told to, and no others', async () => {
    const serving = await serve([echo('/x'), echo('/y'), echo('/z')]);
    const [gone, stays] = [await serving.connect('/x'), await serving.connect('/y')];
    serving.container.remove('/x', { close: { code: 4001, reason: 'moved' } });
    expect(await gone.closed).toEqual({ code: 4001, reason: 'moved' });
    await stays.settled();
    const other = await serving.connect('/z');
    serving.container.remove('/z', { close: {} });
    expect(await other.closed).toMatchObject({ code: 1001 });
    for (const path of ['/x', '/z']) serving.container.add(echo(path));
  });

  it('refuses a handshake that is waiting for a hook', async () => {
    const [asked, answered] = [deferred(), deferred()];
    const configurator = {
      modifyHandshake: () => {
        asked.resolve();
        return answered.promise;
      },
    };
    const serving = await serve([defineEndpoint('/x', { configurator }), echo('/y')]);
    const attempt = serving.connect('/x');
    attempt.catch(() => {});
    await asked.promise;
    serving.container.remove('/x');
    answered.resolve();
    await expect(attempt).rejects.toThrow('404');
    serving.container.add(echo('/x'));
  });

  it('makes room for another one at the same path', async () => {
    const serving = await serve([echo('/x')]);
    serving.container.remove('/x');
    serving.container.add(defineEndpoint('/x', { onText: () => 'the new one' }));
    const client = await serving.connect('/x');
    client.send('who is there?');
    expect(await client.received(1)).toEqual(['the new one']);
  });

  it('that is not there gives undefined; wrong options are refused and change nothing', async () => {
    const serving = await serve([echo('/x')]);
    expect(serving.container.remove('/{x}')).toBeUndefined();
    expect(() => serving.container.remove('/x', { close: { code: 1006 } })).toThrow('1006');
    expect(() => serving.container.remove('/x', { close: { because: 'x' } as never })).toThrow('because');
    expect(serving.container.endpoints().size).toBe(1);
  });
});
