// Whatever a hook of a client endpoint throws, in whatever form: this one attempt or connection, one report, never the process.

import { until } from '@longwire/test-support/until';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type ClientConnection,
  type ClientEndpointObject,
  defineClientEndpoint,
  defineEndpoint,
  EndpointContainer,
  type Session,
  type UnhandledErrorContext,
} from '../../src/index.js';
import { type Serving, serve } from '../serving.js';
import { expectNoUnhandledRejection, faultOfAnswer, waysToFail } from '../ways-to-fail.js';

afterEach(expectNoUnhandledRejection());

const unhandled: { error: unknown; context: UnhandledErrorContext }[] = [];
const echoed: string[] = [];
let serving: Serving;
let container: EndpointContainer;
let healthy: ClientConnection;
let opened: Session[] = [];

beforeEach(async () => {
  opened = [];
  unhandled.length = 0;
  echoed.length = 0;
  serving = await serve([
    defineEndpoint('/echo', { onOpen: (session) => void opened.push(session), onText: (text) => text }),
  ]);
  container = new EndpointContainer({ onUnhandledError: (error, context) => void unhandled.push({ error, context }) });
  const endpoint = defineClientEndpoint({ onText: (text) => void echoed.push(text) });
  healthy = await container.connect(endpoint, serving.url('/echo'));
});
afterEach(async () => {
  healthy.session!.send('still here');
  await until(() => echoed.length === 1);
  await container.close({ withinMs: 200 });
});

const connect = (declared: ClientEndpointObject): Promise<ClientConnection> =>
  container.connect(defineClientEndpoint(declared), serving.url('/echo'));

describe('a fault in', () => {
  it.each(waysToFail)(
    'headers that $form with $what fails the attempt with connect_failed',
    async ({ fail, value }) => {
      await expect(connect({ headers: fail(value) })).rejects.toMatchObject({ code: 'connect_failed', cause: value });
      expect(unhandled).toEqual([]);
    },
  );

  it.each(waysToFail)('afterResponse that $form with $what fails the attempt', async ({ form, fail, value }) => {
    const cause = faultOfAnswer(form, value);
    await expect(connect({ afterResponse: fail(value) })).rejects.toMatchObject({ code: 'connect_failed', cause });
    await until(() => opened.filter((session) => session.isOpen).length === 1);
    expect(unhandled).toEqual([]);
  });

  it.each(waysToFail)('createInstance that $form with $what ends the session with 1011', async ({ fail, value }) => {
    class Visitor {}
    const endpoint = defineClientEndpoint(Visitor, { createInstance: fail(value) });
    const connection = await container.connect(endpoint, serving.url('/echo'));
    expect(await connection.closed).toMatchObject({ code: 1011, cause: 'handler_failed' });
    expect(unhandled.map(({ error, context }) => [error, context.during])).toEqual([[value, 'instance']]);
  });

  it.each(waysToFail)('shouldReconnect that $form with $what is a no', async ({ form, fail, value }) => {
    const connection = await connect({ reconnect: { shouldReconnect: fail(value) } });
    opened.at(-1)!.close(1013);
    expect(await connection.closed).toMatchObject({ code: 1013 });
    expect(unhandled.map(({ error, context }) => [error, context.during])).toEqual([
      [faultOfAnswer(form, value), 'reconnect'],
    ]);
  });
});

it('a hook that failed is asked again by a connection that comes back', async () => {
  let asked = 0;
  const connection = await connect({
    reconnect: { minDelayMs: 1 },
    async headers() {
      if (++asked < 3) throw new Error('no token yet');
      return {};
    },
  });
  expect([asked, connection.state]).toEqual([3, 'open']);
});
