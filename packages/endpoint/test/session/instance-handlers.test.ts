// The handlers of a session are those of the instance that serves it, whatever createInstance made it of.

import { deferred } from '@longwire/test-support/deferred';
import { until } from '@longwire/test-support/until';
import { describe, expect, it } from 'vitest';
import {
  defineClientEndpoint,
  defineEndpoint,
  Endpoint,
  type EndpointClass,
  EndpointContainer,
  type EndpointDefinition,
  type MessageStream,
  OnMessage,
  ServerEndpoint,
  type Session,
} from '../../src/index.js';
import { serve } from '../serving.js';

/** What a client hears that says something to the endpoint. */
async function answerOf(endpoint: EndpointDefinition | EndpointClass, message: string | Uint8Array = 'x') {
  const serving = await serve([endpoint]);
  const client = await serving.connect('/x');
  client.send(message);
  const [answer] = await client.received(1);
  return answer;
}

class Plain {
  onText(message: string): string {
    return `plain ${message}`;
  }
}

class Overriding extends Plain {
  override onText(message: string): string {
    return `overriding ${super.onText(message)}`;
  }
}

/** The class is declared, the instance made. */
const plainAs = (make: () => object) =>
  defineEndpoint('/x', Plain, { configurator: { createInstance: make as () => Plain } });

const advised = () =>
  new Proxy(new Plain(), {
    get: (target, name) =>
      name === 'onText' ? () => `advised ${target.onText('by')}` : Reflect.get(target, name, target),
  });

describe('of a class without decorators, what createInstance gives is what handles', () => {
  it.each<[what: string, make: () => object, answer: string]>([
    ['a subclass', () => new Overriding(), 'overriding plain x'],
    ['an object like it', () => ({ onText: (message: string) => `double ${message}` }), 'double x'],
    ['a proxy', advised, 'advised plain by'],
    ['an object without a prototype', () => Object.assign(Object.create(null), { onText: () => 'bare' }), 'bare'],
  ])('%s', async (_what, make, answer) => {
    expect(await answerOf(plainAs(make))).toBe(answer);
  });

  it('also handlers that the class does not have, be it that messages come another way then', async () => {
    class InParts extends Plain {
      sum = 0;
      onBinaryPart(part: Buffer, isLast: boolean): string | undefined {
        this.sum += part.length;
        return isLast ? `${this.sum} bytes` : undefined;
      }
    }
    expect(
      await answerOf(
        plainAs(() => new InParts()),
        new Uint8Array(5),
      ),
    ).toBe('5 bytes');
  });

  it('also where it has a promise for it, and messages have come meanwhile', async () => {
    const [asked, may] = [deferred(), deferred()];
    class Streaming {
      async onTextStream(message: MessageStream<string>): Promise<string> {
        let all = '';
        for await (const part of message) all += part;
        return `streamed ${all}`;
      }
    }
    const createInstance = async () => {
      asked.resolve();
      await may.promise;
      return new Streaming();
    };
    const serving = await serve([defineEndpoint('/x', class {}, { configurator: { createInstance } })]);
    const client = await serving.connect('/x');
    await asked.promise;
    client.send('early');
    await client.settled();
    may.resolve();
    expect(await client.received(1)).toEqual(['streamed early']);
  });
});

describe('handlers that are fields', () => {
  it('are called, each on its own instance', async () => {
    class Counting {
      count = 0;
      onText = (): string => String(++this.count);
    }
    const serving = await serve([defineEndpoint('/x', Counting)]);
    const [first, second] = [await serving.connect('/x'), await serving.connect('/x')];
    for (const client of [first, first, second]) client.send('x');
    expect(await first.received(2)).toEqual(['1', '2']);
    expect(await second.received(1)).toEqual(['1']);
  });

  it('open sessions of an Endpoint, and hear their end and their errors', async () => {
    const heard: unknown[] = [];
    class Programmatic extends Endpoint {
      override onOpen = (session: Session): void => {
        session.addMessageHandler({}, () => {
          throw new Error('of the handler');
        });
      };
      override onError = (error: unknown): void => void heard.push((error as Error).message);
      override onClose = (): void => void heard.push('closed');
    }
    const serving = await serve([defineEndpoint('/x', Programmatic)]);
    const client = await serving.connect('/x');
    client.send('x');
    await until(() => heard.length === 1);
    await client.close();
    await until(() => heard.length === 2);
    expect(heard).toEqual(['of the handler', 'closed']);
    expect(serving.unhandled).toEqual([]);
  });

  it('serve a client endpoint', async () => {
    const got = deferred<string>();
    class Listening {
      onText = (text: string): void => got.resolve(text);
    }
    const serving = await serve([defineEndpoint('/x', { onOpen: (session) => session.send('hello') })]);
    const container = new EndpointContainer();
    const connection = await container.connect(defineClientEndpoint(Listening), serving.url('/x'));
    expect(await got.promise).toBe('hello');
    await connection.close();
  });
});

