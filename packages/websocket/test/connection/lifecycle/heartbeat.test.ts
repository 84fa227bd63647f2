import { PassThrough } from 'node:stream';
import { until } from '@longwire/test-support/until';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Heartbeat } from '../../../src/connection/lifecycle/heartbeat.js';
import { TimerWheel, type WheelEntry } from '../../../src/connection/lifecycle/timer-wheel.js';
import { resolveWebSocketOptions } from '../../../src/options.js';
import { maskedFrame } from '../../support/hex.js';
import { LiveServer, RawPeer } from '../../support/live.js';

let server: LiveServer | undefined;

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

describe('on live connections', () => {
  it('pings every heartbeatMs and keeps a peer that answers', async () => {
    server = await LiveServer.start({ heartbeatMs: 40, heartbeatGraceMs: 5000 });
    const peer = await RawPeer.open(server.port);
    peer.socket.on('data', () => peer.send(maskedFrame(0x8a, '')));
    await until(() => server!.log.pongs.length >= 5);
    expect(server.connections[0]?.state).toBe('open');
  });

  it('ends a peer that stays silent, with 4003', async () => {
    server = await LiveServer.start({ heartbeatMs: 40, heartbeatGraceMs: 60 });
    const peer = await RawPeer.open(server.port);
    await until(() => server!.log.closes.length === 1 && peer.hex.startsWith('89 00'));
    expect(server.log.closes[0]).toMatchObject({ code: 4003, initiator: 'local', error: { code: 'heartbeat_missed' } });
  });

  it('does not count the time in which reading is paused as silence of the peer', async () => {
    server = await LiveServer.start({ heartbeatMs: 40, heartbeatGraceMs: 20 });
    await RawPeer.open(server.port);
    const connection = await server.connection();
    connection.pause();
    // As silent, not paused, and opened later.
    await RawPeer.open(server.port);
    await until(() => server!.log.closes.length === 1);
    expect(connection.state).toBe('open');
    connection.resume();
    await until(() => server!.log.closes.length === 2);
  });

  it('ends a reader that takes less than minDrainBytesPerSecond of a full queue, with its code', async () => {
    server = await LiveServer.start({
      slowReaderMs: 150,
      minDrainBytesPerSecond: 1000,
      slowReaderCloseCode: 4777,
      drainBytes: 1000,
      maxBufferedBytes: 100_000_000,
    });
    const peer = await RawPeer.open(server.port);
    peer.socket.pause();
    (await server.connection()).sendBinary(Buffer.alloc(50_000_000));
    await until(() => server!.log.closes.length === 1);
    expect(server.log.closes[0]).toMatchObject({ code: 4777, error: { code: 'reader_too_slow' } });
  });

  it('keeps a reader that takes enough', async () => {
    server = await LiveServer.start({ slowReaderMs: 100, minDrainBytesPerSecond: 1000, maxBufferedBytes: 100_000_000 });
    const peer = await RawPeer.open(server.port);
    let received = 0;
    peer.socket.removeAllListeners('data');
    peer.socket.on('data', (chunk) => {
      received += chunk.length;
    });
    const connection = await server.connection();
    connection.sendBinary(Buffer.alloc(30_000_000));
    await until(() => received >= 30_000_000);
    // One that takes nothing, from later on, is not kept.
    const stalled = await RawPeer.open(server.port);
    stalled.socket.pause();
    (await server.connection(1)).sendBinary(Buffer.alloc(30_000_000));
    await until(() => server!.log.closes.length === 1);
    expect(connection.state).toBe('open');
  });
});

