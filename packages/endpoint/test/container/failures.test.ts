// Whatever a handler or constructor throws, in whatever form: one report, at most one session, never the process.

import { deferred } from '@longwire/test-support/deferred';
import { until } from '@longwire/test-support/until';
import { afterEach, describe, expect, it } from 'vitest';
import { defineEndpoint, EndpointContainer, type EndpointHandlers, type EndpointOptions } from '../../src/index.js';
import { serve } from '../serving.js';
import { waysToFail as cases, expectNoUnhandledRejection } from '../ways-to-fail.js';

afterEach(expectNoUnhandledRejection());

/** What makes the hook of a session run, from the client's side. */
const triggers = {
  onOpen: () => {},
  onText: (client: Client) => client.send('x'),
  onBinary: (client: Client) => client.send(Buffer.from('x')),
  onPong: (client: Client) => client.socket.pong(),
  onDrain: (client: Client) => client.send('much'),
  onClose: (client: Client) => client.socket.close(3000),
} satisfies Partial<Record<keyof EndpointHandlers, (client: Client) => void>>;

/** What else an endpoint needs, so that its hook runs. */
const conditions: { readonly [Name in Hook]?: EndpointHandlers & EndpointOptions } = {
  onDrain: {
    limits: { drainBytes: 1_000 },
    // In one go, so that it is above before the operating system has taken anything.
    onText: (_message, session) => session.send('x'.repeat(100_000)),
  },
};

type Client = Awaited<ReturnType<Awaited<ReturnType<typeof serve>>['connect']>>;
type Hook = keyof typeof triggers;

describe.each(Object.keys(triggers) as Hook[])('a fault in %s', (hook) => {
  it.each(cases)('that $form with $what reaches onError once and leaves the others alone', async ({ fail, value }) => {
    const errors: unknown[] = [];
    let closes = 0;
    const endpoint = defineEndpoint('/x', {
      onClose: () => void closes++,
      ...conditions[hook],
      [hook]: fail(value),
      onError: (error: unknown) => void errors.push(error),
    });
    const serving = await serve([endpoint, defineEndpoint('/healthy', { onText: (message) => message })]);
    const healthy = await serving.connect('/healthy');
    const client = await serving.connect('/x');
    triggers[hook](client);
    await until(() => errors.length === 1);
    expect(errors[0]).toBe(value);
    if (hook === 'onOpen') {
      expect(await client.closed).toMatchObject({ code: 1011 });
    } else if (hook !== 'onClose') {
      await client.settled(); // the session is still open
      await client.close();
    }
    await until(() => serving.container.endpoints().get('/x')!.openSessions().length === 0);
    if (hook !== 'onClose') await until(() => closes === 1);
    healthy.send('still here');
    expect(await healthy.received(1)).toEqual(['still here']);
    expect(errors).toHaveLength(1);
    expect(serving.unhandled).toEqual([]);
    await serving.container.close({ withinMs: 1_000 });
  });

  it.each(cases)('that $form with $what ends the session and is reported, without onError', async ({ fail, value }) => {
    const serving = await serve([defineEndpoint('/x', { ...conditions[hook], [hook]: fail(value) })]);
    const client = await serving.connect('/x');
    triggers[hook](client);
    expect(await client.closed).toMatchObject({ code: hook === 'onClose' ? 3000 : 1011 });
    await until(() => serving.unhandled.length === 1);
    expect(serving.unhandled[0]!.error).toBe(value);
    expect(serving.unhandled[0]!.context).toMatchObject({ during: hook.slice(2).toLowerCase(), endpoint: '/x' });
  });
});

describe('a fault in onError', () => {
  it.each(cases)(
    'that $form with $what ends the session and goes to the container, not to onError again',
    async (given) => {
      let calls = 0;
      const fail = given.fail(given.value);
      const endpoint = defineEndpoint('/x', {
        onText() {
          throw new Error('first');
        },
        onError() {
          calls++;
          return fail();
        },
      });
      const serving = await serve([endpoint]);
      const client = await serving.connect('/x');
      client.send('x');
      client.send('y');
      expect(await client.closed).toMatchObject({ code: 1011 });
      expect(calls).toBe(1);
      expect(serving.unhandled.map(({ error, context }) => [error, context.during])).toEqual([[given.value, 'error']]);
    },
  );
});