describe('of a class with decorators, the instance has the decorated methods', () => {
  let make: () => object = () => new Chat();
  @ServerEndpoint('/x', { configurator: { createInstance: () => make() } })
  class Chat {
    @OnMessage() text(message: string): string {
      return `chat ${message}`;
    }
    @OnMessage({ kind: 'binary' }) #secret(data: Buffer): string {
      return `${this.text('secret')} ${data.length}`;
    }
    isGenuine(): boolean {
      return #secret in this;
    }
  }

  it.each<[what: string, made: () => object, message: string | Uint8Array, answer: string]>([
    ['as they are', () => new Chat(), 'x', 'chat x'],
    [
      'of a subclass',
      () =>
        new (class extends Chat {
          override text() {
            return 'mocked';
          }
        })(),
      'x',
      'mocked',
    ],
    ['as its own fields', () => Object.assign(new Chat(), { text: () => 'field' }), 'x', 'field'],
    ['those that are private', () => Object.assign(new Chat(), { text: () => 'of' }), new Uint8Array(3), 'of 3'],
  ])('%s', async (_what, made, message, answer) => {
    make = made;
    expect(await answerOf(Chat, message)).toBe(answer);
  });

  it('and a proxy, which has no private methods, is refused where the class has one', async () => {
    make = () => new Proxy(new Chat(), {});
    const serving = await serve([Chat]);
    expect((await (await serving.connect('/x')).closed).code).toBe(1011);
    expect(serving.unhandled[0]!.error).toMatchObject({
      code: 'invalid_instance',
      message: 'endpoint Chat: the instance must have the handler "#secret" as a function, and has undefined',
    });
  });
});

describe('an instance that cannot serve ends its session with 1011 and is reported:', () => {
  it.each<[what: string, make: () => object, code: string, sentence: string]>([
    ['one without a handler of the class', () => ({}), 'invalid_instance', 'must have the handler "onText"'],
    ['one whose handler is no function', () => ({ onText: 'hello' }), 'invalid_instance', 'and has a string'],
    [
      'one with a further handler that is no function',
      () => ({ onText() {}, onBinary: null }),
      'invalid_instance',
      'handler "onBinary" as a function, and has null',
    ],
    [
      'one with two handlers for a message',
      () => ({ onText() {}, onTextPart() {} }),
      'duplicate_handler',
      'onTextPart',
    ],
    ['one for objects without decoders', () => ({ onText() {}, onObject() {} }), 'missing_decoder', 'decoders'],
  ])('%s', async (_what, make, code, sentence) => {
    const serving = await serve([plainAs(make)]);
    expect((await (await serving.connect('/x')).closed).code).toBe(1011);
    expect(serving.unhandled).toMatchObject([
      { error: { code, message: expect.stringContaining(sentence) }, context: { during: 'instance' } },
    ]);
  });

  it('handlers that were added before it was there and that it has as well', async () => {
    const [asked, may] = [deferred(), deferred()];
    class Late {
      onText(): void {}
    }
    const createInstance = async () => {
      asked.resolve();
      await may.promise;
      return Object.assign(new Late(), { onBinary() {} });
    };
    const serving = await serve([defineEndpoint('/x', Late, { configurator: { createInstance } })]);
    const client = await serving.connect('/x');
    await asked.promise;
    const [session] = serving.container.endpoints().get('/x')!.openSessions();
    session!.addMessageHandler({ kind: 'binary' }, () => {});
    may.resolve();
    expect((await client.closed).code).toBe(1011);
    expect(serving.unhandled).toMatchObject([{ error: { code: 'duplicate_handler' } }]);
  });
});

it('handlers that were added before the instance was there stay beside those it has', async () => {
  const [asked, may] = [deferred(), deferred()];
  const createInstance = async () => {
    asked.resolve();
    await may.promise;
    return new Overriding();
  };
  const serving = await serve([defineEndpoint('/x', Plain, { configurator: { createInstance } })]);
  const client = await serving.connect('/x');
  await asked.promise;
  const [session] = serving.container.endpoints().get('/x')!.openSessions();
  session!.addMessageHandler({ kind: 'binary' }, (data) => `added ${data.length}`);
  may.resolve();
  client.send('x');
  client.send(new Uint8Array(2));
  expect(await client.received(2)).toEqual(['overriding plain x', 'added 2']);
});

describe('a shared instance that was not made', () => {
  it.each<[what: string, first: () => unknown]>([
    ['but rejected', () => Promise.reject(new Error('not yet'))],
    ['but null in a promise', () => Promise.resolve(null)],
    ['but null', () => null],
    ['but a text', () => 'not yet'],
    ['as it must be', () => Promise.resolve({})],
    [
      'because it threw',
      () => {
        throw new Error('not yet');
      },
    ],
  ])('%s is made anew for the next session', async (_what, first) => {
    let made = 0;
    const createInstance = (() => (made++ === 0 ? first() : new Plain())) as () => Plain;
    const serving = await serve([
      defineEndpoint('/x', Plain, { instance: 'shared', configurator: { createInstance } }),
    ]);
    expect((await (await serving.connect('/x')).closed).code).toBe(1011);
    for (const client of [await serving.connect('/x'), await serving.connect('/x')]) {
      client.send('x');
      expect(await client.received(1)).toEqual(['plain x']);
    }
    expect(made).toBe(2);
    expect(serving.unhandled).toHaveLength(1);
  });
});
