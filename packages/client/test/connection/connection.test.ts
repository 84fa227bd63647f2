// The life of the connection: what each close code does, when the client comes back, what the app is told.

import { closeCodes } from '@longwire/protocol';
import { describe, expect, it } from 'vitest';
import type { LongwireClient } from '../../src/client.js';
import { connectOn } from '../../src/connect-on.js';
import type { ConnectionStateChange } from '../../src/connection/connection-state.js';
import { LongwireError } from '../../src/errors.js';
import type { ConnectOptions } from '../../src/options.js';
import { settled } from '../support/manual-clock.js';
import { TestPlatform } from '../support/test-platform.js';

function start(options: ConnectOptions = {}): {
  platform: TestPlatform;
  client: LongwireClient;
  changes: ConnectionStateChange[];
  errors: LongwireError[];
} {
  const platform = new TestPlatform();
  const client = connectOn(platform, { url: 'ws://test', device: 'd', getToken: () => 'dev:alice', ...options });
  const changes: ConnectionStateChange[] = [];
  const errors: LongwireError[] = [];
  client.on('state', (change) => void changes.push(change));
  client.on('error', (error) => void errors.push(error));
  return { platform, client, changes, errors };
}

/** `t1`, `t2`, … */
function countedTokens(prefix: string): () => string {
  let count = 0;
  return () => {
    count += 1;
    return `${prefix}${count}`;
  };
}

