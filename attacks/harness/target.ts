// What is attacked: a server in a process of its own, a canary on it, and the assertions that stand for every attack.

import type { WebSocketOptions } from '@longwire/websocket';
import { expect } from 'vitest';
import { ServerProcess } from '../../e2e/server-process.js';
import { Canary, percentile } from './canary.js';
import { EngineProcess } from './engine-process.js';
import { openDescriptors, residentBytes } from './process-facts.js';
import { until } from './until.js';

const MIB = 1_048_576;
const MAX_CANARY_P99_MS = 250;
/** On a machine that is busy with other things the canary is slow before the attack begins, too. */
const MAX_CANARY_SLOWDOWN = 8;
const BASELINE_MS = 500;
const RECOVERY_MS = 30_000;
const MAX_RSS_GROWTH = 0.15;
const MAX_RSS_GROWTH_BYTES = 20 * MIB;

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
  readonly #canary: Canary;
  readonly #stop: () => Promise<void>;

  private constructor(served: Served, url: string, canary: Canary, stop: () => Promise<void>) {
    this.served = served;
    this.url = url;
    this.#canary = canary;
    this.#stop = stop;
  }

  /** A whole server in auth dev. */
  static async gateway(
    settings: Readonly<Record<string, string>> = {},
    command: readonly string[] = [process.execPath],
  ): Promise<Target> {
    const server = await ServerProcess.start({ LONGWIRE_LOG_LEVEL: 'info', ...settings }, command);
    try {
      const greeting = JSON.stringify({ id: 1, type: 'connect', token: 'dev:canary' });
      const canary = await Canary.start({ url: server.gatewayUrl, greeting });
      return new Target(server, server.gatewayUrl, canary, () => server.remove());
    } catch (error) {
      await server.remove();
      throw error;
    }
  }

  /** The bare engine as an echo server. */
  static async engine(options: WebSocketOptions): Promise<Target> {
    const engine = await EngineProcess.start(options);
    try {
      const canary = await Canary.start({ url: engine.url });
      return new Target(engine, engine.url, canary, () => engine.stop());
    } catch (error) {
      await engine.stop();
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
   * and descriptors come back, and nothing was thrown that nobody caught.
   */
  async unharmed<Value>(attack: () => Promise<Value>, { extraBytes = 0 }: UnharmedOptions = {}): Promise<Value> {
    const { pid, served } = this;
    await this.#canary.take();
    await new Promise((resolve) => setTimeout(resolve, BASELINE_MS));
    const baselineP99Ms = percentile(await this.#canary.take(), 0.99);
    const before = { rssBytes: await residentBytes(pid), descriptors: await openDescriptors(pid) };

    const value = await attack();

    const samples = await this.#canary.take();
    expect(this.#canary.ended).toBeUndefined();
    const allowedMs = Math.max(MAX_CANARY_P99_MS, MAX_CANARY_SLOWDOWN * baselineP99Ms);
    expect(percentile(samples, 0.99), `canary p99 in ms of ${samples.length} answers`).toBeLessThan(allowedMs);
    expect({ pid: served.pid, isRunning: served.isRunning }).toEqual({ pid, isRunning: true });
    await until(
      async () => (await openDescriptors(pid)) <= before.descriptors + 1,
      `descriptors back to ${before.descriptors}`,
      RECOVERY_MS,
    );
    const allowedBytes = before.rssBytes * (1 + MAX_RSS_GROWTH) + MAX_RSS_GROWTH_BYTES + extraBytes;
    await until(
      async () => (await residentBytes(pid)) <= allowedBytes,
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
