// The numbers that an endpoint's options and an open session's properties share, and their ranges.
import { EndpointError } from '../errors.js';

const DAY_MS = 86_400_000;
const GIB = 1024 ** 3;

const ranges = {
  idleTimeoutMs: { min: 0, max: 7 * DAY_MS },
  maxTextBytes: { min: 1, max: 2 * GIB - 1 },
  maxBinaryBytes: { min: 1, max: 2 * GIB - 1 },
} as const;

export type RangedName = keyof typeof ranges;

/** @throws EndpointError invalid_option. `where` is for the message. */
export function refuseOutOfRange(name: RangedName, value: unknown, where: string): asserts value is number {
  const { min, max } = ranges[name];
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return;
  throw new EndpointError(
    'invalid_option',
    `${where}: ${name} is a whole number from ${min} to ${max}, not ${typeof value === 'number' ? value : typeof value}`,
  );
}
