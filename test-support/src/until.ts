// Waiting for a condition instead of guessing how long something takes.

const FIRST_POLL_MS = 1;
const LAST_POLL_MS = 20;
const POLLS_PER_STEP = 10;

/**
 * Resolves with the first truthy value of `condition`, which is evaluated again every few milliseconds.
 * A gap between two evaluations counts as the planned pause at most twice over: time in which the machine did not run this
 * process is not charged to the program under test.
 * @param what shown in the error; default: the source text of the condition
 * @throws Error naming `what` after `withinMs` (default 20 s)
 */
export async function until<Value>(
  condition: () => Value | Promise<Value>,
  what: string | (() => string) = condition.toString(),
  withinMs = 20_000,
): Promise<Exclude<Value, false | null | undefined | 0 | ''>> {
  let waitedMs = 0;
  let checkedAt = performance.now();
  for (let polls = 0; ; polls += 1) {
    const value = await condition();
    if (value) return value as Exclude<Value, false | null | undefined | 0 | ''>;
    if (waitedMs >= withinMs) throw new Error(`not within ${withinMs} ms: ${typeof what === 'string' ? what : what()}`);
    const pauseMs = Math.min(LAST_POLL_MS, FIRST_POLL_MS + polls / POLLS_PER_STEP);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    const now = performance.now();
    waitedMs += Math.min(now - checkedAt, 2 * pauseMs);
    checkedAt = now;
  }
}

/** Resolves when `read` has returned the same number for `forMs`. */
export async function untilSteady(read: () => number, forMs = 500): Promise<void> {
  let [last, since] = [read(), performance.now()];
  await until(() => {
    if (read() !== last) [last, since] = [read(), performance.now()];
    return performance.now() - since > forMs;
  }, `${read} to stay the same for ${forMs} ms`);
}

/** Resolves after one turn of the event loop: every promise that can settle by itself has done so. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
