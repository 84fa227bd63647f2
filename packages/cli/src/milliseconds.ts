// A flag that is a time: read once, within what a timer can wait.

import { InvalidArgumentError } from 'commander';

/** Timers count in 32 bits: setTimeout fires at once beyond it, AbortSignal.timeout throws beyond twice as much. */
export const MAX_WAIT_MS = 2 ** 31 - 1;

/**
 * A whole number of milliseconds.
 * @throws InvalidArgumentError below `min`, above `MAX_WAIT_MS`, or no number
 */
export function parseMilliseconds(text: string, { min }: { readonly min: number }): number {
  const milliseconds = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (milliseconds >= min && milliseconds <= MAX_WAIT_MS) return milliseconds;
  throw new InvalidArgumentError(`A whole number of milliseconds from ${min} to ${MAX_WAIT_MS}.`);
}
