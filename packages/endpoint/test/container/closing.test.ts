// How a container ends: codes, time limits, waves.

import { deferred } from '@longwire/test-support/deferred';
import { stretched } from '@longwire/test-support/stretched';
import { until } from '@longwire/test-support/until';
import { WebSocketClient } from '@longwire/test-support/websocket-client';
import { describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { type CloseReason, defineEndpoint, EndpointError, type Guest, guest } from '../../src/index.js';
import { askUpgrade, serve } from '../serving.js';

const echo = (path: string) => defineEndpoint(path, { onText: (text) => `${path} ${text}` });

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

  it('closes its sessions in waves within the first half of the time', async () => {
    const closes: number[] = [];
    const serving = await serve([defineEndpoint('/x', { onClose: () => void closes.push(performance.now()) })]);
    const clients = await Promise.all(Array.from({ length: 8 }, () => serving.connect('/x')));
    const begun = performance.now();
    const closed = serving.container.close({ withinMs: 1_200, waves: 4 });
    await Promise.all(clients.slice(0, 2).map((client) => client.closed));
    expect(closes.length).toBeLessThan(8);
    expect((await askUpgrade(serving.port, '/x')).status).toBe(503);
    await closed;
    const atMs = closes.map((time) => time - begun);
    // Two sessions in each of four waves, 150 ms apart; a busy machine may be late, never early.
    for (const [index, time] of atMs.entries()) expect(time).toBeGreaterThan(Math.floor(index / 2) * 150 - 5);
    expect(closes).toHaveLength(8);
  });

  it('of 100 sessions closes them in ten waves unless told otherwise', async () => {
    const serving = await serve([defineEndpoint('/x', {})]);
    const clients = await Promise.all(Array.from({ length: 100 }, () => serving.connect('/x')));
    const begun = performance.now();
    let open = clients.length;
    for (const client of clients) void client.closed.then(() => open--);
    const closed = serving.container.close({ withinMs: 1_000 });
    await until(() => open <= 90);
    expect(open).toBeGreaterThan(0);
    await closed;
    await until(() => open === 0);
    // Nine pauses of a twentieth of the time each.
    expect(performance.now() - begun).toBeGreaterThan(440);
  });

  it('waits for no wave when nobody is left', async () => {
    const serving = await serve([defineEndpoint('/x', {})]);
    await serving.connect('/x');
    const begun = performance.now();
    await serving.container.close({ withinMs: 60_000, waves: 10 });
    expect(performance.now() - begun).toBeLessThan(stretched(5_000));
  });

  it.each<[what: string, options: object]>([
    ['a code that may not be sent', { code: 1006 }],
    ['a reason that is too long', { reason: 'x'.repeat(124) }],
    ['a negative time', { withinMs: -1 }],
    ['a time that is no number', { withinMs: '5 s' }],
    ['no wave', { waves: 0 }],
    ['half a wave', { waves: 1.5 }],
    ['a misspelt option', { withinMS: 5 }],
  ])('refuses %s and goes on serving', async (_what, options) => {
    const serving = await serve([echo('/x')]);
    expect(() => serving.container.close(options)).toThrow(EndpointError);
    await serving.connect('/x');
  });

  it('says 1001 by default, and to handlers why', async () => {
    const reasons: CloseReason[] = [];
    const serving = await serve([defineEndpoint('/x', { onClose: (_session, reason) => void reasons.push(reason) })]);
    const client = await serving.connect('/x');
    await serving.container.close();
    expect(await client.closed).toMatchObject({ code: 1001 });
    expect(reasons).toMatchObject([{ initiator: 'local', cause: 'going_away' }]);
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
    expect(Date.now() - begun).toBeLessThan(stretched(2_000));
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
    const client = new WebSocketClient(serving.url('/x'));
    client.opened.catch(() => {});
    await asked.promise;
    await serving.container.close({ withinMs: 100 });
    await expect(client.opened).rejects.toThrow('503');
  });

  it('asks no further hook of a handshake that it has refused', async () => {
    const [asked, answered] = [deferred(), deferred<Guest>()];
    let modified = 0;
    const configurator = {
      authenticate: () => {
        asked.resolve();
        return answered.promise;
      },
      modifyHandshake: () => void modified++,
    };
    const serving = await serve([defineEndpoint('/x', { configurator })]);
    const attempt = serving.connect('/x');
    attempt.catch(() => {});
    await asked.promise;
    await serving.container.close({ withinMs: 100 });
    answered.resolve(guest);
    await expect(attempt).rejects.toThrow('503');
    expect(modified).toBe(0);
  });

  it('is disposal', async () => {
    const serving = await serve([echo('/x')]);
    const client = await serving.connect('/x');
    await serving.container[Symbol.asyncDispose]();
    await until(() => client.socket.readyState === WebSocket.CLOSED);
  });
});