describe('after a close by the server', () => {
  for (const { code, name, reconnect } of closeCodes) {
    if (reconnect === 'no') {
      it(`${code} ${name} stops the client, tells the app and rejects what waits`, async () => {
        const { platform, client, changes, errors } = start();
        const socket = await platform.signIn();
        const attempted = client.user('bob').send('x', { key: 'k1' });
        socket.end(code, 'no more');
        await expect(attempted).rejects.toMatchObject({ code: 'stopped', closeCode: code, retryable: true, key: 'k1' });
        expect(changes.at(-1)).toMatchObject({ state: 'disconnected', code, willReconnect: false });
        expect(errors).toMatchObject([{ code: 'stopped', closeCode: code }]);
        await expect(client.user('bob').send('y')).rejects.toMatchObject({ code: 'stopped' });
        await expect(client.ready()).rejects.toMatchObject({ code: 'stopped' });
        expect(platform.clock.timers).toBe(0);
        expect(platform.isWatched).toBe(false);
      });
    } else {
      it(`${code} ${name} lets the client come back${reconnect === 'after-token' ? ' with a new token' : ''}`, async () => {
        const { platform, changes, errors } = start({ getToken: countedTokens('dev:alice') });
        const socket = await platform.signIn();
        socket.end(code);
        expect(changes.at(-1)).toMatchObject({ state: 'disconnected', code, willReconnect: true });
        const again = await platform.comeBack();
        expect(changes.at(-1)).toMatchObject({ state: 'connected', previous: 'connecting' });
        expect(again.last('connect')?.['token']).toBe(reconnect === 'after-token' ? 'dev:alice2' : 'dev:alice1');
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
      const { platform, changes } = start();
      (await platform.signIn()).end(code);
      expect(changes.at(-1)).toMatchObject({ state: 'disconnected', code, willReconnect });
    }
  });

  it('reconnect() tries again after a stop, with a new token', async () => {
    const { platform, client } = start({ getToken: countedTokens('dev:alice') });
    (await platform.signIn()).end(4101, 'replaced');
    client.reconnect();
    const again = await platform.signIn();
    expect(again.last('connect')?.['token']).toBe('dev:alice2');
    expect(client.state).toBe('connected');
  });
});

describe('coming back', () => {
  it('waits with full jitter: between 0 and a bound that doubles up to its maximum', async () => {
    const { platform, changes } = start({ reconnectBaseMs: 500, reconnectMaxMs: 4000 });
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
    const { platform, changes } = start({ reconnectBaseMs: 1000, reconnectMaxMs: 1_000_000 });
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
    const { platform, changes } = start();
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
    const { platform, changes } = start({ reconnectBaseMs: 100, reconnectMaxMs: 1_000_000 });
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
    const { platform, changes } = start({ connectTimeoutMs: 3000 });
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
    const { platform } = start({ device: 'phone-1', positions, url: 'http://host:1234' });
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
    const { platform, client } = start();
    const ready = client.ready();
    const told: unknown[] = [];
    client.on('connected', (session) => void told.push(session));
    await platform.signIn();
    expect((await ready).user).toBe('alice');
    expect(told).toEqual([client.session]);
    expect(await client.ready()).toBe(client.session);
  });

  it('that is refused is an error of its own and obeys the close that follows', async () => {
    const { platform, changes, errors } = start();
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
      const { platform, changes } = start();
      await settled();
      platform.socket.open();
      platform.socket.push({ re: 1, type: 'error', code, message: 'no', retryable: code === 'unavailable' });
      await platform.clock.advance(2000);
      expect(changes.findLast(({ state }) => state === 'disconnected')).toMatchObject({ willReconnect });
    }
  });

  it('is tried again when getToken fails, and given up when getToken says so', async () => {
    let asked = 0;
    const { platform, errors } = start({
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

    const signedOut = start({ getToken: () => Promise.reject(new LongwireError('unauthenticated', 'signed out')) });
    await settled();
    expect(signedOut.changes.at(-1)).toMatchObject({ state: 'disconnected', willReconnect: false });
    expect(signedOut.platform.sockets).toHaveLength(0);
  });

  it('needs no getToken where a cookie signs in', async () => {
    const { platform } = start({ getToken: undefined });
    const socket = await platform.signIn();
    expect(socket.sent[0]).not.toHaveProperty('token');
  });

  it('does not happen for a client that is closed in the turn that made it', async () => {
    const { platform, client } = start();
    await client.close();
    await settled();
    expect(platform.sockets).toHaveLength(0);
    expect(client.state).toBe('closed');
  });
});

describe('the heartbeat', () => {
  it('pings after heartbeatMs of silence and gives the connection up 10 s later', async () => {
    const { platform, changes } = start();
    const socket = await platform.signIn({ heartbeatMs: 25_000 });
    await platform.clock.advance(24_999);
    expect(socket.last('ping')).toBeUndefined();
    await platform.clock.advance(1);
    expect(socket.last('ping')).toBeDefined();
    await platform.clock.advance(9999);
    expect(changes.at(-1)?.state).toBe('connected');
    await platform.clock.advance(1);
    expect(socket.closedBy).toEqual({ code: 4003 });
    expect(changes.find(({ code }) => code === 4003)).toMatchObject({ state: 'disconnected', willReconnect: true });
    await platform.clock.advance(2000);
    expect(socket.isTerminated).toBe(true);
  });

  it('is quiet while anything is heard, and content with any answer', async () => {
    const { platform, client } = start();
    const socket = await platform.signIn({ heartbeatMs: 1000 });
    for (let round = 0; round < 20; round += 1) {
      await platform.clock.advance(900);
      socket.push({ type: 'weather' });
    }
    expect(socket.last('ping')).toBeUndefined();
    for (let round = 0; round < 20; round += 1) {
      await platform.clock.advance(1000);
      const ping = socket.take().find(({ type }) => type === 'ping');
      if (ping !== undefined) socket.push({ re: ping['id'], type: 'pong', time: 1 });
    }
    expect(client.state).toBe('connected');
  });

  it('asks at once when the machine wakes', async () => {
    const { platform } = start();
    const socket = await platform.signIn();
    platform.wake();
    expect(socket.last('ping')).toBeDefined();
    await platform.clock.advance(10_000);
    expect(socket.closedBy).toEqual({ code: 4003 });
  });

  it('does not blame the server for time in which the machine slept, but only once', async () => {
    const { platform, client } = start();
    const socket = await platform.signIn();
    platform.wake();
    platform.clock.sleep(60_000);
    await platform.clock.advance(0);
    expect(client.state).toBe('connected');
    expect(socket.sent.filter(({ type }) => type === 'ping')).toHaveLength(2);
    platform.clock.sleep(60_000);
    await platform.clock.advance(0);
    expect(client.state).not.toBe('connected');
  });
});

describe('the token', () => {
  const second = 1000;

  it('is renewed in-band before it runs out, by the time of the server', async () => {
    const asked: string[] = [];
    const getToken = ({ purpose }: { purpose: string }) => `t${asked.push(purpose)}`;
    const { platform, client } = start({ getToken });
    const serverTime = 5_000_000;
    const socket = await platform.signIn({ time: serverTime, expiresAt: serverTime + 4 * second });
    for (let round = 2; round < 20; round += 1) {
      await platform.clock.advance(3 * second);
      const refresh = socket.take().find(({ type }) => type === 'refresh');
      expect(refresh).toMatchObject({ token: `t${round}` });
      socket.push({ re: refresh?.['id'], type: 'refreshed', expiresAt: serverTime + (3 * (round - 1) + 4) * second });
    }
    expect(asked.slice(1).every((purpose) => purpose === 'refresh')).toBe(true);
    expect(client.state).toBe('connected');
    expect(platform.sockets).toHaveLength(1);
  });

  it('that lives long is renewed a minute before its end', async () => {
    const { platform } = start();
    const expiresAt = platform.clock.now() + 3600 * second;
    const socket = await platform.signIn({ expiresAt, heartbeatMs: 7200 * second });
    await platform.clock.advance(3540 * second - 1);
    expect(socket.last('refresh')).toBeUndefined();
    await platform.clock.advance(1);
    expect(socket.last('refresh')).toBeDefined();
  });

  it('is asked for again while getToken fails, until the server ends the session', async () => {
    let isBroken = false;
    const { platform, errors, changes } = start({
      getToken: () => (isBroken ? Promise.reject(new Error('down')) : 'dev:alice'),
    });
    const time = platform.clock.now();
    const socket = await platform.signIn({ time, expiresAt: time + 20 * second });
    isBroken = true;
    await platform.clock.advance(20 * second);
    expect(errors.length).toBeGreaterThanOrEqual(2);
    expect(errors.every(({ code }) => code === 'token_failed')).toBe(true);
    isBroken = false;
    socket.end(4005, 'token expired');
    await platform.comeBack();
    expect(changes.at(-1)?.state).toBe('connected');
  });

  it('that is still good is used again after a lost connection, one that is not is asked for anew', async () => {
    const { platform } = start({ getToken: countedTokens('t') });
    const expiresAt = platform.clock.now() + 3600 * second;
    (await platform.signIn({ expiresAt })).end(1006);
    expect((await platform.comeBack({ expiresAt })).last('connect')?.['token']).toBe('t1');
    platform.clock.sleep(3600 * second);
    platform.socket.end(1006);
    expect((await platform.comeBack()).last('connect')?.['token']).toBe('t2');
  });
});

describe('close()', () => {
  it('acknowledges, closes with 1000, waits for the end and leaves nothing behind', async () => {
    const { platform, client, changes } = start();
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
    const { platform, client } = start({ closeTimeoutMs: 2000 });
    const socket = await platform.signIn();
    const closed = client.close();
    await settled();
    await platform.clock.advance(2000);
    await closed;
    expect(socket.isTerminated).toBe(true);
    expect(platform.clock.timers).toBe(0);
  });

  it('ends a wait for the next attempt', async () => {
    const { platform, client } = start();
    (await platform.signIn()).end(1006);
    await client.close();
    expect(platform.clock.timers).toBe(0);
    expect(client.state).toBe('closed');
  });

  it('is what `await using` does', async () => {
    const { platform, client } = start();
    await platform.signIn();
    const disposed = client[Symbol.asyncDispose]();
    await settled();
    platform.socket.end(1000);
    await disposed;
    expect(client.state).toBe('closed');
  });
});
