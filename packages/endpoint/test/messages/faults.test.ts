// Whatever a decoder, an encoder, a part or stream handler or the source of a message throws, in whatever form, reaches
// onError once, and leaves the process and other sessions alive.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  defineEndpoint,
  type EndpointDefinition,
  EndpointError,
  type EndpointHandlers,
  type EndpointOptions,
} from '../../src/index.js';
import { type Client, serve, until } from '../serving.js';
import { type Failing, waysToFail } from '../ways-to-fail.js';

/** Enough of the values, for so many places. */
const cases = waysToFail.filter(({ what }) => what !== 'null' && what !== 'a string');

let rejections: unknown[] = [];
const onRejection = (reason: unknown): void => void rejections.push(reason);
beforeEach(() => {
  rejections = [];
  process.on('unhandledRejection', onRejection);
});
afterEach(() => {
  process.off('unhandledRejection', onRejection);
  expect(rejections).toEqual([]);
});

interface Place {
  readonly declare: (fail: Failing) => EndpointHandlers & EndpointOptions;
  readonly provoke: (client: Client) => void;
  /** The error that onError gets; undefined: what was thrown, as it is. */
  readonly code?: 'DECODE_FAILED' | 'ENCODE_FAILED' | 'STREAM_FAILED';
  /** What the client sees: nothing, unless the session cannot go on. */
  readonly closes?: number;
  /** Only synchronous throws exist here. */
  readonly isSynchronous?: boolean;
}

const never = async function* (fail: Failing): AsyncGenerator<string> {
  yield fail();
};
const begun = async function* (fail: Failing): AsyncGenerator<string> {
  yield 'the beginning';
  yield await fail();
};
const sendText = (client: Client): void => client.send('x');
const fragment = (client: Client): void => client.socket.send('x', { fin: false });

const places: Record<string, Place> = {
  'a decoder': {
    declare: (fail) => ({ decoders: [{ decode: fail }], onObject: () => {} }),
    provoke: sendText,
    code: 'DECODE_FAILED',
  },
  "a decoder's willDecode": {
    declare: (fail) => ({ decoders: [{ willDecode: fail, decode: String }], onObject: () => {} }),
    provoke: sendText,
    code: 'DECODE_FAILED',
    isSynchronous: true,
  },
  'a handler for objects': {
    declare: (fail) => ({ decoders: [{ decode: (message: string) => message }], onObject: fail }),
    provoke: sendText,
  },
  'a handler for objects, after a decoder that took its time': {
    declare: (fail) => ({ decoders: [{ decode: (message: string) => Promise.resolve(message) }], onObject: fail }),
    provoke: sendText,
  },
  'the encoder of an answer': {
    declare: (fail) => ({ encoders: [{ willEncode: () => true, encode: fail }], onText: () => ({}) as never }),
    provoke: sendText,
    code: 'ENCODE_FAILED',
  },
  'the encoder of an answer that came later': {
    declare: (fail) => ({
      encoders: [{ willEncode: () => true, encode: fail }],
      onText: () => Promise.resolve({}) as never,
    }),
    provoke: sendText,
    code: 'ENCODE_FAILED',
  },
  "an encoder's willEncode": {
    declare: (fail) => ({ encoders: [{ willEncode: fail, encode: String }], onText: () => ({}) as never }),
    provoke: sendText,
    code: 'ENCODE_FAILED',
    isSynchronous: true,
  },
  'the encoder of what sendObject was given': {
    declare: (fail) => ({
      encoders: [{ willEncode: () => true, encode: fail }],
      onText: (_message, session) => session.sendObject({}),
    }),
    provoke: sendText,
    code: 'ENCODE_FAILED',
  },
  'a handler for parts of text': { declare: (fail) => ({ onTextPart: fail }), provoke: sendText },
  'a handler for parts of bytes': {
    declare: (fail) => ({ onBinaryPart: fail }),
    provoke: (client) => client.send(Buffer.from('x')),
  },
  'a handler for streams': { declare: (fail) => ({ onTextStream: fail }), provoke: sendText },
  'a handler for streams whose message goes on': { declare: (fail) => ({ onTextStream: fail }), provoke: fragment },
  'the loop over a stream': {
    declare: (fail) => ({
      async onBinaryStream(message) {
        for await (const _part of message) await fail();
      },
    }),
    provoke: (client) => client.socket.send(Buffer.from('x'), { fin: false }),
  },
  'a source that has given nothing, awaited': {
    declare: (fail) => ({ onText: (_message, session) => session.sendStream('text', never(fail)) }),
    provoke: sendText,
    code: 'STREAM_FAILED',
  },
  'a source that has given nothing, not awaited': {
    declare: (fail) => ({ onText: (_message, session) => void session.sendStream('text', never(fail)) }),
    provoke: sendText,
    code: 'STREAM_FAILED',
  },
  'a source in the middle of its message, awaited': {
    declare: (fail) => ({ onText: (_message, session) => session.sendStream('text', begun(fail)) }),
    provoke: sendText,
    code: 'STREAM_FAILED',
    closes: 1011,
  },
  'a source in the middle of its message, not awaited': {
    declare: (fail) => ({ onText: (_message, session) => void session.sendStream('text', begun(fail)) }),
    provoke: sendText,
    code: 'STREAM_FAILED',
    closes: 1011,
  },
  'a batch': { declare: (fail) => ({ onText: (_message, session) => session.batch(fail) }), provoke: sendText },
};

