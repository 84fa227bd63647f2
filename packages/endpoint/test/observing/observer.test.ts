// The hooks for metrics and tracing: they see everything once, and can hurt nobody.
import { createServer } from 'node:http';
import { until } from '@longwire/test-support/until';
import { WebSocketClient } from '@longwire/test-support/websocket-client';
import { PreparedMessage } from '@longwire/websocket';
import { afterEach, describe, expect, it } from 'vitest';
import {
  Broadcast,
  type ContainerObserver,
  closeWith,
  defineClientEndpoint,
  defineEndpoint,
  EndpointContainer,
  type EndpointDefinition,
  jsonDecoder,
  type UnhandledErrorContext,
} from '../../src/index.js';
import { askUpgrade, listen } from '../serving.js';
import { expectNoUnhandledRejection, waysToFail } from '../ways-to-fail.js';

afterEach(expectNoUnhandledRejection());
const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function observed(observer: ContainerObserver, endpoints: readonly EndpointDefinition[]) {
  const unhandled: { error: unknown; context: UnhandledErrorContext }[] = [];
  const container = new EndpointContainer({
    observer,
    onUnhandledError: (error, context) => void unhandled.push({ error, context }),
  });
  for (const endpoint of endpoints) container.add(endpoint);
  const server = createServer();
  container.attach(server);
  const port = await listen(server);
  undo.push(() => new Promise((resolve) => server.close(resolve)));
  undo.push(() => container.close({ withinMs: 200 }));
  const url = (path: string): string => `ws://127.0.0.1:${port}${path}`;
  const connect = async (path: string): Promise<WebSocketClient> => {
    const client = new WebSocketClient(url(path));
    undo.push(() => client.socket.terminate());
    await client.opened;
    return client;
  };
  return { container, unhandled, port, url, connect };
}

/** Writes down what it is told, in the order in which it happens. */
function diary() {
  const lines: string[] = [];
  let spans = 0;
  const observer: Required<ContainerObserver<number>> = {
    handshakeStarted: (request, endpoint) => void lines.push(`asked ${endpoint} ${request.url}`),
    handshakeRefused: (_request, status, endpoint) => void lines.push(`refused ${endpoint} ${status}`),
    sessionOpened: (session) => void lines.push(`opened ${session.template} ${session.isOpen}`),
    messageReceived: (_session, kind, bytes) => void lines.push(`received ${kind} ${bytes}`),
    messageSent: (_session, kind, bytes) => void lines.push(`sent ${kind} ${bytes}`),
    handlerStarted(_session, kind) {
      lines.push(`started ${kind} ${++spans}`);
      return spans;
    },
    handlerEnded: (_session, kind, span, failure) =>
      void lines.push(`ended ${kind} ${span}${failure === undefined ? '' : ` ${(failure.error as Error).message}`}`),
    sessionClosed: (_session, { code, cause }) => void lines.push(`closed ${code} ${cause}`),
    failed: (error, { endpoint, isHandled }) =>
      void lines.push(`failed ${endpoint} ${(error as Error).message} ${isHandled}`),
  };
  return { lines, observer };
}

it('a session is seen from its request to its end, handlers with what they lead to', async () => {
  const { lines, observer } = diary();
  const endpoint = defineEndpoint('/chat/{room}', {
    onText: async (text) => {
      await new Promise((resolve) => setImmediate(resolve));
      return `${text}!`;
    },
    onBinary() {
      throw new Error('no bytes');
    },
    onError() {},
    onClose() {},
  });
  const { connect } = await observed(observer, [endpoint]);
  const client = await connect('/chat/a?b=c');
  client.send('häh');
  await client.received(1);
  client.send(new Uint8Array([1, 2]));
  await until(() => lines.includes('ended error 3'));
  await client.close(3000);
  await until(() => lines.includes('ended close 4'));
  expect(lines).toEqual([
    'asked /chat/{room} /chat/a?b=c',
    'opened /chat/{room} true',
    'received text 4',
    'started text 1',
    'ended text 1',
    'sent text 5',
    'received binary 2',
    'started binary 2',
    'ended binary 2 no bytes',
    'failed /chat/{room} no bytes true',
    'started error 3',
    'ended error 3',
    'closed 3000 closed',
    'started close 4',
    'ended close 4',
  ]);
});

