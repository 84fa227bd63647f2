// Endpoints that connect to servers: the same handlers and sessions, from the other side.

import { until } from '@longwire/test-support/until';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type ClientEndpointObject,
  type ContainerOptions,
  defineClientEndpoint,
  defineEndpoint,
  Endpoint,
  EndpointContainer,
  type EndpointDefinition,
  jsonDecoder,
  jsonEncoder,
  type Session,
  type UnhandledErrorContext,
  wireLog,
} from '../../src/index.js';
import { serve } from '../serving.js';

const containers: EndpointContainer[] = [];
afterEach(async () => {
  await Promise.all(containers.splice(0).map((container) => container.close({ withinMs: 200 })));
});

function clientContainer(options: ContainerOptions = {}) {
  const unhandled: { error: unknown; context: UnhandledErrorContext }[] = [];
  const container = new EndpointContainer({
    onUnhandledError: (error, context) => void unhandled.push({ error, context }),
    ...options,
  });
  containers.push(container);
  return { container, unhandled };
}

const echo: EndpointDefinition<'/echo'> = defineEndpoint('/echo', {
  subprotocols: ['v1'],
  limits: { perMessageDeflate: true },
  onText: (text, session) => (text === 'bye' ? session.close(3005, 'you said bye') : text),
  onBinary: (data) => data,
});

describe('a client endpoint', () => {
  it('opens, talks and hears the close as an endpoint does, and connect resolves after onOpen was called', async () => {
    const events: string[] = [];
    const endpoint = defineClientEndpoint({
      subprotocols: ['v0', 'v1'],
      limits: { perMessageDeflate: true },
      onOpen: (session) => {
        events.push(`open ${session.subprotocol} ${session.extensions.split(';')[0]} ${session.isOpen}`);
        session.send('hello');
      },
      onText: (text) => {
        events.push(`text ${text}`);
        return text === 'hello' ? new Uint8Array([1, 2]) : undefined;
      },
      onBinary: (data) => {
        events.push(`binary ${data.length}`);
        return 'bye';
      },
      onClose: (_session, { code, reason, initiator }) => void events.push(`close ${code} ${reason} ${initiator}`),
    });
    const serving = await serve([echo]);
    const { container, unhandled } = clientContainer();
    const connection = await container.connect(endpoint, serving.url('/echo?a=1'));
    expect(events).toEqual(['open v1 permessage-deflate true']);
    expect(connection.state).toBe('open');
    const session = connection.session!;
    expect(session).toMatchObject({
      requestUri: '/echo?a=1',
      path: {},
      subprotocol: 'v1',
      secure: false,
      remoteAddress: '127.0.0.1',
    });
    expect(session.query.get('a')).toBe('1');
    expect(session.headers['sec-websocket-protocol']).toBe('v0, v1');
    expect(await connection.closed).toMatchObject({ code: 3005, reason: 'you said bye', initiator: 'remote' });
    await until(() => events.length === 4);
    expect(events.slice(1)).toEqual(['text hello', 'binary 2', 'close 3005 you said bye remote']);
    expect([connection.state, connection.session]).toEqual(['closed', undefined]);
    expect(unhandled).toEqual([]);
  });

  it('as a class has an instance for each connection, from createInstance where there is one', async () => {
    class Counting {
      readonly name: string;
      #count = 0;
      constructor(name: string) {
        this.name = name;
      }
      onText(text: string, session: Session): void {
        session.userProperties.set('said', `${this.name} ${++this.#count} ${text}`);
      }
    }
    let made = 0;
    const endpoint = defineClientEndpoint(Counting, {
      createInstance: async (endpointClass) => new endpointClass(...([`instance ${++made}`] as never[])),
    });
    const serving = await serve([echo]);
    const { container } = clientContainer();
    const first = await container.connect(endpoint, serving.url('/echo'));
    const second = await container.connect(endpoint, serving.url('/echo'));
    for (const text of ['a', 'b']) first.session!.send(text);
    second.session!.send('c');
    await until(() => first.session!.userProperties.get('said') === 'instance 1 2 b');
    await until(() => second.session!.userProperties.get('said') === 'instance 2 1 c');
    expect(first.session!.openSessions()).toEqual([first.session, second.session]);
  });

  it('sends the headers that it declares and those of the connection, and sees the answer before it opens', async () => {
    const seen: (string | undefined)[] = [];
    const guarded = defineEndpoint('/guarded', {
      configurator: {
        modifyHandshake(request, response) {
          seen.push(request.headers.authorization, String(request.headers['x-of']));
          response.addHeader('Set-Cookie', 'sid=7');
        },
      },
    });
    const endpoint = defineClientEndpoint({
      headers: async () => ({ authorization: 'Bearer fresh', 'x-of': 'the endpoint' }),
      afterResponse: ({ status, headers }, userProperties) =>
        void userProperties.set('answer', `${status} ${headers['set-cookie']}`),
      onOpen: (session) => void seen.push(String(session.userProperties.get('answer'))),
    });
    const serving = await serve([guarded]);
    const { container } = clientContainer();
    await container.connect(endpoint, serving.url('/guarded'), { headers: { 'x-of': 'the connection' } });
    expect(seen).toEqual(['Bearer fresh', 'the connection', '101 sid=7']);
  });

  it('that throws tells its onError once and stays; without onError it ends with 1011, and nobody else', async () => {
    const errors: unknown[] = [];
    const fault = new Error('fault');
    const told = defineClientEndpoint({
      onText() {
        throw fault;
      },
      onError: (error) => void errors.push(error),
    });
    const untold = defineClientEndpoint({ onText: () => Promise.reject(fault) });
    const serving = await serve([echo]);
    const { container, unhandled } = clientContainer();
    const staying = await container.connect(told, serving.url('/echo'));
    const ending = await container.connect(untold, serving.url('/echo'));
    staying.session!.send('x');
    ending.session!.send('x');
    expect(await ending.closed).toMatchObject({ code: 1011 });
    await until(() => errors.length === 1);
    expect(errors).toEqual([fault]);
    expect(unhandled.map(({ error, context }) => [error, context.during, context.endpoint])).toEqual([
      [fault, 'text', '/client'],
    ]);
    expect(staying.state).toBe('open');
    await staying.close(3000, 'done');
    expect(await staying.closed).toMatchObject({ code: 3000, initiator: 'local', wasClean: true });
  });
});