function hasForm(place: Place, form: string): boolean {
  return place.isSynchronous !== true || form === 'throws';
}

const matrix = Object.entries(places).flatMap(([name, place]) =>
  cases.filter(({ form }) => hasForm(place, form)).map((given) => ({ name, place, ...given })),
);

/** The endpoint under test, one beside it, and a client of each. */
async function serveBoth(endpoint: EndpointDefinition) {
  const serving = await serve([endpoint, defineEndpoint('/healthy', { onText: (message) => message })]);
  return { serving, healthy: await serving.connect('/healthy'), client: await serving.connect('/x') };
}

async function expectHealthy(healthy: Client): Promise<void> {
  healthy.send('still here');
  expect(await healthy.received(1)).toEqual(['still here']);
}

describe('a fault in', () => {
  it.each(matrix)('$name that $form with $what reaches onError once', async ({ place, fail, value }) => {
    const errors: unknown[] = [];
    let closes = 0;
    const endpoint = defineEndpoint('/x', {
      ...place.declare(fail(value)),
      onError: (error: unknown) => void errors.push(error),
      onClose: () => void closes++,
    } as EndpointHandlers);
    const { serving, healthy, client } = await serveBoth(endpoint);
    place.provoke(client);
    await until(() => errors.length > 0);
    if (place.code === undefined) expect(errors[0]).toBe(value);
    else expect(errors[0]).toMatchObject({ name: 'EndpointError', code: place.code, cause: value });
    if (place.closes === undefined) await client.settled();
    else expect(await client.closed).toMatchObject({ code: place.closes });
    client.socket.close();
    await until(() => closes === 1);
    await expectHealthy(healthy);
    expect(errors).toHaveLength(1);
    expect(serving.unhandled).toEqual([]);
    await serving.container.close({ withinMs: 1_000 });
  });

  it.each(matrix.filter(({ what }) => what === 'an Error'))(
    '$name that $form is reported once, without onError',
    async ({ place, fail, value }) => {
      const endpoint = defineEndpoint('/x', place.declare(fail(value)) as EndpointHandlers);
      const { serving, healthy, client } = await serveBoth(endpoint);
      place.provoke(client);
      await until(() => serving.unhandled.length > 0);
      const { error } = serving.unhandled[0]!;
      expect(error === value || (error as Error).cause === value).toBe(true);
      client.socket.terminate();
      await expectHealthy(healthy);
      expect(serving.unhandled.filter((other) => other.error === error)).toHaveLength(1);
    },
  );
});

describe('a fault in init', () => {
  it.each(cases)('that $form with $what reaches onError once and ends the session', async ({ fail, value }) => {
    const events: unknown[] = [];
    class Broken {
      init = fail(value);
      decode(message: string) {
        return message;
      }
    }
    const endpoint = defineEndpoint('/x', {
      decoders: [Broken],
      onOpen: () => void events.push('open'),
      onError: (error) => void events.push({ error }),
      onClose: () => void events.push('close'),
    });
    const { serving, healthy, client } = await serveBoth(endpoint);
    client.send('nobody hears it');
    expect(await client.closed).toMatchObject({ code: 1011 });
    await until(() => events.includes('close'));
    expect(events).toEqual([{ error: value }, 'close']);
    await expectHealthy(healthy);
    expect(serving.unhandled).toEqual([]);
  });

  it('also if a constructor throws, which it did not when the endpoint was declared', async () => {
    const errors: unknown[] = [];
    let made = 0;
    class Broken {
      constructor() {
        if (made++ > 0) throw new Error('no more');
      }
      willEncode(): boolean {
        return true;
      }
      encode(): string {
        return '';
      }
    }
    const endpoint = defineEndpoint('/x', { encoders: [Broken], onError: (error) => void errors.push(error) });
    const { client, healthy } = await serveBoth(endpoint);
    expect(await client.closed).toMatchObject({ code: 1011 });
    expect(errors).toEqual([new Error('no more')]);
    await expectHealthy(healthy);
  });
});

describe('a fault in destroy', () => {
  it.each(cases)('that $form with $what reaches onError once, after onClose', async ({ fail, value }) => {
    const events: unknown[] = [];
    class Broken {
      willEncode(): boolean {
        return false;
      }
      encode(): string {
        return '';
      }
      destroy = fail(value);
    }
    const endpoint = defineEndpoint('/x', {
      encoders: [Broken],
      onClose: () => void events.push('close'),
      onError: (error) => void events.push({ error }),
    });
    const { serving, healthy, client } = await serveBoth(endpoint);
    await client.close();
    await until(() => events.length === 2);
    expect(events).toEqual(['close', { error: value }]);
    await expectHealthy(healthy);
    expect(serving.unhandled).toEqual([]);
    await serving.container.close({ withinMs: 1_000 });
  });
});

it('a part that is none ends a stream as a failing source does', async () => {
  const errors: unknown[] = [];
  const endpoint = defineEndpoint('/x', {
    onText: (message, session) => session.sendStream('text', ['a', 7 as never, message]),
    onError: (error) => void errors.push(error),
  });
  const { client } = await serveBoth(endpoint);
  client.send('x');
  expect(await client.closed).toMatchObject({ code: 1011 });
  expect(errors).toEqual([expect.any(EndpointError)]);
  expect((errors[0] as EndpointError).cause).toMatchObject({ code: 'INVALID_MESSAGE' });
});