it('messages are counted once in every form: prepared, broadcast, awaited, in parts, as streams, as objects', async () => {
  const { lines, observer } = diary();
  const room = new Broadcast<'/forms'>();
  const sending = defineEndpoint('/forms', {
    async onOpen(session) {
      room.add(session);
      session.sendPrepared(PreparedMessage.join([PreparedMessage.text('ab'), PreparedMessage.binary(Buffer.alloc(3))]));
      await room.sendAndWait('broadcast');
      await session.sendAsync('awaited');
      const message = session.startMessage('text');
      await message.write('par');
      await message.write('ts');
      await message.end();
      await session.sendStream('binary', [Buffer.alloc(10), Buffer.alloc(20)]);
    },
    onTextStream: async (stream) => {
      for await (const _part of stream);
    },
  });
  const objects = defineEndpoint('/objects', { decoders: [jsonDecoder()], onObject: () => {} });
  const { connect } = await observed(observer, [sending, objects]);
  const client = await connect('/forms');
  await client.received(6);
  client.socket.send('first, ', { fin: false });
  client.socket.send('second', { fin: true });
  await until(() => lines.some((line) => line.startsWith('received')));
  const decoded = await connect('/objects');
  decoded.send('{}');
  await until(() => lines.some((line) => line.startsWith('ended text ')));
  expect(lines.filter((line) => line.startsWith('sent'))).toEqual([
    'sent text 2',
    'sent binary 3',
    'sent text 9',
    'sent text 7',
    'sent text 5',
    'sent binary 30',
  ]);
  expect(lines.filter((line) => line.startsWith('received'))).toEqual(['received text 13', 'received text 2']);
});

it('refusals are seen with their status or code, and faults that no handler takes once', async () => {
  const { lines, observer } = diary();
  const { port, connect, unhandled } = await observed(observer, [
    defineEndpoint('/origin', {}),
    defineEndpoint('/code', { configurator: { authenticate: () => closeWith(4401, 'who are you') } }),
    defineEndpoint('/hook', {
      configurator: {
        modifyHandshake() {
          throw new Error('hook');
        },
      },
    }),
    defineEndpoint('/handler', {
      onText() {
        throw new Error('handler');
      },
    }),
  ]);
  await askUpgrade(port, '/origin', { Origin: 'https://evil.example' });
  await askUpgrade(port, '/origin', { 'Sec-WebSocket-Version': '7' });
  await askUpgrade(port, '/hook');
  expect(await (await connect('/code')).closed).toMatchObject({ code: 4401 });
  const client = await connect('/handler');
  client.send('x');
  await client.closed;
  await until(() => lines.some((line) => line.startsWith('closed')));
  expect(lines.filter((line) => /^(refused|failed|closed)/.test(line))).toEqual([
    'refused /origin 403',
    'refused /origin 426',
    'failed /hook hook false',
    'refused /hook 500',
    'refused /code 4401',
    'failed /handler handler false',
    'closed 1011 handler_failed',
  ]);
  expect(lines.filter((line) => line.startsWith('asked'))).toHaveLength(5);
  expect(unhandled.map(({ error }) => (error as Error).message)).toEqual(['hook', 'handler']);
});

it('client sessions are seen as those of the server', async () => {
  const { lines, observer } = diary();
  const { url } = await observed({}, [defineEndpoint('/echo', { onText: (text) => text })]);
  const { container } = await observed(observer, []);
  const connection = await container.connect(defineClientEndpoint({ onText: () => {} }), url('/echo'));
  connection.session!.send('hello');
  await until(() => lines.includes('ended text 1'));
  await connection.close();
  expect(lines).toEqual([
    'opened /client true',
    'sent text 5',
    'received text 5',
    'started text 1',
    'ended text 1',
    'closed 1000 closed',
  ]);
});

describe('a hook that fails is reported once and changes nothing', () => {
  it.each(waysToFail)('when every hook $form with $what', async (given) => {
    const fail = given.fail(given.value);
    const names = Object.keys(diary().observer);
    const observer = Object.fromEntries(names.map((name) => [name, fail])) as ContainerObserver;
    const endpoint = defineEndpoint('/echo', {
      onText: (text) => text,
      onBinary() {
        throw new Error('handled');
      },
      onError() {},
    });
    const closed = defineEndpoint('/closed', { configurator: { checkOrigin: () => false } });
    const { connect, port, unhandled } = await observed(observer, [endpoint, closed]);
    const [first, second] = [await connect('/echo'), await connect('/echo')];
    for (const text of ['a', 'b', 'c']) first.send(text);
    second.send(new Uint8Array(1));
    second.send('still here');
    expect(await first.received(3)).toEqual(['a', 'b', 'c']);
    expect(await second.received(1)).toEqual(['still here']);
    expect((await askUpgrade(port, '/closed')).status).toBe(403);
    expect(await first.close(3000)).toMatchObject({ code: 3000 });
    await until(() => unhandled.length === names.length, 'a report of each hook');
    await second.settled();
    expect(unhandled.map(({ error }) => error)).toEqual(names.map(() => given.value));
    expect(new Set(unhandled.map(({ context }) => context.during))).toEqual(new Set(['observer']));
  });
});

it('misspelt hooks and hooks that are no functions are refused', () => {
  expect(() => new EndpointContainer({ observer: { sesionOpened: () => {} } as ContainerObserver })).toThrow(
    'did you mean "sessionOpened"?',
  );
  expect(() => new EndpointContainer({ observer: { failed: 7 } as never })).toThrow('observer.failed is a function');
  expect(() => new EndpointContainer({ observer: 'x' as never })).toThrow('observer is an object with hooks');
});