it('a client endpoint has decoders, encoders, streams and programmatic handlers as a server has', async () => {
  const got: unknown[] = [];
  const json = defineClientEndpoint({
    decoders: [jsonDecoder((value: unknown): value is { n: number } => typeof value === 'object')],
    encoders: [jsonEncoder],
    onOpen: (session) => session.sendObject({ n: 1 }),
    onObject(message) {
      got.push(message.n);
      return message.n < 3 ? { n: message.n + 1 } : 'bye';
    },
  });
  class Added extends Endpoint {
    onOpen(session: Session): void {
      session.addMessageHandler({ kind: 'text', delivery: 'stream' }, async (stream) => {
        for await (const part of stream) got.push(part);
        session.close();
      });
      session.send('streamed');
    }
  }
  const serving = await serve([echo]);
  const { container, unhandled } = clientContainer();
  expect(await (await container.connect(json, serving.url('/echo'))).closed).toMatchObject({ code: 3005 });
  const added = await container.connect(defineClientEndpoint(Added), serving.url('/echo'));
  expect(await added.closed).toMatchObject({ code: 1000, cause: 'closed' });
  expect(got.slice(0, 3)).toEqual([1, 2, 3]);
  expect(got.slice(3).join('')).toBe('streamed');
  expect(unhandled).toEqual([]);
});

