// Staying connected: the liveness check that notices a dead connection, and the renewal of the token.

import { describe, expect, it } from 'vitest';
import { countedTokens, startClient } from '../support/start-client.js';

describe('the liveness check', () => {
  it('pings after heartbeatMs of silence and closes with 4003 after 10 s without an answer', async () => {
    const { platform, changes } = startClient();
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

  it('does not ping while messages arrive, and accepts any message as an answer', async () => {
    const { platform, client } = startClient();
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

  it('pings at once when the machine wakes', async () => {
    const { platform } = startClient();
    const socket = await platform.signIn();
    platform.wake();
    expect(socket.last('ping')).toBeDefined();
    await platform.clock.advance(10_000);
    expect(socket.closedBy).toEqual({ code: 4003 });
  });

  it('does not count time in which the machine slept, but only once', async () => {
    const { platform, client } = startClient();
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

describe('a token', () => {
  const second = 1000;

  it('is renewed by refresh before it expires, by the server’s clock', async () => {
    const asked: string[] = [];
    const getToken = ({ purpose }: { purpose: string }) => `t${asked.push(purpose)}`;
    const { platform, client } = startClient({ getToken });
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

  it('with a long lifetime is renewed a minute before it expires', async () => {
    const { platform } = startClient();
    const expiresAt = platform.clock.now() + 3600 * second;
    const socket = await platform.signIn({ expiresAt, heartbeatMs: 7200 * second });
    await platform.clock.advance(3540 * second - 1);
    expect(socket.last('refresh')).toBeUndefined();
    await platform.clock.advance(1);
    expect(socket.last('refresh')).toBeDefined();
  });

  it('is requested again while getToken rejects, until the server closes with 4005', async () => {
    let isBroken = false;
    const { platform, errors, changes } = startClient({
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

  it('that is still valid is used again after a lost connection, and an expired one is not', async () => {
    const { platform } = startClient({ getToken: countedTokens('t') });
    const expiresAt = platform.clock.now() + 3600 * second;
    (await platform.signIn({ expiresAt })).end(1006);
    expect((await platform.comeBack({ expiresAt })).last('connect')?.['token']).toBe('t1');
    platform.clock.sleep(3600 * second);
    platform.socket.end(1006);
    expect((await platform.comeBack()).last('connect')?.['token']).toBe('t2');
  });
});
