// A healthy connection beside an attack: does it still get its answers, and how fast?

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

export interface CanaryOptions {
  readonly url: string;
  /** Said first; its answer is awaited. Default: nothing. */
  readonly greeting?: string | undefined;
  /** Has one answer. Default: the bare text `ping`, which the gateway answers with `pong`, an echo server with itself. */
  readonly question?: string;
}

export interface CanaryReport {
  /** Round trips since the last report. */
  readonly latenciesMs: readonly number[];
  /** How long the canary's thread was ever ready and not let run. */
  readonly keptWaitingMs: number;
}

const INTERVAL_MS = 10;

type Report =
  | { readonly type: 'ready' }
  | ({ readonly type: 'latencies' } & CanaryReport)
  | { readonly type: 'ended'; readonly why: string };

export class Canary {
  readonly #worker: Worker;
  /** Why it has no connection any more. */
  ended: string | undefined;

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (report: Report) => {
      if (report.type === 'ended') this.ended = report.why;
    });
  }

  /** Resolves once it has begun to ask. */
  static async start(options: CanaryOptions): Promise<Canary> {
    const worker = new Worker(new URL('./canary-worker.mjs', import.meta.url), {
      workerData: { question: 'ping', ...options, intervalMs: INTERVAL_MS },
    });
    const canary = new Canary(worker);
    const [first] = (await once(worker, 'message')) as [Report];
    if (first.type === 'ended') throw new Error(`the canary could not connect: ${first.why}`);
    return canary;
  }

  /** What it saw since the last call. */
  async take(): Promise<CanaryReport> {
    const answer = new Promise<CanaryReport>((resolve) => {
      const listen = (report: Report): void => {
        if (report.type !== 'latencies') return;
        this.#worker.off('message', listen);
        resolve(report);
      };
      this.#worker.on('message', listen);
    });
    this.#worker.postMessage('take');
    return answer;
  }

  async stop(): Promise<void> {
    const gone = once(this.#worker, 'exit');
    this.#worker.postMessage('end');
    await gone;
  }
}

export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
