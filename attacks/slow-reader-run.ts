// A reader that stops reading while many messages become due to it: what that costs the server and the other users.

import { residentBytes } from '@longwire/test-support/process-facts';
import { raisedRates } from '@longwire/test-support/raised-rates';
import { ServerProcess } from '@longwire/test-support/server-process';
import { WireClient, type WireMessage } from '@longwire/test-support/wire-client';

export interface SlowReaderOptions {
  /** What becomes due while the reader stands still. */
  readonly dueBytes: number;
  readonly bodyBytes: number;
  readonly pauseMs: number;
}

export interface SlowReaderReport {
  readonly messages: number;
  readonly baselineBytes: number;
  /** The highest resident memory of the server while and after the reader stood still. */
  readonly peakBytes: number;
  /** p99 of another pair's send → message, before and meanwhile. */
  readonly p99BeforeMs: number;
  readonly p99MeanwhileMs: number;
  /** Offsets that the slow reader was given, in order. */
  readonly offsets: readonly number[];
}

const CANARY_INTERVAL_MS = 20;

export async function runSlowReader(options: SlowReaderOptions): Promise<SlowReaderReport> {
  // A reader that stands still answers no ping either. What is asked here is what that costs, not when it is given up: with the
  // default grace the 45 s of the long form would be the very instant.
  const server = await ServerProcess.start({
    LONGWIRE_LOG_LEVEL: 'warn',
    LONGWIRE_LIMITS_HEARTBEAT_GRACE_MS: '60000',
    ...raisedRates,
  });
  let watch: NodeJS.Timeout | undefined;
  try {
    const sender = await WireClient.signIn(server.gatewayUrl, 'sender');
    const slow = await WireClient.signIn(server.gatewayUrl, 'slow');
    const canary = await Canary.start(server.gatewayUrl);
    const messages = Math.ceil(options.dueBytes / options.bodyBytes);
    const perSecond = (messages / options.pauseMs) * 1_000;

    // The same traffic while every reader reads: the difference is what the slow reader alone causes.
    const warm = Math.ceil(messages / 4);
    const isWarm = countOf(slow, warm);
    const canaryBefore = canary.runUntil(isWarm);
    await sendPaced(sender, { from: 0, to: warm, perSecond, bodyBytes: options.bodyBytes });
    await canaryBefore;
    const p99BeforeMs = canary.p99();
    const baselineBytes = await residentBytes(server.pid);

    slow.socket.pause();
    let peakBytes = baselineBytes;
    watch = setInterval(() => {
      void residentBytes(server.pid).then((bytes) => {
        peakBytes = Math.max(peakBytes, bytes);
      });
    }, 100);
    canary.reset();
    let isOver = false;
    const canaryMeanwhile = canary.runUntil(() => isOver);
    await sendPaced(sender, { from: warm, to: warm + messages, perSecond, bodyBytes: options.bodyBytes });
    slow.socket.resume();
    const hasAll = countOf(slow, warm + messages);
    while (!hasAll()) {
      if (slow.closed !== undefined) throw new Error(`the slow reader was closed with ${slow.closed.code}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    isOver = true;
    await canaryMeanwhile;
    const p99MeanwhileMs = canary.p99();
    const offsets = slow.ofType('message').map((message) => message['offset'] as number);
    return { messages: warm + messages, baselineBytes, peakBytes, p99BeforeMs, p99MeanwhileMs, offsets };
  } finally {
    clearInterval(watch);
    await server.remove();
  }
}

interface Pace {
  readonly from: number;
  readonly to: number;
  readonly perSecond: number;
  readonly bodyBytes: number;
}

/** Sends evenly over the time. Resolves when all of them were answered. */
async function sendPaced(sender: WireClient, { from, to, perSecond, bodyBytes }: Pace): Promise<void> {
  const body = 'x'.repeat(bodyBytes - 2);
  const startedAt = performance.now();
  for (let n = from; n < to; n += 1) {
    const dueMs = startedAt + ((n - from) / perSecond) * 1_000 - performance.now();
    if (dueMs > 1) await new Promise((resolve) => setTimeout(resolve, dueMs));
    sender.say({ id: n, type: 'send', to: 'user/slow', body });
  }
  await sender.find((message) => message.re === to - 1);
}

/** Whether `wanted` messages have come, without a walk through all of them each time. */
function countOf(client: WireClient, wanted: number): () => boolean {
  let seen = 0;
  let count = 0;
  return () => {
    for (; seen < client.received.length; seen += 1) if (client.received[seen]?.type === 'message') count += 1;
    return count >= wanted;
  };
}

/** Another pair of users: do they notice the slow reader? */
class Canary {
  readonly #from: WireClient;
  #latenciesMs: number[] = [];
  #waiting = new Map<number, number>();
  #next = 0;

  private constructor(from: WireClient, to: WireClient) {
    this.#from = from;
    to.socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as WireMessage;
      const sentAt = this.#waiting.get(message['body'] as number);
      if (sentAt === undefined) return;
      this.#waiting.delete(message['body'] as number);
      this.#latenciesMs.push(performance.now() - sentAt);
    });
  }

  static async start(url: string): Promise<Canary> {
    return new Canary(await WireClient.signIn(url, 'canary-a'), await WireClient.signIn(url, 'canary-b'));
  }

  async run(durationMs: number): Promise<void> {
    const end = performance.now() + durationMs;
    await this.runUntil(() => performance.now() >= end);
  }

  async runUntil(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const n = this.#next++;
      this.#waiting.set(n, performance.now());
      this.#from.say({ id: `canary${n}`, type: 'send', to: 'user/canary-b', body: n });
      await new Promise((resolve) => setTimeout(resolve, CANARY_INTERVAL_MS));
    }
  }

  reset(): void {
    this.#latenciesMs = [];
  }

  p99(): number {
    const sorted = [...this.#latenciesMs].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length * 0.99)] ?? 0;
  }
}