describe('connecting fails with connect_failed and its cause', () => {
  const failure = async (url: string, declared: ClientEndpointObject = {}): Promise<unknown> => {
    const { container } = clientContainer();
    return container.connect(defineClientEndpoint(declared), url).then(
      () => 'connected',
      (error: unknown) => error,
    );
  };

  it('when the server refuses, is not there, or the address is none; without what may be secret in it', async () => {
    const serving = await serve([defineEndpoint('/closed', { configurator: { checkOrigin: () => false } })]);
    expect(await failure(`${serving.url('/closed')}?token=secret`)).toMatchObject({
      code: 'connect_failed',
      message: `could not connect to ${serving.url('/closed')}: the server answered 403`,
      cause: { code: 'handshake_refused', status: 403 },
    });
    await serving.close();
    expect(await failure(serving.url('/closed'))).toMatchObject({ cause: { code: 'handshake_failed' } });
    expect(await failure('no address')).toMatchObject({ code: 'connect_failed', cause: { code: 'invalid_url' } });
  });

  it('when a hook throws', async () => {
    const serving = await serve([echo]);
    const cause = new Error('hook');
    const fail = (): never => {
      throw cause;
    };
    for (const hook of ['headers', 'afterResponse']) {
      expect(await failure(serving.url('/echo'), { [hook]: fail })).toMatchObject({ code: 'connect_failed', cause });
    }
    await until(() => serving.container.endpoints().get('/echo')!.openSessions().length === 0);
  });

  it('when it is given up, before or while it connects', async () => {
    const never = defineEndpoint('/x', { configurator: { checkOrigin: () => new Promise(() => {}) } });
    const serving = await serve([never]);
    const { container } = clientContainer();
    const endpoint = defineClientEndpoint({ reconnect: true });
    const early = container.connect(endpoint, serving.url('/x'), { signal: AbortSignal.abort() });
    await expect(early).rejects.toMatchObject({ code: 'connect_failed', cause: { code: 'handshake_aborted' } });
    const giveUp = new AbortController();
    const late = container.connect(endpoint, serving.url('/x'), { signal: giveUp.signal });
    await until(() => serving.connections() > 0);
    giveUp.abort();
    await expect(late).rejects.toMatchObject({ cause: { code: 'handshake_aborted' } });
  });

  it('and what is no client endpoint, or a wrong option, is refused', async () => {
    const { container } = clientContainer();
    const endpoint = defineClientEndpoint({});
    const notOne = container.connect(class Plain {}, 'ws://x');
    await expect(notOne).rejects.toMatchObject({ code: 'not_an_endpoint' });
    await expect(container.connect(echo as never, 'ws://x')).rejects.toMatchObject({ code: 'not_an_endpoint' });
    await expect(container.connect(endpoint, 'ws://x', { reconect: true } as never)).rejects.toThrow('"reconnect"');
    expect(() => defineClientEndpoint({ onTekst: () => {} } as never)).toThrow('did you mean "onText"?');
    expect(() => defineClientEndpoint({ configurator: {} } as never)).toThrow('has no option "configurator"');
    expect(() => defineClientEndpoint({ reconnect: { minDelayMs: 0 } })).toThrow(
      'reconnect: minDelayMs is a whole number from 1 to 2147483647, not 0',
    );
    expect(() => defineClientEndpoint({ headers: 'x' as never })).toThrow('headers is an object or a function');
  });
});

it('container.close closes client sessions with the others, and nothing connects afterwards', async () => {
  const closes: number[] = [];
  const endpoint = defineClientEndpoint({ reconnect: true, onClose: (_session, { code }) => void closes.push(code) });
  const serving = await serve([echo]);
  const { container } = clientContainer();
  const connection = await container.connect(endpoint, serving.url('/echo'));
  await container.close();
  expect(closes).toEqual([1001]);
  expect(await connection.closed).toMatchObject({ code: 1001, initiator: 'local' });
  expect(connection.state).toBe('closed');
  await expect(container.connect(endpoint, serving.url('/echo'))).rejects.toMatchObject({ code: 'connect_failed' });
});

it('the debug mode prints the client side as well, without the credentials', async () => {
  const lines: string[] = [];
  const serving = await serve([echo]);
  const { container } = clientContainer({ debug: wireLog((line) => lines.push(line)) });
  const endpoint = defineClientEndpoint({ headers: { authorization: 'Bearer secret' } });
  const connection = await container.connect(endpoint, serving.url('/echo?token=secret'));
  connection.session!.send('Hello');
  await until(() => lines.some((line) => line.includes('← TEXT')));
  await connection.close();
  expect(lines[0]).toBe('#1 → GET /echo?token=••• HTTP/1.1');
  expect(lines).toContain('#1 →   authorization: •••');
  expect(lines).toContain('#1 ← HTTP/1.1 101 Switching Protocols');
  const frames = lines.slice(lines.findIndex((line) => line.includes('TEXT')));
  expect(frames.map((line) => line.replace(/mask=[0-9a-f]{8}/, 'mask=…'))).toEqual([
    '#1 → TEXT fin mask=… len=5 "Hello"',
    '#1 ← TEXT fin len=5 "Hello"',
    '#1 → CLOSE fin mask=… len=2 1000',
    '#1 ← CLOSE fin len=2 1000',
    '#1 × over, 1000, closed here',
  ]);
});
