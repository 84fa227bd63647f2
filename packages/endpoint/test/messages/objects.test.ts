// Objects in and out: which decoder and which encoder is asked, what becomes of their faults, in which order answers go.

import { deferred } from '@longwire/test-support/deferred';
import { until } from '@longwire/test-support/until';
import { describe, expect, it } from 'vitest';
import {
  type BinaryMessageDecoder,
  defineEndpoint,
  type Encoder,
  EndpointError,
  jsonDecoder,
  jsonEncoder,
  type Session,
  type StandardSchema,
  type TextMessageDecoder,
} from '../../src/index.js';
import { serve } from '../serving.js';

class Point {
  readonly x: number;
  constructor(x: number) {
    this.x = x;
  }
}

const pointDecoder: TextMessageDecoder<Point> = {
  willDecode: (message) => message.startsWith('point '),
  decode: (message) => new Point(Number(message.slice(6))),
};
const pointEncoder: Encoder<Point> = {
  willEncode: (value) => value instanceof Point,
  encode: (point) => `point ${point.x}`,
};
const byteDecoder: BinaryMessageDecoder<number> = { kind: 'binary', decode: (message) => message[0]! };

describe('decoders', () => {
  it('are asked in their order, each for messages of its kind; what none takes goes to the handler for whole messages', async () => {
    const endpoint = defineEndpoint('/x', {
      decoders: [byteDecoder, pointDecoder],
      onObject: (object) => `object ${typeof object === 'number' ? object : object.x}`,
      onText: (message) => `text ${message}`,
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    client.send('point 7');
    client.send('else');
    client.send(Buffer.from([9]));
    expect(await client.received(3)).toEqual(['object 7', 'text else', 'object 9']);
  });

  it('that take nothing leave a message to onError as decode_failed, with the message, when nobody else is there', async () => {
    const errors: EndpointError[] = [];
    const endpoint = defineEndpoint('/x', {
      decoders: [pointDecoder],
      onObject: (point) => String(point.x),
      onError: (error) => void errors.push(error as EndpointError),
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    client.send('else');
    client.send('point 1');
    expect(await client.received(1)).toEqual(['1']);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toBeInstanceOf(EndpointError);
    expect(errors[0]).toMatchObject({ code: 'decode_failed', received: 'else' });
  });

  it('may take their time; the order of messages stays', async () => {
    const first = deferred<string>();
    const endpoint = defineEndpoint('/x', {
      decoders: [{ decode: (message: string) => (message === 'slow' ? first.promise : message) }],
      onObject: (message) => `got ${message}`,
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    client.send('slow');
    client.send('fast');
    await client.settled();
    expect(client.messages).toEqual([]);
    first.resolve('slow after all');
    expect(await client.received(2)).toEqual(['got slow after all', 'got fast']);
  });

  it('of a class are made for each session, begin before onOpen and end after onClose', async () => {
    const log: string[] = [];
    let made = 0;
    class Counting implements TextMessageDecoder<string> {
      readonly number = made++;
      async init(session: Session): Promise<void> {
        await new Promise((resolve) => setImmediate(resolve));
        log.push(`init ${this.number} ${session.requestUri}`);
      }
      decode(message: string): string {
        return `${this.number}: ${message}`;
      }
      destroy(): void {
        log.push(`destroy ${this.number}`);
      }
    }
    const endpoint = defineEndpoint('/x', {
      decoders: [Counting],
      onOpen: () => void log.push('open'),
      onObject: (message) => message,
      onClose: () => void log.push('close'),
    });
    expect(made).toBe(1); // the one that was looked at when declared
    const serving = await serve([endpoint]);
    const first = await serving.connect('/x');
    first.send('a');
    expect(await first.received(1)).toEqual(['1: a']);
    const second = await serving.connect('/x');
    second.send('b');
    expect(await second.received(1)).toEqual(['2: b']);
    await first.close();
    await until(() => log.includes('destroy 1'));
    expect(log).toEqual(['init 1 /x', 'open', 'init 2 /x', 'open', 'close', 'destroy 1']);
  });
});

describe('encoders', () => {
  it('make messages of what handlers return and of what sendObject is given: the first one that takes it', async () => {
    const endpoint = defineEndpoint('/x', {
      encoders: [pointEncoder, { willEncode: (value) => value === 1, encode: () => new Uint8Array([1]) }, jsonEncoder],
      onText(message, session) {
        session.sendObject(new Point(1));
        session.sendObject(1);
        return message === 'later' ? Promise.resolve([2]) : { text: message };
      },
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    client.send('now');
    client.send('later');
    expect(await client.received(6)).toEqual([
      'point 1',
      Buffer.from([1]),
      '{"text":"now"}',
      'point 1',
      Buffer.from([1]),
      '[2]',
    ]);
  });

  it('of a class are made for each session', async () => {
    let made = 0;
    class Counting implements Encoder<Point> {
      readonly number = made++;
      willEncode(value: unknown): boolean {
        return value instanceof Point;
      }
      encode(point: Point): string {
        return `${this.number}: ${point.x}`;
      }
    }
    const endpoint = defineEndpoint('/x', { encoders: [Counting], onText: (message) => new Point(Number(message)) });
    const serving = await serve([endpoint]);
    for (const number of [1, 2]) {
      const client = await serving.connect('/x');
      for (const message of ['7', '8']) client.send(message);
      expect(await client.received(2)).toEqual([`${number}: 7`, `${number}: 8`]);
    }
  });

  it('that take nothing are encode_failed for sendObject and invalid_result for what a handler returned', async () => {
    const errors: EndpointError[] = [];
    const endpoint = defineEndpoint('/x', {
      encoders: [pointEncoder],
      onText(_message, session): Point {
        session.sendObject(new Date());
        return new Date() as never;
      },
      onError: (error) => void errors.push(error as EndpointError),
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    client.send('x');
    await until(() => errors.length === 2);
    expect(errors.map(({ code }) => code).sort()).toEqual(['encode_failed', 'invalid_result']);
    await client.settled();
  });

  it('that take their time keep the order of everything that is sent behind, to the close', async () => {
    const gate = deferred<string>();
    const order: string[] = [];
    const endpoint = defineEndpoint('/x', {
      encoders: [{ willEncode: (value): value is Point => value instanceof Point, encode: () => gate.promise }],
      onOpen(session) {
        session.send('before');
        session.sendObject(new Point(1));
        session.send('behind');
        void session.sendAsync('awaited').then(() => order.push('awaited'));
        const message = session.startMessage('text');
        void message.write('in ');
        void message.write('parts');
        void message.end().then(() => order.push('ended'));
        session.sendObject(new Point(2));
        session.close(3000, 'and out');
        expect(session.isOpen).toBe(false);
      },
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    expect(await client.received(1)).toEqual(['before']);
    await client.settled();
    expect(client.messages).toEqual(['before']);
    gate.resolve('the object');
    expect(await client.closed).toEqual({ code: 3000, reason: 'and out' });
    expect(client.messages).toEqual(['before', 'the object', 'behind', 'awaited', 'in parts', 'the object']);
    await until(() => order.length === 2);
    expect(order).toEqual(['awaited', 'ended']);
  });

  it('that never finish do not keep a session from closing', async () => {
    const errors: string[] = [];
    const endpoint = defineEndpoint('/x', {
      encoders: [{ willEncode: () => true, encode: () => new Promise<string>(() => {}) }],
      limits: { closeTimeoutMs: 100 },
      onOpen(session) {
        session.sendObject({});
        session.send('never sent');
        session.close(3000);
      },
      onError: (error) => void errors.push((error as EndpointError).code),
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    expect(await client.closed).toMatchObject({ code: 3000 });
    expect(client.messages).toEqual([]);
    await until(() => errors.length === 1);
    expect(errors).toEqual(['session_ended']);
  });
});

it('what waits behind an encoder that does not finish is bounded: the session ends with 1011 and frees it', async () => {
  const errors: string[] = [];
  const told = deferred<string>();
  const endpoint = defineEndpoint('/x', {
    encoders: [{ willEncode: () => true, encode: () => new Promise<string>(() => {}) }],
    limits: { maxBufferedBytes: 100_000 },
    onText(_message, session) {
      session.sendObject({});
      while (session.isOpen) session.send('x'.repeat(1_000));
      expect(session.bufferedBytes).toBeLessThan(110_000);
    },
    onError: (error) => void errors.push((error as EndpointError).code),
    onClose: (_session, reason) => told.resolve(reason.cause),
  });
  const serving = await serve([endpoint]);
  const client = await serving.connect('/x');
  client.send('x');
  expect(await client.closed).toMatchObject({ code: 1011 });
  expect(await told.promise).toBe('handler_failed');
  expect(errors[0]).toBe('encode_failed');
  expect(client.messages).toEqual([]);
});

describe('JSON', () => {
  interface Order {
    readonly symbol: string;
  }
  const isOrder = (value: unknown): value is Order => typeof (value as Order | null)?.symbol === 'string';
  const schema: StandardSchema<Order> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: async (value) =>
        isOrder(value) ? { value } : { issues: [{ message: 'expected text', path: ['order', { key: 'symbol' }] }] },
    },
  };

  it.each([
    ['a guard', isOrder, 'not what the check expects'],
    ['a schema', schema, 'order.symbol: expected text'],
  ])('is decoded and checked with %s', async (_what, check, why) => {
    const errors: EndpointError[] = [];
    const endpoint = defineEndpoint('/x', {
      decoders: [jsonDecoder<Order>(check as typeof isOrder)],
      encoders: [jsonEncoder],
      onObject: (order) => ({ accepted: order.symbol }),
      onError: (error) => void errors.push(error as EndpointError),
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    client.send('{"symbol":"LWR"}');
    client.send('{"symbol":7}');
    client.send('{"symbol":');
    client.send('{"symbol":"END"}');
    expect(await client.received(2)).toEqual(['{"accepted":"LWR"}', '{"accepted":"END"}']);
    expect(errors.map(({ code, received }) => [code, received])).toEqual([
      ['decode_failed', '{"symbol":7}'],
      ['decode_failed', '{"symbol":'],
    ]);
    expect(errors[0]!.message).toContain(why);
    expect(errors[1]!.cause).toBeInstanceOf(SyntaxError);
  });

  it('is not checked by what is neither', () => {
    expect(() => jsonDecoder('Order' as never)).toThrow(expect.objectContaining({ code: 'invalid_codec' }));
  });
});
