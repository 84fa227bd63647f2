// Healthy connections beside an attack: do they still get their answers and messages, and how fast?

import { WorkerPeer } from './worker-peer.js';

export interface CanaryOptions {
  readonly url: string;
  /** Sent first; its answer is awaited. Default: nothing. */
  readonly greeting?: string | undefined;
  /** Has one answer. Default: the bare text `ping`, which the gateway answers with `pong`, an echo server with itself. */
  readonly question?: string;
}

export interface CanaryReport {
  /** Round trips since the last report. */
  readonly latenciesMs: readonly number[];
  /** For how long in all the canary's thread was ready and not running. */
  readonly keptWaitingMs: number;
}

export interface CanaryPairOptions {
  readonly url: string;
  readonly senderToken: string;
  /** User id. */
  readonly recipient: string;
  readonly recipientToken: string;
  /** Between two messages; they are sent at fixed times, however late the ones before arrive. */
  readonly everyMs: number;
}

export interface CanaryPairReport {
  /** From the planned time of a message to its arrival, since the last report. */
  readonly latenciesMs: readonly number[];
  /** Errors in all that the sender was answered with. */
  readonly refused: number;
}

/** One connection that asks one thing at a time. */
export function startCanary(options: CanaryOptions): Promise<WorkerPeer<CanaryReport>> {
  return WorkerPeer.start(new URL('./canary-worker.mjs', import.meta.url), {
    question: 'ping',
    ...options,
    intervalMs: 10,
  });
}

/** One user who sends to another. */
export function startCanaryPair(options: CanaryPairOptions): Promise<WorkerPeer<CanaryPairReport>> {
  return WorkerPeer.start(new URL('./canary-pair-worker.mjs', import.meta.url), options);
}

export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
