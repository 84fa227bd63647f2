// Whatever a decoder, an encoder, a part or stream handler or the source of a message throws, in whatever form, reaches
// onError once, and leaves the process and other sessions alive.

import { until } from '@longwire/test-support/until';
import type { WebSocketClient } from '@longwire/test-support/websocket-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  defineEndpoint,
  type EndpointDefinition,
  EndpointError,
  type EndpointHandlers,
  jsonDecoder,
} from '../../src/index.js';
import { serve } from '../serving.js';
import { faultOfAnswer, waysToFail } from '../ways-to-fail.js';
import { type Place, places } from './faulty-places.js';

/** Enough of the values, for so many places: the odd ones now and later. */
const cases = waysToFail.filter(
  ({ form, what }) =>
    what === 'an Error' ||
    ((what === 'undefined' || what.startsWith('an object')) && (form === 'throws' || form === 'rejects later')),
);

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

function hasForm(place: Place, form: string): boolean {
  return place.isSynchronous !== true || form === 'throws';
}

function expectFault(error: unknown, { place, form, value }: { place: Place; form: string; value: unknown }): void {
  if (place.code === undefined) {
    expect(error).toBe(value);
    return;
  }
  const cause = place.mustAnswerAtOnce === true ? faultOfAnswer(form, value) : value;
  expect(error).toMatchObject({ name: 'EndpointError', code: place.code, cause });
}

const matrix = Object.entries(places).flatMap(([name, place]) =>
  cases.filter(({ form }) => hasForm(place, form)).map((given) => ({ name, place, ...given })),
);

/** The endpoint under test, one beside it, and a client of each. */
async function serveBoth(endpoint: EndpointDefinition) {
  const serving = await serve([endpoint, defineEndpoint('/healthy', { onText: (message) => message })]);
  return { serving, healthy: await serving.connect('/healthy'), client: await serving.connect('/x') };
}

async function expectHealthy(healthy: WebSocketClient): Promise<void> {
  healthy.send('still here');
  expect(await healthy.received(1)).toEqual(['still here']);
}

describe('a fault in', () => {
  it.each(matrix)('$name that $form with $what reaches onError once', async ({ place, form, fail, value }) => {
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
    expectFault(errors[0], { place, form, value });
    if (place.closes === undefined) await client.settled();
    else expect(await client.closed).toMatchObject({ code: place.closes });
    client.socket.close();
    await until(() => closes === 1);
    await expectHealthy(healthy);
    expect(errors).toHaveLength(1);
    expect(serving.unhandled).toEqual([]);
    await serving.container.close({ withinMs: 1_000 });
  });

  const nowAndLater = matrix.filter(
    ({ form, what }) => what === 'an Error' && (form === 'throws' || form === 'rejects later'),
  );

  it.each(nowAndLater)(
    '$name that $form reaches onError once in a concurrent endpoint',
    async ({ place, fail, value }) => {
      const errors: unknown[] = [];
      let closes = 0;
      const endpoint = defineEndpoint('/x', {
        ...place.declare(fail(value)),
        concurrent: true,
        onError: (error: unknown) => void errors.push(error),
        onClose: () => void closes++,
      } as EndpointHandlers);
      const { serving, healthy, client } = await serveBoth(endpoint);
      place.provoke(client);
      await until(() => errors.length > 0);
      client.socket.close();
      await until(() => closes === 1);
      await expectHealthy(healthy);
      expect(errors).toHaveLength(1);
      expect(serving.unhandled).toEqual([]);
    },
  );

  it.each(nowAndLater)('$name that $form is reported once, without onError', async ({ place, form, fail, value }) => {
    const endpoint = defineEndpoint('/x', place.declare(fail(value)) as EndpointHandlers);
    const { serving, healthy, client } = await serveBoth(endpoint);
    place.provoke(client);
    await until(() => serving.unhandled.length > 0);
    const { error } = serving.unhandled[0]!;
    expectFault(error, { place, form, value });
    client.socket.terminate();
    await expectHealthy(healthy);
    expect(serving.unhandled.filter((other) => other.error === error)).toHaveLength(1);
  });
});

it('a message that cannot be decoded ends a session without onError with 1011, as any fault does', async () => {
  const endpoint = defineEndpoint('/x', { decoders: [jsonDecoder()], onObject: () => 'taken' });
  const { serving, healthy, client } = await serveBoth(endpoint);
  client.send('{}');
  client.send('no JSON');
  expect(await client.closed).toMatchObject({ code: 1011 });
  expect(client.messages).toEqual(['taken']);
  expect(serving.unhandled).toMatchObject([{ error: { code: 'decode_failed' }, context: { during: 'text' } }]);
  await expectHealthy(healthy);
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
  expect((errors[0] as EndpointError).cause).toMatchObject({ code: 'invalid_message' });
});