describe('a fault in making the instance', () => {
  it('that the constructor throws ends the session with 1011 and is reported', async () => {
    class Broken {
      constructor() {
        throw new Error('no instance');
      }
      onError(): void {
        throw new Error('there is no instance to call this on');
      }
      onClose(): void {
        throw new Error('nor this');
      }
    }
    const serving = await serve([defineEndpoint('/x', Broken)]);
    const client = await serving.connect('/x');
    client.send('x');
    expect(await client.closed).toMatchObject({ code: 1011 });
    await serving.container.close({ withinMs: 1_000 });
    expect(serving.unhandled.map(({ error, context }) => [(error as Error).message, context.during])).toEqual([
      ['no instance', 'instance'],
    ]);
  });

  it.each(cases)('createInstance that $form with $what does the same', async ({ fail, value }) => {
    class Chat {}
    const serving = await serve([defineEndpoint('/x', Chat, { configurator: { createInstance: fail(value) } })]);
    const client = await serving.connect('/x');
    expect(await client.closed).toMatchObject({ code: 1011 });
    await serving.container.close({ withinMs: 1_000 });
    expect(serving.unhandled.map(({ error, context }) => [error, context.during])).toEqual([[value, 'instance']]);
  });

  it('a createInstance that gives no object is reported as invalid_instance', async () => {
    class Chat {}
    const createInstance = (() => 'a string') as unknown as () => Chat;
    const serving = await serve([defineEndpoint('/x', Chat, { configurator: { createInstance } })]);
    const client = await serving.connect('/x');
    expect(await client.closed).toMatchObject({ code: 1011 });
    expect(serving.unhandled[0]!.error).toMatchObject({ code: 'invalid_instance' });
  });

  it('that comes after the client has gone is reported, and the session is over', async () => {
    const gone = deferred();
    class Chat {}
    const createInstance = async (): Promise<Chat> => {
      await gone.promise;
      throw new Error('too late');
    };
    const serving = await serve([defineEndpoint('/x', Chat, { configurator: { createInstance } })]);
    const client = await serving.connect('/x');
    await client.close();
    await until(() => serving.container.endpoints().get('/x')!.openSessions().length === 0);
    gone.resolve();
    await until(() => serving.unhandled.length === 1);
    await serving.container.close({ withinMs: 1_000 });
  });
});

it('without onUnhandledError, a fault of the program becomes a process warning', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => {
    // Node may warn of something else meanwhile.
    if (warning.message.includes('no listener')) warnings.push(warning);
  };
  process.on('warning', onWarning);
  const serving = await serve([defineEndpoint('/other', {})]);
  const silent = new EndpointContainer();
  silent.add(defineEndpoint('/x', { onText: () => Promise.reject(new Error('no listener')) }));
  silent.attach(serving.server);
  const client = await serving.connect('/x');
  client.send('x');
  expect(await client.closed).toMatchObject({ code: 1011 });
  await until(() => warnings.length === 1);
  process.off('warning', onWarning);
  expect(warnings[0]!.message).toMatch(/unhandled error during text of endpoint \/x: Error: no listener/);
  await silent.close();
});

it('an onUnhandledError that fails becomes a process warning as well', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => {
    if (warning.message.startsWith('onUnhandledError')) warnings.push(warning);
  };
  process.on('warning', onWarning);
  const serving = await serve([]);
  const ways = cases.filter(({ what }) => what === 'an Error');
  for (const [index, { fail, value }] of ways.entries()) {
    const container = new EndpointContainer({ onUnhandledError: fail(value) });
    container.add(defineEndpoint(`/${index}`, { onText: () => Promise.reject(null) }));
    container.attach(serving.server);
    const client = await serving.connect(`/${index}`);
    client.send('x');
    expect(await client.closed).toMatchObject({ code: 1011 });
    await until(() => warnings.length === index + 1);
    await container.close();
  }
  process.off('warning', onWarning);
  for (const { message } of warnings) expect(message).toMatch(/^onUnhandledError itself failed: Error: broken/);
});

it.each([
  ['a number', 7],
  ['an object', { a: 1 }],
  ['true', true],
])('a message handler that returns %s is an invalid_result for onError', async (_what, result) => {
  const errors: unknown[] = [];
  const endpoint = defineEndpoint('/x', {
    onText: () => result as unknown as string,
    onError: (error) => void errors.push(error),
  });
  const serving = await serve([endpoint]);
  const client = await serving.connect('/x');
  client.send('x');
  await until(() => errors.length === 1);
  expect(errors[0]).toMatchObject({ code: 'invalid_result' });
  await client.settled();
});

it('null and undefined, now or later, send nothing', async () => {
  const results = [null, undefined, Promise.resolve(null), Promise.resolve(undefined), 'last'];
  const endpoint = defineEndpoint('/x', { onText: (message) => results[Number(message)] as string });
  const serving = await serve([endpoint]);
  const client = await serving.connect('/x');
  for (const index of results.keys()) client.send(String(index));
  expect(await client.received(1)).toEqual(['last']);
  expect(serving.unhandled).toEqual([]);
});
