// Flags that are durations in milliseconds, limited to what a timer can wait.

import { InvalidArgumentError } from 'commander';

/** Timers count in 32 bits: beyond it setTimeout fires at once, and AbortSignal.timeout throws beyond twice as much. */
export const MAX_WAIT_MS = 2 ** 31 - 1;

/**
 * A whole number of milliseconds.
 * @throws InvalidArgumentError  not a number, below `min` or above `MAX_WAIT_MS`
 */
export function parseMilliseconds(text: string, { min }: { readonly min: number }): number {
  const milliseconds = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (milliseconds >= min && milliseconds <= MAX_WAIT_MS) return milliseconds;
  throw new InvalidArgumentError(`Expected a whole number of milliseconds from ${min} to ${MAX_WAIT_MS}.`);
}

/**
 * How long to wait for a server: 1 ms at least.
 * @throws InvalidArgumentError  as `parseMilliseconds`
 */
export function parseTimeout(text: string): number {
  return parseMilliseconds(text, { min: 1 });
}
