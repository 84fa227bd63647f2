// From the socket to `connected`: the first command, its timeout, and refusals.

import { errorCatalogue } from '@longwire/protocol';
import { deferred } from '@longwire/test-support/deferred';
import { settled } from '@longwire/test-support/until';
import { describe, expect, it } from 'vitest';
import { LongwireError } from '../../src/errors.js';
import { countedTokens, startClient } from '../support/start-client.js';

describe('a connect that the server refuses without closing', () => {
  const rows = Object.entries(errorCatalogue).filter(([, { closeCode }]) => closeCode !== undefined);

  it.each(rows)(
    'with %s ends with the closeCode of its row in the catalogue',
    async (code, { retryable, closeCode }) => {
      const { platform, changes } = startClient();
      await settled();
      platform.socket.open();
      const re = platform.socket.last('connect')?.['id'];
      platform.socket.push({ re, type: 'error', code, message: 'no', retryable });
      await platform.clock.advance(2000);
      expect(platform.sockets[0]?.isTerminated).toBe(true);
      expect(changes.find(({ state }) => state === 'disconnected')).toMatchObject({ code: closeCode });
    },
  );
});

describe('a sign-in', () => {
  it('sends token, device and cursors in the first command', async () => {
    const positions = { 'user/bob': { epoch: 'k3', offset: 17 } };
    const { platform } = startClient({ device: 'phone-1', positions, url: 'http://host:1234' });
    const socket = await platform.signIn();
    expect(socket.url).toBe('ws://host:1234/v1/connect');
    expect(socket.sent[0]).toEqual({
      id: 1,
      type: 'connect',
      token: 'dev:alice',
      device: 'phone-1',
      cursors: positions,
      batch: true,
      client: { name: 'longwire-js', version: '0.1.0' },
    });
  });

  it('is reported by ready(), the connected event and client.session', async () => {
    const { platform, client } = startClient();
    const ready = client.ready();
    const received: unknown[] = [];
    client.on('connected', (session) => void received.push(session));
    await platform.signIn();
    expect((await ready).user).toBe('alice');
    expect(received).toEqual([client.session]);
    expect(await client.ready()).toBe(client.session);
  });

  it('that is refused is reported to error, and the close code decides what follows', async () => {
    const { platform, changes, errors } = startClient();
    await settled();
    platform.socket.open();
    platform.socket.push({ re: 1, type: 'error', code: 'unauthenticated', message: 'no such token', retryable: false });
    platform.socket.end(4100, 'bad token');
    expect(errors).toMatchObject([{ code: 'unauthenticated' }, { code: 'stopped', closeCode: 4100 }]);
    expect(changes.at(-1)).toMatchObject({ code: 4100, willReconnect: false });
  });

  it('that is refused without a close ends after 2 s as the error says', async () => {
    for (const [code, willReconnect] of [
      ['unauthenticated', false],
      ['token_expired', true],
      ['unavailable', true],
    ] as const) {
      const { platform, changes } = startClient();
      await settled();
      platform.socket.open();
      platform.socket.push({ re: 1, type: 'error', code, message: 'no', retryable: code === 'unavailable' });
      await platform.clock.advance(2000);
      expect(changes.findLast(({ state }) => state === 'disconnected')).toMatchObject({ willReconnect });
    }
  });

  it('is repeated when getToken rejects, except with a LongwireError that is not retryable', async () => {
    let asked = 0;
    const { platform, errors } = startClient({
      getToken: () => {
        asked += 1;
        if (asked === 1) throw new TypeError('fetch failed');
        return 'dev:alice';
      },
    });
    await settled();
    expect(errors).toMatchObject([{ code: 'token_failed', cause: { message: 'fetch failed' } }]);
    await platform.clock.advance(500);
    expect(platform.sockets).toHaveLength(1);

    const signedOut = startClient({
      getToken: () => Promise.reject(new LongwireError('unauthenticated', 'signed out')),
    });
    await settled();
    expect(signedOut.changes.at(-1)).toMatchObject({ state: 'disconnected', willReconnect: false });
    expect(signedOut.platform.sockets).toHaveLength(0);
  });

  it('gives getToken connectTimeoutMs, and ignores a later token', async () => {
    const signals: { readonly aborted: boolean }[] = [];
    const late = deferred<string>();
    const { platform, client, errors, changes } = startClient({
      connectTimeoutMs: 3000,
      getToken: ({ signal }) => {
        signals.push(signal);
        return signals.length > 1 ? 'second' : late.promise;
      },
    });
    await platform.clock.advance(2999);
    expect(client.state).toBe('connecting');
    await platform.clock.advance(1);
    expect(signals[0]?.aborted).toBe(true);
    expect(errors).toMatchObject([{ code: 'token_failed', retryable: true }]);
    expect(changes.at(-1)).toMatchObject({ state: 'disconnected', willReconnect: true });
    const socket = await platform.comeBack();
    late.resolve('first');
    expect(socket.last('connect')?.['token']).toBe('second');
    socket.end(1006);
    expect((await platform.comeBack()).last('connect')?.['token']).toBe('second');
    expect(signals[1]?.aborted).toBe(false);
  });

  it('has connectTimeoutMs in total, from the call of getToken', async () => {
    const token = deferred<string>();
    const { platform, changes } = startClient({
      connectTimeoutMs: 3000,
      getToken: () => token.promise,
    });
    await platform.clock.advance(2000);
    token.resolve('dev:alice');
    await platform.clock.advance(0);
    expect(platform.sockets).toHaveLength(1);
    await platform.clock.advance(1000);
    expect(platform.socket.isTerminated).toBe(true);
    expect(changes.find(({ state }) => state === 'disconnected')).toMatchObject({ code: 1006, willReconnect: true });
  });

  it('continues without a device store that does not answer', async () => {
    const deviceStore = { load: () => new Promise<never>(() => undefined), save: () => 'never' };
    const { platform, client, errors } = startClient({ device: undefined, deviceStore, connectTimeoutMs: 3000 });
    await platform.clock.advance(3000);
    expect(errors).toMatchObject([{ code: 'device_store_failed' }, { code: 'connection_failed' }]);
    const socket = await platform.comeBack();
    expect(client.state).toBe('connected');
    expect(socket.last('connect')?.['device']).toMatch(/^[\w-]{22}$/);
    expect(errors).toHaveLength(2);
  });

  it('with a refused token of an earlier connection is repeated once with a new token', async () => {
    const { platform, changes, errors } = startClient({ getToken: countedTokens('t') });
    (await platform.signIn()).end(1006);
    const pass = async () => {
      const before = platform.sockets.length;
      while (platform.sockets.length === before) await platform.clock.advance(platform.clock.nextInMs ?? 0);
      platform.socket.open();
      const connect = platform.socket.last('connect');
      platform.socket.push({
        re: connect?.['id'],
        type: 'error',
        code: 'unauthenticated',
        message: 'no',
        retryable: false,
      });
      platform.socket.end(4100, 'bad token');
      return connect?.['token'];
    };
    expect(await pass()).toBe('t1');
    expect(changes.at(-1)).toMatchObject({ state: 'disconnected', code: 4100, willReconnect: true });
    expect(await pass()).toBe('t2');
    expect(changes.at(-1)).toMatchObject({ state: 'disconnected', code: 4100, willReconnect: false });
    expect(errors.map(({ code }) => code)).toEqual(['unauthenticated', 'unauthenticated', 'stopped']);
  });

  it('sends no token without getToken, for a cookie', async () => {
    const { platform } = startClient({ getToken: undefined });
    const socket = await platform.signIn();
    expect(socket.sent[0]).not.toHaveProperty('token');
  });

  it('does not happen if the client is closed in the turn that made it', async () => {
    const { platform, client } = startClient();
    await client.close();
    await settled();
    expect(platform.sockets).toHaveLength(0);
    expect(client.state).toBe('closed');
  });
});