describe('Heartbeat', () => {
  const options = resolveWebSocketOptions({ heartbeatMs: 25_000, heartbeatGraceMs: 20_000 });
  const socket = new PassThrough();

  it('returns heartbeat_missed only after heartbeatMs plus heartbeatGraceMs without a sign of life', () => {
    const heartbeat = new Heartbeat('x', 0);
    expect(heartbeat.check(options, socket, undefined, 44_999)).toBeUndefined();
    expect(heartbeat.check(options, socket, undefined, 45_000)?.code).toBe('heartbeat_missed');
    heartbeat.lastAliveMs = 10_000;
    expect(heartbeat.check(options, socket, undefined, 45_000)).toBeUndefined();
  });

  it('checks again at the next ping, half-way to the deadline, and at the deadline', () => {
    const heartbeat = new Heartbeat('x', 0);
    expect(heartbeat.nextDelayMs(options, undefined, 0)).toBe(25_000);
    expect(heartbeat.takePing(options, 25_000)).toBe(true);
    expect(heartbeat.nextDelayMs(options, undefined, 25_000)).toBe(10_000);
    expect(heartbeat.nextDelayMs(options, undefined, 35_000)).toBe(10_000);
    expect(heartbeat.nextDelayMs(options, undefined, 45_000)).toBe(25_000);
    const off = resolveWebSocketOptions({ heartbeatMs: 0, minDrainBytesPerSecond: 0 });
    expect(heartbeat.nextDelayMs(off, undefined, 0)).toBe(-1);
  });

  it('takes a ping at most once every heartbeatMs, and none while the last one is unanswered', () => {
    const heartbeat = new Heartbeat('x', 0);
    const taken = [24_999, 25_000, 35_000, 45_000, 49_999, 50_000, 100_000, 200_000].filter((nowMs) => {
      if (nowMs === 45_000 || nowMs === 100_000) heartbeat.lastAliveMs = nowMs - 1;
      return heartbeat.takePing(options, nowMs);
    });
    // At 200 000 that of 100 000 is not answered.
    expect(taken).toEqual([25_000, 50_000, 100_000]);
    expect(heartbeat.takePing(resolveWebSocketOptions({ heartbeatMs: 0 }), 1_000_000)).toBe(false);
  });

  it('does not count paused time', () => {
    const heartbeat = new Heartbeat('x', 0);
    heartbeat.notePause(10_000);
    expect(heartbeat.check(options, socket, undefined, 1_000_000)).toBeUndefined();
    heartbeat.noteResume(1_000_000);
    expect(heartbeat.check(options, socket, undefined, 1_034_999)).toBeUndefined();
    expect(heartbeat.check(options, socket, undefined, 1_035_000)?.code).toBe('heartbeat_missed');
  });
});

describe('TimerWheel', () => {
  interface Entry extends WheelEntry {
    readonly name: string;
  }
  const entry = (name: string): Entry => ({ name, dueMs: -1 });

  it('visits entries in due time and again as often as they ask, on one timer', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      let nowMs = 0;
      const visits: string[] = [];
      const wheel = new TimerWheel<Entry>(
        ({ name }) => {
          visits.push(name);
          return name === 'again' && visits.filter((visit) => visit === name).length < 3 ? 40 : -1;
        },
        () => nowMs,
      );
      wheel.schedule(entry('late'), 200);
      wheel.schedule(entry('again'), 1);
      const removed = entry('removed');
      wheel.schedule(removed, 50);
      wheel.remove(removed);
      while (wheel.size > 0 && nowMs < 1_000) {
        nowMs++;
        vi.advanceTimersByTime(1);
      }
      expect(visits).toEqual(['again', 'again', 'again', 'late']);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('moves an entry that is scheduled anew, to sooner and to later', async () => {
    const visits: string[] = [];
    const wheel = new TimerWheel<Entry>(({ name }) => {
      visits.push(name);
      return -1;
    });
    const [sooner, later] = [entry('sooner'), entry('later')];
    wheel.schedule(sooner, 1_000_000);
    wheel.schedule(later, 10);
    wheel.schedule(later, 150);
    wheel.schedule(sooner, 40);
    expect(wheel.size).toBe(2);
    await until(() => wheel.size === 0);
    expect(visits).toEqual(['sooner', 'later']);
  });

  it('takes time in which the process stood still out of its clock', async () => {
    let now = 0;
    const wheel = new TimerWheel<Entry>(
      () => -1,
      () => now,
    );
    wheel.schedule(entry('x'), 10);
    now = 60_000;
    await until(() => wheel.size === 0);
    expect(wheel.now()).toBeLessThan(1000);
  });

  it('reaches entries that lie beyond one turn of the wheel', async () => {
    let now = 0;
    const visits: number[] = [];
    const wheel = new TimerWheel<Entry>(
      (_, at) => {
        visits.push(at);
        return -1;
      },
      () => now,
    );
    wheel.schedule(entry('far'), 100_000);
    wheel.schedule(entry('near'), 5);
    now = 300;
    await until(() => visits.length === 1);
    expect(wheel.size).toBe(1);
    expect(visits[0]).toBeLessThan(400);
    wheel.remove(entry('unknown'));
    expect(wheel.size).toBe(1);
  });
});
