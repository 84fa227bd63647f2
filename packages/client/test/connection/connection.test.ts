// The life of the connection: what each close code does, when the client reconnects, what it reports.

import { closeCodes } from '@longwire/protocol';
import { settled } from '@longwire/test-support/until';
import { describe, expect, it } from 'vitest';
import { connectOn } from '../../src/connect-on.js';
import { countedTokens, startClient } from '../support/start-client.js';
import { TestPlatform } from '../support/test-platform.js';

describe('after a close by the server', () => {
  for (const { code, name, reconnect } of closeCodes) {
    if (reconnect === 'no') {
      it(`${code} ${name} stops the client with the error stopped and rejects pending sends`, async () => {
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
      it(`${code} ${name} makes the client reconnect${reconnect === 'after-token' ? ' with a new token' : ''}`, async () => {
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

  it('1005 and unknown codes make the client reconnect, except 41xx', async () => {
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

  it('reconnect() connects again after a stop, with a new token', async () => {
    const { platform, client } = startClient({ getToken: countedTokens('t') });
    (await platform.signIn()).end(4101, 'replaced');
    client.reconnect();
    const again = await platform.signIn();
    expect(again.last('connect')?.['token']).toBe('t2');
    expect(client.state).toBe('connected');
  });
});

describe('a reconnect', () => {
  it('waits between 0 and reconnectBaseMs, doubling up to reconnectMaxMs', async () => {
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

  it('starts the waits anew after 10 s connected, and not after less', async () => {
    const { platform, changes } = startClient({ reconnectBaseMs: 1000, reconnectMaxMs: 1_000_000 });
    platform.fillRandom = (bytes) => void bytes.fill(255);
    (await platform.signIn()).end(1006);
    expect(changes.at(-1)?.retryInMs).toBeCloseTo(1000, 3);
    (await platform.comeBack()).end(1006);
    expect(changes.at(-1)?.retryInMs).toBeCloseTo(2000, 3);
    const short = await platform.comeBack();
    await platform.clock.advance(9999);
    short.end(1006);
    expect(changes.at(-1)?.retryInMs).toBeCloseTo(4000, 3);
    const long = await platform.comeBack();
    await platform.clock.advance(10_000);
    long.end(1006);
    expect(changes.at(-1)?.retryInMs).toBeCloseTo(1000, 3);
  });

  it('is not earlier than afterMs of goodbye, even when the network returns', async () => {
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

  it('is within reconnectBaseMs when the network returns', async () => {
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

  it('follows a socket that could not be opened, and a sign-in longer than connectTimeoutMs', async () => {
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

describe('connection_failed', () => {
  it('is reported once, with the address and the reason, when the first connection fails', async () => {
    const { platform, errors } = startClient({ url: 'wss://me:secret@chat.example.org/v1/connect?token=secret' });
    await settled();
    platform.socket.end(1006, 'connect ECONNREFUSED');
    await platform.clock.advance(500);
    platform.socket.end(1006, 'connect ECONNREFUSED');
    expect(errors).toMatchObject([{ code: 'connection_failed', retryable: true }]);
    expect(errors[0]?.message).toBe(
      'Cannot connect to wss://chat.example.org/v1/connect, trying again: connect ECONNREFUSED',
    );
  });

  it('is reported by the platform if there is no error listener', async () => {
    const platform = new TestPlatform();
    connectOn(platform, { url: 'ws://test', device: 'd' });
    await settled();
    platform.socket.end(1006, 'the server answered 403');
    expect(platform.uncaught).toMatchObject([{ code: 'connection_failed' }]);
  });

  it('is not reported after a connection that worked, a refused connect or a failed getToken', async () => {
    const worked = startClient();
    (await worked.platform.signIn()).end(1006);
    await worked.platform.clock.advance(500);
    worked.platform.socket.end(1006);
    expect(worked.errors).toEqual([]);

    const refused = startClient();
    await settled();
    const { socket } = refused.platform;
    socket.open();
    const error = { type: 'error', code: 'unavailable', message: 'full', retryable: true };
    socket.push({ re: socket.last('connect')?.['id'], ...error });
    socket.end(4002, 'full');
    expect(refused.errors).toMatchObject([{ code: 'unavailable' }]);

    const tokenless = startClient({ getToken: () => Promise.reject(new Error('down')) });
    await settled();
    expect(tokenless.errors).toMatchObject([{ code: 'token_failed' }]);
  });

  it('is reported after another failure that was reported as such', async () => {
    let isDown = true;
    const getToken = () => (isDown ? Promise.reject(new Error('down')) : 'dev:alice');
    const { platform, errors } = startClient({ getToken });
    await settled();
    isDown = false;
    await platform.clock.advance(500);
    platform.socket.end(1006, 'connect ECONNREFUSED');
    expect(errors.map(({ code }) => code)).toEqual(['token_failed', 'connection_failed']);
  });
});

describe('close()', () => {
  it('acknowledges, closes with 1000, resolves at the end of the socket and leaves no timer', async () => {
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

  it('drops the socket after closeTimeoutMs without an answer to its close', async () => {
    const { platform, client } = startClient({ closeTimeoutMs: 2000 });
    const socket = await platform.signIn();
    const closed = client.close();
    await settled();
    await platform.clock.advance(2000);
    await closed;
    expect(socket.isTerminated).toBe(true);
    expect(platform.clock.timers).toBe(0);
  });

  it('aborts the signal of a pending getToken', async () => {
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

  it('cancels the next attempt', async () => {
    const { platform, client } = startClient();
    (await platform.signIn()).end(1006);
    await client.close();
    expect(platform.clock.timers).toBe(0);
    expect(client.state).toBe('closed');
  });

  it('is called by await using', async () => {
    const { platform, client } = startClient();
    await platform.signIn();
    const disposed = client[Symbol.asyncDispose]();
    await settled();
    platform.socket.end(1000);
    await disposed;
    expect(client.state).toBe('closed');
  });
});
