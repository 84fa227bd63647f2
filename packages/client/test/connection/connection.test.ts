// The life of the connection: what each close code does, when the client comes back, what the app is told.

import { closeCodes } from '@longwire/protocol';
import { settled } from '@longwire/test-support/until';
import { describe, expect, it } from 'vitest';
import { LongwireError } from '../../src/errors.js';
import { countedTokens, startClient } from '../support/start-client.js';

function openPromise(): { readonly promise: Promise<string>; resolve(text: string): void } {
  let resolve: (text: string) => void = () => undefined;
  const promise = new Promise<string>((keep) => {
    resolve = keep;
  });
  return { promise, resolve };
}

describe('after a close by the server', () => {
  for (const { code, name, reconnect } of closeCodes) {
    if (reconnect === 'no') {
      it(`${code} ${name} stops the client, tells the app and rejects what waits`, async () => {
        const { platform, client, changes, errors } = startClient();
        const socket = await platform.signIn();
        const attempted = client.user('bob').send('x', { key: 'k1' });
        socket.end(code, 'no more');
        await expect(attempted).rejects.toMatchObject({ code: 'stopped', closeCode: code, retryable: true, key: 'k1' });
        expect(changes.at(-1)).toMatchObject({ state: 'disconnected', code, willReconnect: false });
        expect(errors).toMatchObject([{ code: 'stopped', closeCode: code }]);
        await expect(client.user('bob').send('y')).rejects.toMatchObject({ code: 'stopped' });
        await expect(client.ready()).rejects.toMatchObject({ code: 'stopped' });
        await platform.clock.advance(0);
        expect(platform.clock.timers).toBe(0);
        expect(platform.isWatched).toBe(false);
      });
    } else {
      it(`${code} ${name} lets the client come back${reconnect === 'after-token' ? ' with a new token' : ''}`, async () => {
        const { platform, changes, errors } = startClient({ getToken: countedTokens('t') });
        const socket = await platform.signIn();
        socket.end(code);
        expect(changes.at(-1)).toMatchObject({ state: 'disconnected', code, willReconnect: true });
        const again = await platform.comeBack();
        expect(changes.at(-1)).toMatchObject({ state: 'connected', previous: 'connecting' });
        expect(again.last('connect')?.['token']).toBe(reconnect === 'after-token' ? 't2' : 't1');
        expect(errors).toEqual([]);
      });
    }
  }

  it('1005 and codes that nobody knows let it come back, except 41xx', async () => {
    for (const [code, willReconnect] of [
      [1005, true],
      [3000, true],
      [4042, true],
      [4150, false],
      [4900, true],
    ] as const) {
      const { platform, changes } = startClient();
      (await platform.signIn()).end(code);
      expect(changes.at(-1)).toMatchObject({ state: 'disconnected', code, willReconnect });
    }
  });

  it('reconnect() tries again after a stop, with a new token', async () => {
    const { platform, client } = startClient({ getToken: countedTokens('t') });
    (await platform.signIn()).end(4101, 'replaced');
    client.reconnect();
    const again = await platform.signIn();
    expect(again.last('connect')?.['token']).toBe('t2');
    expect(client.state).toBe('connected');
  });
});

describe('coming back', () => {
  it('waits with full jitter: between 0 and a bound that doubles up to its maximum', async () => {
    const { platform, changes } = startClient({ reconnectBaseMs: 500, reconnectMaxMs: 4000 });
    for (const boundMs of [500, 1000, 2000, 4000, 4000, 4000]) {
      await settled();
      platform.socket.end(1006);
      const { retryInMs = Number.NaN } = changes.at(-1) ?? {};
      expect(retryInMs).toBeGreaterThanOrEqual(0);
      expect(retryInMs).toBeLessThan(boundMs);
      await platform.clock.advance(retryInMs);
    }
  });

  it('begins again with short waits only after a connection that lasted', async () => {
    const { platform, changes } = startClient({ reconnectBaseMs: 1000, reconnectMaxMs: 1_000_000 });
    platform.fillRandom = (bytes) => void bytes.fill(255);
    (await platform.signIn()).end(1006);
    expect(changes.at(-1)?.retryInMs).toBeCloseTo(1000, 3);
    (await platform.comeBack()).end(1006);
    expect(changes.at(-1)?.retryInMs).toBeCloseTo(2000, 3);
    const socket = await platform.comeBack();
    await platform.clock.advance(5000);
    socket.end(1006);
    expect(changes.at(-1)?.retryInMs).toBeCloseTo(1000, 3);
  });

  it('is never earlier than the goodbye asked for, not even when the network comes back', async () => {
    const { platform, changes } = startClient();
    const socket = await platform.signIn();
    socket.push({ type: 'goodbye', code: 4001, reason: 'restart', reconnect: true, afterMs: 7000 });
    socket.end(4001, 'restart');
    expect(changes.at(-1)?.retryInMs).toBeGreaterThanOrEqual(7000);
    expect(changes.at(-1)?.retryInMs).toBeLessThan(7500);
    platform.wake();
    await platform.clock.advance(6999);
    expect(platform.sockets).toHaveLength(1);
    await platform.clock.advance(501);
    expect(platform.sockets).toHaveLength(2);
  });

  it('is soon when the network comes back', async () => {
    const { platform, changes } = startClient({ reconnectBaseMs: 100, reconnectMaxMs: 1_000_000 });
    for (let attempt = 0; attempt < 12; attempt += 1) {
      await settled();
      platform.socket.end(1006);
      if (attempt < 11) await platform.clock.advance(changes.at(-1)?.retryInMs ?? 0);
    }
    const { length } = platform.sockets;
    platform.wake();
    await platform.clock.advance(100);
    expect(platform.sockets).toHaveLength(length + 1);
  });

  it('follows a socket that could not be opened, and a sign-in that takes too long', async () => {
    const { platform, changes } = startClient({ connectTimeoutMs: 3000 });
    await settled();
    platform.socket.end(1006, 'the server answered 503');
    expect(changes.at(-1)).toMatchObject({ state: 'disconnected', code: 1006, reason: 'the server answered 503' });
    await platform.clock.advance(500);
    platform.socket.open();
    await platform.clock.advance(3000);
    expect(platform.sockets.at(-1)?.isTerminated || platform.sockets.length > 2).toBe(true);
    expect(changes.filter(({ state }) => state === 'disconnected').at(-1)).toMatchObject({ willReconnect: true });
  });
});

