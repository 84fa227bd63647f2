// Flags that are durations such as 12h, and times that may be given as one.

import { InvalidArgumentError } from 'commander';

/** A hundred years: far below the largest time that a date can hold. */
const MAX_SECONDS = 36_500 * 86_400;

/**
 * The seconds of a duration such as 30s, 15m, 1h or 7d.
 * @throws InvalidArgumentError  not a duration from 1s to 36500d
 */
export function parseDuration(text: string): number {
  const seconds = secondsOf(text);
  if (seconds === undefined) throw new InvalidArgumentError('Expected a duration such as 30s, 15m, 1h or 7d.');
  if (seconds >= 1 && seconds <= MAX_SECONDS) return seconds;
  throw new InvalidArgumentError('Expected 1s to 36500d.');
}

/**
 * A time in the future as Unix milliseconds: a duration from now, a date (its beginning in UTC), or a date and time with a
 * zone.
 * @throws InvalidArgumentError  not such a time, or not in the future
 */
export function parseFutureTime(text: string, nowMs: number): number {
  const time = secondsOf(text) === undefined ? dateOf(text) : nowMs + parseDuration(text) * 1_000;
  if (Number.isNaN(time)) {
    throw new InvalidArgumentError('Expected a time such as 12h, 7d, 2030-12-31 or 2030-12-31T18:00Z.');
  }
  if (time > nowMs) return time;
  throw new InvalidArgumentError(`Expected a time in the future, and ${new Date(time).toISOString()} is past.`);
}

function secondsOf(text: string): number | undefined {
  const match = /^(\d{1,9})([smhd])$/.exec(text);
  const unitSeconds = { s: 1, m: 60, h: 3_600, d: 86_400 }[match?.[2] ?? ''];
  return match === null || unitSeconds === undefined ? undefined : Number(match[1]) * unitSeconds;
}

/** NaN if it is none. Without a zone, a time would mean another instant on each machine. */
function dateOf(text: string): number {
  const isDate = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text);
  return isDate ? Date.parse(text) : Number.NaN;
}
