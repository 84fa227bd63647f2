// Handlers that do not settle: what is said of them, and that neither the peer's close nor onClose waits for them.
import { deferred } from '@longwire/test-support/deferred';
import { until } from '@longwire/test-support/until';
import { describe, expect, it } from 'vitest';
import {
  type CloseReason,
  type ContainerWarning,
  defineEndpoint,
  type EndpointHandlers,
  type EndpointOptions,
  type TextMessageDecoder,
} from '../../src/index.js';
import { serve } from '../serving.js';

const never = (): Promise<never> => new Promise(() => {});

describe('a handler that has not settled for handlerWarningMs', () => {
  it.each<[handler: string, handlers: EndpointHandlers]>([
    ['onOpen', { onOpen: never }],
    ['onText', { onText: never }],
    ['onTextStream', { onTextStream: never }],
    ['onPong', { onPong: never }],
  ])('is a warning that names the endpoint and %s, once for all sessions', async (handler, handlers) => {
    const warnings: ContainerWarning[] = [];
    const endpoint = defineEndpoint('/x', { ...handlers, handlerWarningMs: 1 });
    const serving = await serve([endpoint], { onWarning: (warning) => void warnings.push(warning) });
    for (let index = 0; index < 2; index++) {
      const client = await serving.connect('/x');
      client.send('hello');
      client.socket.pong();
    }
    await until(() => warnings.length > 0);
    expect(warnings).toEqual([
      {
        kind: 'handler_pending',
        endpoint: '/x',
        message: `endpoint /x: ${handler} has not settled for 0.001 s, and everything else of its session waits for it; if it may take so long, give the endpoint another handlerWarningMs`,
      },
    ]);
  });

  it('is a warning for each pending one of a concurrent endpoint that has another name', async () => {
    const warnings: ContainerWarning[] = [];
    const options = { concurrent: true, handlerWarningMs: 1 };
    const endpoint = defineEndpoint('/x', { onText: never, onBinary: never, ...options });
    const serving = await serve([endpoint], { onWarning: (warning) => void warnings.push(warning) });
    const client = await serving.connect('/x');
    client.send('a');
    client.send('b');
    client.send(Buffer.from('c'));
    await until(() => warnings.length === 2);
    expect(warnings.map(({ message }) => message.slice(0, 60))).toEqual([
      'endpoint /x: onText has not settled for 0.001 s; if it may t',
      'endpoint /x: onBinary has not settled for 0.001 s; if it may',
    ]);
  });

  it('is none with 0', async () => {
    const warnings: ContainerWarning[] = [];
    const limits = { closeTimeoutMs: 1 };
    const endpoint = defineEndpoint('/x', { onText: never, handlerWarningMs: 0, limits });
    const serving = await serve([endpoint], { onWarning: (warning) => void warnings.push(warning) });
    const client = await serving.connect('/x');
    for (let index = 0; index < 40; index++) client.send('x');
    // The session has been judged when this is answered, for reading on is what that leads to.
    await client.close();
    expect(warnings).toEqual([]);
  });

  it.each([-1, 1.5, '30s', 2 ** 31])('throws invalid_option for handlerWarningMs: %s', (handlerWarningMs) => {
    expect(() => defineEndpoint('/x', { handlerWarningMs } as EndpointOptions)).toThrow(
      expect.objectContaining({ code: 'invalid_option', message: expect.stringContaining('handlerWarningMs') }),
    );
  });
});

