// Rejections that the app does not look at: each reaches the `error` event, and none is an unhandled rejection.

import { settled } from '@longwire/test-support/until';
import { describe, expect, it } from 'vitest';
import type { LongwireClient } from '../../src/client.js';
import { connectOn } from '../../src/connect-on.js';
import { startClient } from '../support/start-client.js';
import { TestPlatform } from '../support/test-platform.js';

const tooLarge = 'x'.repeat(70_000);

describe('the error event', () => {
  it('reports too_large of a send that nothing awaits', async () => {
    const { platform, client, errors } = startClient();
    await platform.signIn();
    void client.user('bob').send(tooLarge, { key: 'k1' });
    await platform.clock.advance(0);
    expect(errors).toMatchObject([{ code: 'too_large', key: 'k1', perhapsStored: false }]);
  });

  it('reports invalid_field of a send that nothing awaits, found here or by the server', async () => {
    const { platform, client, errors } = startClient();
    const socket = await platform.signIn();
    void client.user('bob').send(Number.NaN);
    void client.channel('group/eng').send('x');
    const id = socket.last('send')?.['id'];
    socket.push({ re: id, type: 'error', code: 'invalid_field', message: 'to: expected user/<id>', retryable: false });
    await platform.clock.advance(0);
    expect(errors.map(({ code }) => code)).toEqual(['invalid_field', 'invalid_field']);
  });

  it('reports closed for each send that is pending at close() and that nothing awaits', async () => {
    const { platform, client, errors } = startClient();
    const socket = await platform.signIn();
    void client.user('bob').send('attempted', { key: 'k1' });
    socket.end();
    void client.user('bob').send('waiting', { key: 'k2' });
    await client.close();
    void client.user('bob').send('later');
    await platform.clock.advance(0);
    expect(errors).toMatchObject([
      { code: 'closed', key: 'k1', perhapsStored: true },
      { code: 'closed', key: 'k2', perhapsStored: false },
      { code: 'closed' },
    ]);
  });

  it('reports the failure of read, history, channels and ready that nothing awaits', async () => {
    const { platform, client, errors } = startClient();
    void client.user('bob').read({ epoch: 'k3', offset: -1 });
    void client.user('bob').history();
    void client.channels();
    void client.ready();
    await client.close();
    await platform.clock.advance(0);
    expect(errors.map(({ code }) => code)).toEqual(['invalid_field', 'closed', 'closed', 'closed']);
  });

  it.each<[how: string, handle: (promise: Promise<unknown>) => unknown]>([
    ['await', async (promise) => await promise],
    ['then', (promise) => promise.then(undefined, () => undefined)],
    ['catch', (promise) => promise.catch(() => undefined)],
    ['finally', (promise) => promise.finally(() => undefined).catch(() => undefined)],
    ['Promise.all', (promise) => Promise.all([promise])],
    ['an async function that returns it', async (promise) => promise],
  ])('is silent about a rejection that is handled with %s', async (_, handle) => {
    const { platform, client, errors } = startClient();
    await platform.signIn();
    const outcomes = [client.user('bob').send(tooLarge), client.user('bob').send('x', { key: 'k' })].map((promise) =>
      Promise.resolve(handle(promise)).catch((error: unknown) => error),
    );
    const closed = client.close();
    platform.socket.end(1000);
    await closed;
    await Promise.all(outcomes);
    await platform.clock.advance(0);
    expect(errors).toEqual([]);
  });

  it('without listener, the platform reports the error', async () => {
    const platform = new TestPlatform();
    const client: LongwireClient = connectOn(platform, { url: 'ws://test', device: 'd' });
    await platform.signIn();
    void client.user('bob').send(tooLarge);
    await platform.clock.advance(0);
    expect(platform.uncaught).toMatchObject([{ code: 'too_large' }]);
  });
});

it('a reported rejection is not an unhandledRejection, and then() returns an ordinary promise', async () => {
  const unhandled: unknown[] = [];
  const listener = (error: unknown) => unhandled.push(error);
  process.on('unhandledRejection', listener);
  try {
    const { platform, client } = startClient();
    await platform.signIn();
    const sent = client.user('bob').send(tooLarge);
    await settled();
    await platform.clock.advance(0);
    await settled();
    expect(unhandled).toEqual([]);
    expect(sent).toBeInstanceOf(Promise);
    expect(sent.catch(() => undefined).constructor).toBe(Promise);
  } finally {
    process.off('unhandledRejection', listener);
  }
});
