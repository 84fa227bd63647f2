// What is attacked: a server in a process of its own, a canary on it, and the assertions that hold for every attack.

import { inParallel } from '@longwire/test-support/in-parallel';
import { keptWaitingMs, openDescriptors, residentBytes } from '@longwire/test-support/process-facts';
import { ServerProcess } from '@longwire/test-support/server-process';
import { stretched } from '@longwire/test-support/stretched';
import { until } from '@longwire/test-support/until';
import type { WebSocketOptions } from '@longwire/websocket';
import { expect } from 'vitest';
import { type CanaryReport, percentile, startCanary } from './canary.js';
import { type ContainerSettings, EngineProcess } from './engine-process.js';
import { closeFrame, textFrame } from './frame-writer.js';
import { RawSocket } from './raw-socket.js';
import type { WorkerPeer } from './worker-peer.js';

const MIB = 1_048_576;
const MAX_CANARY_P99_MS = 250;
/** On a machine that is busy with other things the canary is slow before the attack begins, too. */
const MAX_CANARY_SLOWDOWN = 8;
/** The time for which the machine ran neither server nor canary does not count; up to this much of it, on a quiet machine. */
const MAX_WAITED_MS = 500;
const BASELINE_MS = 250;
const RECOVERY_MS = 30_000;
const MAX_RSS_GROWTH = 0.15;
/** V8 keeps some of what its heap for young objects once grew to. */
const MAX_RSS_GROWTH_BYTES = 32 * MIB;
/** The 99th percentile of fewer answers would be the slowest one, which the machine may have caused. */
const MIN_SAMPLES_FOR_P99 = 100;

/** The attackers and the canary of a suite come from one machine. */
const manyClients = {
  LONGWIRE_LIMITS_CONNECTIONS_PER_ADDRESS: '1000000',
  LONGWIRE_LIMITS_WAITING_PER_ADDRESS: '1000000',
  LONGWIRE_LIMITS_HANDSHAKES_PER_SECOND: '1000000',
};

interface Served {
  readonly pid: number;
  readonly port: number;
  readonly isRunning: boolean;
  readonly output: string;
}

export interface UnharmedOptions {
  /** Memory may stay above the baseline by this much more. Default 0. */
  readonly extraBytes?: number;
}

export class Target {
  readonly served: Served;
  readonly url: string;
  readonly #canary: WorkerPeer<CanaryReport>;
  readonly #path: string;
  readonly #stop: () => Promise<void>;

  private constructor(
    served: Served,
    url: string,
    canary: WorkerPeer<CanaryReport>,
    { path, stop }: { readonly path: string; readonly stop: () => Promise<void> },
  ) {
    this.served = served;
    this.url = url;
    this.#canary = canary;
    this.#path = path;
    this.#stop = stop;
  }

  /** A whole server in auth dev. One address may be a great many clients, unless the settings say otherwise. */
  static async gateway(
    settings: Readonly<Record<string, string>> = {},
    command: readonly string[] = [process.execPath],
  ): Promise<Target> {
    const server = await ServerProcess.start({ LONGWIRE_LOG_LEVEL: 'info', ...manyClients, ...settings }, command);
    try {
      const greeting = JSON.stringify({ id: 1, type: 'connect', token: 'dev:canary' });
      const canary = await startCanary({ url: server.gatewayUrl, greeting });
      await work(server.port, '/v1/connect');
      return new Target(server, server.gatewayUrl, canary, { path: '/v1/connect', stop: () => server.remove() });
    } catch (error) {
      await server.remove();
      throw error;
    }
  }

  /** The bare engine as an echo server. */
  static async engine(options: WebSocketOptions): Promise<Target> {
    const engine = await EngineProcess.start(options);
    try {
      const canary = await startCanary({ url: engine.url });
      await work(engine.port, '/');
      return new Target(engine, engine.url, canary, { path: '/', stop: () => engine.stop() });
    } catch (error) {
      await engine.stop();
      throw error;
    }
  }

