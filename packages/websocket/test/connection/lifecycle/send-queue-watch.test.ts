// Slow peers on real sockets with the kernel's own, autotuned buffers; only the deadlines are moved, not waited for.
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { tlsCertificate } from '@longwire/test-support/tls-certificate';
import { until } from '@longwire/test-support/until';
import { describe, expect, it, type TestContext, vi } from 'vitest';
import { Heartbeat } from '../../../src/connection/lifecycle/heartbeat.js';
import { readSendQueues, sendQueueKey } from '../../../src/connection/lifecycle/send-queue-table.js';
import { SendQueueWatch } from '../../../src/connection/lifecycle/send-queue-watch.js';
import { SocketWriter } from '../../../src/connection/output/socket-writer.js';
import { resolveWebSocketOptions } from '../../../src/options.js';

// The kernel's table of sockets is read again and again; with a load of 30 that took more than a minute.
vi.setConfig({ testTimeout: 240_000 });

const hasTables = existsSync('/proc/net/tcp');
/** More than any kernel buffers by itself. */
const OUTPUT_BYTES = 80_000_000;
const MINUTE_MS = 60_000;
const options = resolveWebSocketOptions({ maxBufferedBytes: 2 * OUTPUT_BYTES });
const events = { onDrain: () => {}, onWriteError: () => {} };

interface Pair {
  readonly server: Socket;
  readonly client: Socket;
}

type Finishing = Pick<TestContext, 'onTestFinished'>;

async function pair(
  { onTestFinished }: Finishing,
  listening: Server = createServer(),
  dial: (port: number) => Socket = (port) => connect({ port, host: '127.0.0.1' }),
  event = 'connection',
  host = '127.0.0.1',
): Promise<Pair> {
  listening.listen(0, host);
  await once(listening, 'listening');
  const address = listening.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const accepted = once(listening, event);
  const client = dial(address.port);
  const [server] = (await accepted) as [Socket];
  for (const socket of [server, client]) socket.on('error', () => {});
  onTestFinished(() => {
    client.destroy();
    server.destroy();
    listening.close();
  });
  return { server, client };
}

/** The tables were read for everything that is watched now: an idle socket is not given more time once they were. */
async function tablesRead(idle: Socket): Promise<void> {
  const watch = new SendQueueWatch(idle, { writtenBytes: 0 });
  await until(() => watch.patience(true) === 1, 'the tables were read');
  watch.stop();
}

/** A connection whose peer reads only what `read` reads. */
class SlowPeer {
  readonly heartbeat = new Heartbeat('x', 0);
  readonly writer: SocketWriter<string>;
  readonly #pair: Pair;

  constructor(sockets: Pair) {
    this.#pair = sockets;
    sockets.client.pause();
    this.writer = new SocketWriter('x', events, sockets.server, options, undefined);
    this.writer.push(Buffer.alloc(OUTPUT_BYTES));
    this.writer.noteFull(0);
    this.writer.flush();
  }

  /** The kernels have taken what they take. */
  async stuck(): Promise<void> {
    let last = -1;
    await until(async () => {
      const before = last;
      last = this.writer.writtenBytes;
      await new Promise((resolve) => setTimeout(resolve, 50));
      return last > 0 && last === before && last === this.writer.writtenBytes;
    }, 'a full kernel');
  }

  check(nowMs: number): string | undefined {
    return this.heartbeat.check(options, this.#pair.server, this.writer, nowMs)?.code;
  }

  async queuedInKernel(): Promise<number> {
    const key = sendQueueKey(this.#pair.server)!;
    return (await readSendQueues(new Set([key])))?.get(key)?.bytes ?? -1;
  }

  /** Reads as much as makes the kernel's queue shrink: steps of which each is far too small for a write of ours to end. */
  async read(): Promise<void> {
    const { client } = this.#pair;
    const before = await this.queuedInKernel();
    await until(async () => {
      client.read();
      return (await this.queuedInKernel()) < before;
    }, 'a shorter queue in the kernel');
  }
}

describe.skipIf(!hasTables)(`SendQueueWatch ${hasTables ? '' : '(SKIPPED: /proc/net/tcp is missing)'}`, () => {
  it('keeps a reader above minDrainBytesPerSecond whose progress only the kernel sees, and ends one that stops', async (test) => {
    const idle = await pair(test);
    const peer = new SlowPeer(await pair(test));
    await peer.stuck();
    const written = peer.writer.writtenBytes;
    let nowMs = 0;
    for (let minute = 0; minute < 3; minute += 1) {
      // Past the moment from which the kernel is asked, and to where the deadlines are without its answer.
      expect(peer.check(nowMs + 40_000)).toBeUndefined();
      nowMs += 1.5 * MINUTE_MS;
      expect(peer.check(nowMs)).toBeUndefined();
      await tablesRead(idle.server);
      await peer.read();
      await until(() => {
        expect(peer.check(nowMs)).toBeUndefined();
        return peer.heartbeat.lastAliveMs === nowMs;
      }, 'a sign of life from the kernel');
    }
    expect(peer.writer.writtenBytes).toBe(written);
    expect(peer.check(nowMs + 40_000)).toBeUndefined();
    expect(peer.check(nowMs + 45_000)).toBeUndefined();
    expect(peer.check(nowMs + 5 * MINUTE_MS)).toMatch(/heartbeat_missed|reader_too_slow/);
  });

  it('finds the send queue of a socket over IPv4, a mapped address, IPv6 and TLS', async (test) => {
    const pairs: Pair[] = [await pair(test)];
    const dualStack = () => createServer();
    pairs.push(await pair(test, dualStack(), (port) => connect({ port, host: '127.0.0.1' }), 'connection', '::'));
    pairs.push(await pair(test, dualStack(), (port) => connect({ port, host: '::1' }), 'connection', '::'));
    const tls = createTlsServer(tlsCertificate);
    const dialTls = (port: number) => connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    pairs.push(await pair(test, tls, dialTls, 'secureConnection'));
    expect(pairs.map(({ server }) => server.remoteAddress)).toEqual([
      '127.0.0.1',
      '::ffff:127.0.0.1',
      '::1',
      '127.0.0.1',
    ]);
    for (const { server, client } of pairs) {
      client.pause();
      server.write(Buffer.alloc(OUTPUT_BYTES));
      const key = sendQueueKey(server)!;
      await until(async () => ((await readSendQueues(new Set([key])))?.get(key)?.bytes ?? 0) > 0, `a queue of ${key}`);
    }
  });
});

describe('the patience of SendQueueWatch', () => {
  it('is long where the kernel says nothing, for a connection whose output is stuck', () => {
    const watch = new SendQueueWatch(new PassThrough(), { writtenBytes: 0 });
    expect([watch.patience(true), watch.patience(false)]).toEqual([8, 1]);
  });

  it('ends for a peer that answers neither retransmissions nor probes', async (test) => {
    const { server } = await pair(test);
    const watch = new SendQueueWatch(server, { writtenBytes: 1_000 });
    watch.note({ bytes: 500, unanswered: 0 });
    expect(watch.patience(true)).toBe(4);
    watch.note({ bytes: 500, unanswered: 3 });
    expect([watch.patience(true), watch.takeMoved()]).toEqual([1, false]);
    watch.note({ bytes: 400, unanswered: 0 });
    expect([watch.takeMoved(), watch.takeMoved(), watch.ackedBytes]).toEqual([true, false, 100]);
    watch.stop();
  });
});
