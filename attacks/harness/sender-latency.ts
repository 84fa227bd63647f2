// What others notice of an attack on the store: how long a well-behaved user waits for `sent`.

import { keptWaitingMs } from '@longwire/test-support/process-facts';
import { stretched } from '@longwire/test-support/stretched';
import { expect } from 'vitest';
import { percentile, startCanary } from './canary.js';
import type { Target } from './target.js';

const QUIET_MS = 500;
const MAX_SENT_MS = 100;
/** On a machine that is busy with other things a send is slow before the attack begins, too. */
const MAX_SLOWDOWN = 8;
/** The time for which the machine ran neither server nor sender does not count; up to this much of it, on a quiet machine. */
const MAX_WAITED_MS = 500;
/** The slowest answers are those for which the disk of the machine made a commit wait; an attack slows down all of them. */
const QUANTILE = 0.9;

/** Sends one message after the other, first in quiet and then while `attack` runs: `sent` must not take much longer. */
export async function sendsUnharmed(target: Target, attack: () => Promise<unknown>): Promise<void> {
  const sender = await startCanary({
    url: target.url,
    greeting: '{"id":1,"type":"connect","token":"dev:bystander"}',
    question: '{"id":2,"type":"send","to":"user/friend","body":1}',
  });
  try {
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    const quiet = await sender.take();
    const quietMs = percentile(quiet.latenciesMs, QUANTILE);
    const before = quiet.keptWaitingMs + (await keptWaitingMs(target.pid));
    // Measured before the attack: what the attack does to the machine is not excused.
    const [maxSentMs, maxWaitedMs] = [stretched(MAX_SENT_MS), stretched(MAX_WAITED_MS)];
    await attack();
    const during = await sender.take();
    expect(sender.ended).toBeUndefined();
    const waitedMs = during.keptWaitingMs + (await keptWaitingMs(target.pid)) - before;
    const { latenciesMs } = during;
    const tookMs = percentile(latenciesMs, QUANTILE);
    process.stdout.write(`sent takes ${Math.round(tookMs)} ms, ${Math.round(quietMs)} ms when it is quiet\n`);
    const allowedMs = Math.max(maxSentMs, MAX_SLOWDOWN * quietMs) + Math.min(waitedMs, maxWaitedMs);
    expect(tookMs, `sent, ms of ${latenciesMs.length} answers`).toBeLessThan(allowedMs);
  } finally {
    await sender.stop();
  }
}