  /** A container with the endpoints of container-process.mjs; the canary is on `/echo`. */
  static async container(settings: ContainerSettings = {}, command?: readonly string[]): Promise<Target> {
    const served = await EngineProcess.startContainer(settings, command);
    const url = `${served.url}echo`;
    try {
      const canary = await startCanary({ url });
      await work(served.port, '/echo');
      return new Target(served, url, canary, { path: '/echo', stop: () => served.stop() });
    } catch (error) {
      await served.stop();
      throw error;
    }
  }

  get port(): number {
    return this.served.port;
  }

  get pid(): number {
    return this.served.pid;
  }

  /**
   * Runs an attack between two looks at the server: the same process lives, the canary got its answers in time, memory
   * and descriptors come back, and there was no uncaught error.
   */
  async unharmed<Value>(attack: () => Promise<Value>, { extraBytes = 0 }: UnharmedOptions = {}): Promise<Value> {
    const { pid, served } = this;
    await this.#canary.take();
    await new Promise((resolve) => setTimeout(resolve, BASELINE_MS));
    const baseline = await this.#canary.take();
    const baselineMs = percentile(baseline.latenciesMs, 0.99);
    const before = {
      rssBytes: await residentBytes(pid),
      descriptors: await openDescriptors(pid),
      keptWaitingMs: baseline.keptWaitingMs + (await keptWaitingMs(pid)),
    };

    // Measured before the attack: what the attack does to the machine is not excused.
    const [maxP99Ms, maxWaitedMs] = [stretched(MAX_CANARY_P99_MS), stretched(MAX_WAITED_MS)];
    const value = await attack();

    const { latenciesMs, keptWaitingMs: canaryWaitedMs } = await this.#canary.take();
    expect(this.#canary.ended).toBeUndefined();
    const waitedMs = canaryWaitedMs + (await keptWaitingMs(pid)) - before.keptWaitingMs;
    const allowedMs = Math.max(maxP99Ms, MAX_CANARY_SLOWDOWN * baselineMs) + Math.min(waitedMs, maxWaitedMs);
    const share = latenciesMs.length < MIN_SAMPLES_FOR_P99 ? 0.9 : 0.99;
    expect(percentile(latenciesMs, share), `canary, ms of ${latenciesMs.length} answers`).toBeLessThan(allowedMs);
    expect({ pid: served.pid, isRunning: served.isRunning }).toEqual({ pid, isRunning: true });
    await until(
      async () => (await openDescriptors(pid)) <= before.descriptors + 1,
      `descriptors back to ${before.descriptors}`,
      RECOVERY_MS,
    );
    const allowedBytes = before.rssBytes * (1 + MAX_RSS_GROWTH) + MAX_RSS_GROWTH_BYTES + extraBytes;
    // V8 may leave garbage where it is as long as nothing new is made: it has to be gone where the server goes on working.
    const isBack = async () => (await residentBytes(pid)) <= allowedBytes;
    await until(
      async () => (await isBack()) || work(this.port, this.#path).then(isBack, isBack),
      `memory back from ${Math.round((await residentBytes(pid)) / MIB)} MiB to ${Math.round(allowedBytes / MIB)} MiB`,
      RECOVERY_MS,
    );
    expect(served.output).not.toMatch(/uncaught|unhandled|MaxListenersExceeded|Warning:/i);
    return value;
  }

  async stop(): Promise<void> {
    await this.#canary.stop();
    await this.#stop();
  }
}

/** A new process grows with what it does first. This is not a leak, so it happens before anything is measured too. */
async function work(port: number, path: string): Promise<void> {
  const pings = Buffer.concat(Array.from({ length: 200 }, () => textFrame('ping')));
  await inParallel(100, 20, async () => {
    const peer = await RawSocket.upgrade(port, { path });
    peer.send(pings);
    await until(() => peer.frames.length >= 200, 'all answers');
    peer.send(closeFrame(1000));
    await peer.ended();
    peer.destroy();
  });
}
