// Who a client is: the hook that says it, and the two ways to send somebody away.

import { until } from '@longwire/test-support/until';
import { WebSocketClient } from '@longwire/test-support/websocket-client';
import { describe, expect, it } from 'vitest';
import {
  type Configurator,
  closeWith,
  defineEndpoint,
  guest,
  type HandshakeRequest,
  type Principal,
  refuse,
} from '../../src/index.js';
import { askUpgrade, serve } from '../serving.js';

describe('authenticate', () => {
  it('names the principal for the hooks after it and for the session', async () => {
    const seen: unknown[] = [];
    const configurator: Configurator = {
      checkOrigin: (_origin, request) => {
        seen.push(request.principal);
        return true;
      },
      authenticate: async (request) => ({ name: String(request.headers.authorization), role: 'admin' }),
      selectSubprotocol: (_offered, _supported, request) => {
        seen.push(request.principal?.name);
        return undefined;
      },
      modifyHandshake: (request) => void seen.push(request.principal?.name, request.principal?.['role']),
    };
    const endpoint = defineEndpoint('/x', {
      configurator,
      onText: (_message, session) => session.handshake.principal?.name,
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x', { headers: { authorization: 'alice' } });
    client.send('who am I?');
    expect(await client.received(1)).toEqual(['alice']);
    expect(seen).toEqual([undefined, 'alice', 'alice', 'admin']);
  });

  it('sees the path variables, the query and the headers', async () => {
    const seen: HandshakeRequest[] = [];
    const configurator: Configurator = {
      authenticate: (request) => {
        seen.push(request);
        return guest;
      },
    };
    const serving = await serve([defineEndpoint('/chat/{username}', { configurator })]);
    await serving.connect('/chat/%E7%88%B1?token=t', { headers: { cookie: 'a=1' } });
    expect(seen[0]!.path['username']).toBe('爱');
    expect(seen[0]!.query.get('token')).toBe('t');
    expect(seen[0]!.headers.cookie).toBe('a=1');
  });

  it('runs only for origins that may connect', async () => {
    let calls = 0;
    const configurator: Configurator = { authenticate: () => ({ name: `caller ${++calls}` }) };
    const { port } = await serve([defineEndpoint('/x', { configurator })]);
    expect((await askUpgrade(port, '/x', { Origin: 'http://evil.example' })).status).toBe(403);
    expect(calls).toBe(0);
    expect((await askUpgrade(port, '/x')).status).toBe(101);
    expect(calls).toBe(1);
  });

  it('authenticate accepts an unknown client, without a principal, when it returns guest', async () => {
    const configurator: Configurator = { authenticate: () => guest };
    const endpoint = defineEndpoint('/x', { configurator, onText: (_, session) => `${session.handshake.principal}` });
    const client = await (await serve([endpoint])).connect('/x');
    client.send('who am I?');
    expect(await client.received(1)).toEqual(['undefined']);
  });

  it.each<[what: string, returned: unknown]>([
    ['undefined, as of a failed look-up', undefined],
    ['null, as of a failed look-up', null],
    ['true', true],
    ['false', false],
    ['a name that is no object', 'alice'],
    ['an object without a name', { id: 7 }],
    ['a name that is no text', { name: 7 }],
  ])('answers 500 with invalid_principal when it returns %s', async (_what, returned) => {
    const configurator: Configurator = { authenticate: () => returned as Principal };
    const serving = await serve([defineEndpoint('/x', { configurator })]);
    expect((await askUpgrade(serving.port, '/x')).status).toBe(500);
    expect(serving.unhandled[0]!.error).toMatchObject({ code: 'invalid_principal' });
  });
});

it('the sessions of somebody who has signed out are found by their principal and closed with 1008', async () => {
  const configurator: Configurator = { authenticate: ({ headers }) => ({ name: String(headers.authorization) }) };
  const endpoint = defineEndpoint('/x', { configurator, onText: (text) => text });
  const serving = await serve([endpoint]);
  const [alice, alicesTablet, bob] = await Promise.all(
    ['alice', 'alice', 'bob'].map((authorization) => serving.connect('/x', { headers: { authorization } })),
  );
  const mounted = serving.container.endpoints().get('/x')!;
  await until(() => mounted.openSessions().length === 3);
  for (const session of mounted.openSessions()) {
    if (session.principal?.name === 'alice') session.close(1008, 'signed out');
  }
  for (const gone of [alice, alicesTablet]) expect(await gone!.closed).toEqual({ code: 1008, reason: 'signed out' });
  bob!.send('still here');
  expect(await bob!.received(1)).toEqual(['still here']);
});

describe('refuse', () => {
  it('answers with the status, a sentence and its headers before the upgrade, and nothing is opened or reported', async () => {
    let opened = 0;
    const configurator: Configurator = {
      authenticate: () => refuse(401, 'Who are you?', { 'WWW-Authenticate': 'Bearer' }),
      modifyHandshake: () => void opened++,
    };
    const serving = await serve([defineEndpoint('/x', { configurator, onOpen: () => void opened++ })]);
    const answer = await askUpgrade(serving.port, '/x');
    expect(answer).toMatchObject({ status: 401, body: 'Who are you?\n' });
    expect(answer.headers).toMatchObject({ 'www-authenticate': 'Bearer', connection: 'close' });
    expect(opened).toBe(0);
    expect(serving.unhandled).toEqual([]);
  });

  it.each<[status: number, headers: Record<string, string>]>([
    [200, {}],
    [101, {}],
    [600, {}],
    [401.5, {}],
    [401, { 'Sec-WebSocket-Accept': 'x' }],
    [401, { 'X-A': 'a\r\nX-B: b' }],
  ])('throws for the status %s with the headers %j', (status, headers) => {
    expect(() => refuse(status, 'no', headers)).toThrow();
  });
});

describe('closeWith', () => {
  const turningAway = (code: number, reason?: string) => {
    const called: string[] = [];
    const endpoint = defineEndpoint('/x', {
      subprotocols: ['v1'],
      limits: { perMessageDeflate: true },
      configurator: {
        authenticate: async () => closeWith(code, reason),
        modifyHandshake: () => void called.push('modifyHandshake'),
      },
      onOpen: () => void called.push('open'),
      onText: () => void called.push('text'),
      onClose: () => void called.push('close'),
      onError: () => void called.push('error'),
    });
    return { endpoint, called };
  };

  it('accepts, closes with the code and the reason, and calls no handler', async () => {
    const { endpoint, called } = turningAway(4401, 'token expired');
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x', { protocols: ['v1'] });
    client.socket.send('is anybody there?');
    expect(await client.closed).toEqual({ code: 4401, reason: 'token expired' });
    expect(client.socket.protocol).toBe('v1');
    await serving.container.close({ withinMs: 1_000 });
    expect(called).toEqual([]);
    expect(serving.unhandled).toEqual([]);
    expect(serving.container.endpoints().get('/x')!.openSessions()).toEqual([]);
  });

  it('a client that never answers the close is cut when the container closes', async () => {
    const serving = await serve([turningAway(4401).endpoint]);
    const client = new WebSocketClient(serving.url('/x'));
    await client.opened;
    client.socket.pause();
    await serving.container.close({ withinMs: 50 });
    await until(() => serving.connections() === 0);
    client.socket.resume();
    expect((await client.closed).code).toBe(4401);
  });

  it.each<[code: number, reason?: string]>([[999], [1005], [1006], [1015], [5000], [4000, 'x'.repeat(124)]])(
    'throws invalid_option for the code %s with the reason %s',
    (code, reason) => {
      expect(() => closeWith(code, reason)).toThrow(expect.objectContaining({ code: 'invalid_option' }));
    },
  );
});