describe('the close of a peer whose messages wait for a handler that never settles', () => {
  it.each([1, 40, 200])('is answered when %s messages were sent before it', async (count) => {
    const endpoint = defineEndpoint('/x', { onText: never, limits: { closeTimeoutMs: 500 } });
    const client = await (await serve([endpoint])).connect('/x');
    for (let index = 0; index < count; index++) client.send(`message ${index}`);
    expect((await client.close(1000)).code).toBe(1000);
  });

  it('is not read behind more than 64 KiB or 256 messages, so that memory stays bounded', async () => {
    const endpoint = defineEndpoint('/x', { onText: never, limits: { closeTimeoutMs: 5, heartbeatMs: 0 } });
    const serving = await serve([endpoint]);
    for (const [count, length] of [
      [20, 8_192],
      [300, 1],
    ] as const) {
      const client = await serving.connect('/x');
      for (let index = 0; index < count; index++) client.send('x'.repeat(length));
      expect(await client.isRead(300)).toBe(false);
    }
  });
});

describe('onClose of a session with a handler that never settles', () => {
  /** What happened in the endpoint, in order. */
  async function openAndStick(handlers: EndpointHandlers, options: EndpointOptions = {}) {
    const log: string[] = [];
    const endpoint = defineEndpoint('/x', {
      ...handlers,
      ...options,
      onClose: (_session, { code }: CloseReason) => void log.push(`close ${code}`),
      onError: (error) => void log.push(`error ${String(error)}`),
    } as EndpointHandlers);
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    client.send('hello');
    await client.settled();
    return { log, serving, client };
  }

  it.each<[what: string, handlers: EndpointHandlers, options: EndpointOptions]>([
    ['onText', { onText: never }, {}],
    ['onText of a concurrent endpoint', { onText: never }, { concurrent: true }],
    ['onOpen', { onOpen: never }, {}],
  ])('runs closeTimeoutMs after the peer has closed: %s', async (_what, handlers, options) => {
    const { log, client } = await openAndStick(handlers, { ...options, limits: { closeTimeoutMs: 20 } });
    await client.close(3000);
    await until(() => log.length > 0);
    expect(log).toEqual(['close 3000']);
  });

  it('runs before container.close() resolves', async () => {
    const { log, serving } = await openAndStick({ onText: never });
    await serving.container.close({ withinMs: 50 });
    expect(log).toEqual(['close 1001']);
  });

  it('waits for a handler that settles within closeTimeoutMs', async () => {
    const gate = deferred();
    const { log, client } = await openAndStick(
      { onText: () => gate.promise.then(() => void log.push('settled')) },
      { limits: { closeTimeoutMs: 300_000 } },
    );
    await client.close(3000);
    expect(log).toEqual([]);
    gate.resolve();
    await until(() => log.length === 2);
    expect(log).toEqual(['settled', 'close 3000']);
  });

  it('is called once; what the handler returns later is not sent, what it throws is reported to onUnhandledError', async () => {
    const [result, failure] = [deferred<string>(), deferred<string>()];
    const limits = { closeTimeoutMs: 20 };
    const handlers = { onText: (text: string) => (text === 'hello' ? result.promise : failure.promise) };
    const { log, serving, client } = await openAndStick(handlers, { concurrent: true, limits });
    client.send('another');
    await client.settled();
    await client.close(3000);
    await until(() => log.length > 0);
    result.resolve('late');
    failure.reject(new Error('late'));
    await until(() => serving.unhandled.length > 0);
    expect(log).toEqual(['close 3000']);
    expect(serving.unhandled).toMatchObject([{ error: { message: 'late' }, context: { during: 'text' } }]);
  });

  it('is not called if onOpen never was, because the init of a decoder never settles', async () => {
    class Stuck implements TextMessageDecoder {
      readonly kind = 'text';
      init = never;
      decode = String;
    }
    const log: string[] = [];
    const endpoint = defineEndpoint('/x', {
      decoders: [Stuck],
      limits: { closeTimeoutMs: 20 },
      onOpen: () => void log.push('open'),
      onObject: () => {},
      onClose: () => void log.push('close'),
    });
    const serving = await serve([endpoint]);
    const client = await serving.connect('/x');
    await client.close();
    await serving.container.close({ withinMs: 60_000 });
    expect(log).toEqual([]);
  });
});