describe('signing in', () => {
  it('puts the token, the device and the positions into the first command', async () => {
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
      client: { name: 'longwire-js', version: '0.1.0' },
    });
  });

  it('is told by ready(), by connected and by session', async () => {
    const { platform, client } = startClient();
    const ready = client.ready();
    const told: unknown[] = [];
    client.on('connected', (session) => void told.push(session));
    await platform.signIn();
    expect((await ready).user).toBe('alice');
    expect(told).toEqual([client.session]);
    expect(await client.ready()).toBe(client.session);
  });

  it('that is refused is an error of its own and obeys the close that follows', async () => {
    const { platform, changes, errors } = startClient();
    await settled();
    platform.socket.open();
    platform.socket.push({ re: 1, type: 'error', code: 'unauthenticated', message: 'no such token', retryable: false });
    platform.socket.end(4100, 'bad token');
    expect(errors).toMatchObject([{ code: 'unauthenticated' }, { code: 'stopped', closeCode: 4100 }]);
    expect(changes.at(-1)).toMatchObject({ code: 4100, willReconnect: false });
  });

  it('that is refused without a close after it ends as the error says', async () => {
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

  it('is tried again when getToken fails, and given up when getToken says so', async () => {
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

  it('does not wait for ever for getToken, and does not take what it says too late', async () => {
    const signals: { readonly aborted: boolean }[] = [];
    const late = openPromise();
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

  it('has for all of it the time that connectTimeoutMs says, from the call of getToken on', async () => {
    const token = openPromise();
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

  it('does without a device store that does not answer', async () => {
    const deviceStore = { load: () => new Promise<never>(() => undefined), save: () => 'never' };
    const { platform, client, errors } = startClient({ device: undefined, deviceStore, connectTimeoutMs: 3000 });
    await platform.clock.advance(3000);
    expect(errors).toMatchObject([{ code: 'device_store_failed' }]);
    const socket = await platform.comeBack();
    expect(client.state).toBe('connected');
    expect(socket.last('connect')?.['device']).toMatch(/^[\w-]{22}$/);
    expect(errors).toHaveLength(1);
  });

  it('with a token of an earlier connection that is refused is tried once more with a new one', async () => {
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

  it('needs no getToken where a cookie signs in', async () => {
    const { platform } = startClient({ getToken: undefined });
    const socket = await platform.signIn();
    expect(socket.sent[0]).not.toHaveProperty('token');
  });

  it('does not happen for a client that is closed in the turn that made it', async () => {
    const { platform, client } = startClient();
    await client.close();
    await settled();
    expect(platform.sockets).toHaveLength(0);
    expect(client.state).toBe('closed');
  });
});

describe('close()', () => {
  it('acknowledges, closes with 1000, waits for the end and leaves nothing behind', async () => {
    const { platform, client, changes } = startClient();
    const socket = await platform.signIn();
    const pending = client.user('bob').send('x', { key: 'k1' });
    const refused = expect(pending).rejects.toMatchObject({ code: 'closed', retryable: true, key: 'k1' });
    const first = client.close();
    const second = client.close();
    await refused;
    expect(socket.closedBy).toEqual({ code: 1000 });
    socket.end(1000);
    await Promise.all([first, second]);
    expect(changes.at(-1)).toMatchObject({ state: 'closed', willReconnect: false });
    expect(platform.clock.timers).toBe(0);
    expect(platform.isWatched).toBe(false);
    await expect(client.user('bob').send('y')).rejects.toMatchObject({ code: 'closed', retryable: false });
    client.reconnect();
    await settled();
    expect(platform.sockets).toHaveLength(1);
  });

  it('does not wait for ever for a server that does not answer', async () => {
    const { platform, client } = startClient({ closeTimeoutMs: 2000 });
    const socket = await platform.signIn();
    const closed = client.close();
    await settled();
    await platform.clock.advance(2000);
    await closed;
    expect(socket.isTerminated).toBe(true);
    expect(platform.clock.timers).toBe(0);
  });

  it('ends a wait for getToken, and tells it so', async () => {
    const signals: { readonly aborted: boolean }[] = [];
    const { platform, client, errors } = startClient({
      getToken: ({ signal }) => new Promise<string>(() => void signals.push(signal)),
    });
    await settled();
    await client.close();
    expect(signals).toMatchObject([{ aborted: true }]);
    expect(platform.clock.timers).toBe(0);
    expect(errors).toEqual([]);
  });

  it('ends a wait for the next attempt', async () => {
    const { platform, client } = startClient();
    (await platform.signIn()).end(1006);
    await client.close();
    expect(platform.clock.timers).toBe(0);
    expect(client.state).toBe('closed');
  });

  it('is what `await using` does', async () => {
    const { platform, client } = startClient();
    await platform.signIn();
    const disposed = client[Symbol.asyncDispose]();
    await settled();
    platform.socket.end(1000);
    await disposed;
    expect(client.state).toBe('closed');
  });
});
