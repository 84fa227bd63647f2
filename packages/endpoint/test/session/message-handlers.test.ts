// Endpoints that choose their message handlers session by session; shared instances.

import { deferred } from '@longwire/test-support/deferred';
import { until } from '@longwire/test-support/until';
import { describe, expect, it } from 'vitest';
import {
  type CloseReason,
  defineEndpoint,
  Endpoint,
  type EndpointConfig,
  EndpointError,
  jsonDecoder,
  type Session,
} from '../../src/index.js';
import { serve } from '../serving.js';

describe('a programmatic endpoint', () => {
  it('adds handlers for whole messages, parts, streams, objects and pongs when a session opens', async () => {
    const pongs: string[] = [];
    class Chat extends Endpoint<'/chat/{room}'> {
      readonly #greeting = 'hello';
      onOpen(session: Session<'/chat/{room}'>, config: EndpointConfig<'/chat/{room}'>) {
        session.addMessageHandler({ kind: 'pong' }, (payload) => void pongs.push(Buffer.from(payload).toString()));
        if (session.path.room === 'objects') {
          session.addMessageHandler({ kind: 'object' }, (message: { a: number }) => String(message.a));
        } else if (session.path.room === 'parts') {
          session.addMessageHandler({ delivery: 'parts' }, (part, isLast) => (isLast ? `last ${part}` : undefined));
        } else if (session.path.room === 'streams') {
          session.addMessageHandler({ kind: 'binary', delivery: 'stream' }, async (message) => {
            let bytes = 0;
            for await (const part of message) bytes += part.length;
            return String(bytes);
          });
        } else {
          session.addMessageHandler({}, (message, { path }) => `${this.#greeting} ${path.room} ${message}`);
        }
        session.userProperties.set('declared as', `${config.name} ${config.path} ${config.options.maxTextBytes}`);
      }
    }
    const mounted = defineEndpoint('/chat/{room}', Chat, { decoders: [jsonDecoder()] });
    const serving = await serve([mounted]);
    const told: [string, string | Buffer, string][] = [
      ['/chat/lobby', 'x', 'hello lobby x'],
      ['/chat/objects', '{"a":1}', '1'],
      ['/chat/parts', 'x', 'last x'],
      ['/chat/streams', Buffer.alloc(70_000), '70000'],
    ];
    for (const [path, message, answer] of told) {
      const client = await serving.connect(path);
      client.send(message);
      client.socket.pong(path);
      expect(await client.received(1)).toEqual([answer]);
    }
    await until(() => pongs.length === told.length);
    const [session] = serving.container.endpoints().get('/chat/{room}')!.openSessions();
    expect(session!.userProperties.get('declared as')).toBe('Chat /chat/{room} 1048576');
  });

  it.each([{ concurrent: false }, { concurrent: true }])(
    'misses nothing that came before its instance was there (%j)',
    async (options) => {
      const made = deferred();
      const heard: string[] = [];
      class Late extends Endpoint {
        onOpen(session: Session) {
          session.addMessageHandler({}, (message) => void heard.push(message));
          session.addMessageHandler({ kind: 'binary', delivery: 'stream' }, async (message) => {
            for await (const part of message) heard.push(String(part.length));
          });
        }
        override onClose() {
          heard.push('close');
        }
      }
      const endpoint = defineEndpoint('/x', Late, {
        ...options,
        configurator: {
          async createInstance(endpointClass) {
            await made.promise;
            return new endpointClass();
          },
        },
      });
      const serving = await serve([endpoint]);
      const client = await serving.connect('/x');
      client.send('a');
      client.send(Buffer.alloc(700));
      await client.settled();
      for (let index = 2; index < 30; index++) client.send(String(index));
      client.socket.close(3000);
      expect(heard).toEqual([]);
      made.resolve();
      await until(() => heard.includes('close'));
      const numbers = Array.from({ length: 28 }, (_, index) => String(index + 2));
      expect(heard.filter((message) => message !== '700')).toEqual(['a', ...numbers, 'close']);
      expect(heard).toContain('700');
    },
  );

  it('reads on when nobody wants what came before its instance was there', async () => {
    const made = deferred();
    class Deaf extends Endpoint {
      onOpen(session: Session) {
        session.send('open');
      }
    }
    const endpoint = defineEndpoint('/x', Deaf, {
      configurator: {
        async createInstance(endpointClass) {
          await made.promise;
          return new endpointClass();
        },
      },
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    for (let index = 0; index < 30; index++) client.send('nobody hears it');
    expect(await client.isRead()).toBe(false);
    made.resolve();
    expect(await client.received(1)).toEqual(['open']);
    await client.settled();
  });

  it('gets errors in onError and the end in onClose', async () => {
    const events: string[] = [];
    class Quiet extends Endpoint {
      onOpen(session: Session) {
        session.addMessageHandler({ kind: 'binary' }, () => {
          throw new Error('broken');
        });
      }
      override onError(error: unknown) {
        events.push((error as Error).message);
      }
      override onClose(_session: Session, reason: CloseReason) {
        events.push(`closed ${reason.code}`);
      }
    }
    const serving = await serve([defineEndpoint('/x', Quiet)]);
    const client = await serving.connect('/x');
    client.send(Buffer.from('x'));
    await client.settled();
    await client.close(3000);
    await until(() => events.length === 2);
    expect(events).toEqual(['broken', 'closed 3000']);
    expect(serving.unhandled).toEqual([]);
  });

  it('exchanges handlers while the session is open', async () => {
    let session: Session | undefined;
    class Changing extends Endpoint {
      onOpen(opened: Session) {
        session = opened;
        const first = (message: string) => {
          opened.removeMessageHandler(first);
          opened.addMessageHandler({ delivery: 'parts' }, (part, isLast) => (isLast ? `parts ${part}` : undefined));
          return `whole ${message}`;
        };
        opened.addMessageHandler({}, first);
        expect(opened.messageHandlers).toEqual([first]);
      }
    }
    const serving = await serve([defineEndpoint('/x', Changing)]);
    const client = await serving.connect('/x');
    client.send('a');
    expect(await client.received(1)).toEqual(['whole a']);
    client.send('b');
    expect(await client.received(2)).toEqual(['whole a', 'parts b']);
    const [second] = session!.messageHandlers;
    session!.removeMessageHandler(second!);
    session!.removeMessageHandler(second!);
    expect(session!.messageHandlers).toEqual([]);
    client.send('c');
    await client.settled();
    expect(client.messages).toHaveLength(2);
  });

  it('is refused a second handler for the same messages, and what is no handler', async () => {
    const codes: string[] = [];
    const attempt = (act: () => void): void => {
      try {
        act();
        codes.push('accepted');
      } catch (error) {
        codes.push(error instanceof EndpointError ? error.code : String(error));
      }
    };
    class Greedy extends Endpoint {
      onOpen(session: Session) {
        session.addMessageHandler({}, () => {});
        attempt(() => session.addMessageHandler({ kind: 'text' }, () => {}));
        attempt(() => session.addMessageHandler({ delivery: 'parts' }, () => {}));
        attempt(() => session.addMessageHandler({ kind: 'object' }, () => {}));
        attempt(() => session.addMessageHandler({ kind: 'pong' }, 'x' as never));
        attempt(() => session.addMessageHandler({ kind: 'ping' } as never, () => {}));
        attempt(() => session.addMessageHandler({ kinds: 'pong' } as never, () => {}));
        attempt(() => session.addMessageHandler(undefined as never, () => {}));
        attempt(() => session.addMessageHandler({ kind: 'binary', delivery: 'stream' }, () => {}));
      }
    }
    const serving = await serve([
      defineEndpoint('/x', Greedy),
      defineEndpoint('/declared', {
        onText: (message) => message,
        onOpen: (session) => attempt(() => session.addMessageHandler({ delivery: 'stream' }, () => {})),
      }),
    ]);
    await serving.connect('/x');
    await until(() => codes.length === 8);
    expect(codes).toEqual([
      'duplicate_handler',
      'duplicate_handler',
      'missing_decoder',
      'invalid_handler',
      'invalid_option',
      'unknown_option',
      'invalid_option',
      'accepted',
    ]);
    await serving.connect('/declared');
    await until(() => codes.length === 9);
    expect(codes[8]).toBe('duplicate_handler');
  });
});

describe('a shared instance', () => {
  it('serves all sessions of its endpoint, and is made with the first', async () => {
    let made = 0;
    class Counter {
      count = 0;
      constructor() {
        made++;
      }
      onText() {
        return String(++this.count);
      }
    }
    const serving = await serve([defineEndpoint('/x', Counter, { instance: 'shared' })]);
    expect(made).toBe(0);
    for (const answer of ['1', '2', '3']) {
      const client = await serving.connect('/x');
      client.send('x');
      expect(await client.received(1)).toEqual([answer]);
    }
    expect(made).toBe(1);
  });

  it('that a configurator fails to make is tried again for the next session', async () => {
    let attempts = 0;
    class Injected {
      onText(message: string) {
        return message;
      }
    }
    const endpoint = defineEndpoint('/x', Injected, {
      instance: 'shared',
      configurator: {
        async createInstance(endpointClass) {
          await new Promise((resolve) => setImmediate(resolve));
          if (attempts++ === 0) throw new Error('no database');
          return new endpointClass();
        },
      },
    });
    const serving = await serve([endpoint]);
    const first = await serving.connect('/x');
    expect(await first.closed).toMatchObject({ code: 1011 });
    const [second, third] = await Promise.all([serving.connect('/x'), serving.connect('/x')]);
    for (const client of [second, third]) {
      client.send('x');
      expect(await client.received(1)).toEqual(['x']);
    }
    expect(attempts).toBe(2);
    expect(serving.unhandled).toHaveLength(1);
  });
});
