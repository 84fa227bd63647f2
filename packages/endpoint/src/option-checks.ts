// The checks that option objects have in common: known names, and whole numbers within a range.
import { assertKnownNames as assertNames } from '@longwire/websocket';
import { EndpointError } from './errors.js';

/**
 * `where` names the object in the messages.
 * @throws EndpointError invalid_option if `given` is not an object, unknown_option for its first own key that is not in
 *   `known`
 */
export function assertKnownNames(given: object, known: readonly string[], where: string): void {
  assertNames(given, known, where, {
    errorFor: (fault, message) =>
      new EndpointError(fault === 'unknown_name' ? 'unknown_option' : 'invalid_option', message),
  });
}

export interface Range {
  readonly min: number;
  readonly max: number;
}

export const dayMs = 86_400_000;
const gibibyte = 1024 ** 3;

/** Of the options that are also properties of an open session. */
export const sessionRanges = {
  idleTimeoutMs: { min: 0, max: 7 * dayMs },
  maxTextBytes: { min: 1, max: 2 * gibibyte - 1 },
  maxBinaryBytes: { min: 1, max: 2 * gibibyte - 1 },
} as const;

/** The longest delay of a timer of Node. */
export const maxTimerMs = 2 ** 31 - 1;

/** @throws EndpointError invalid_option. `where` and `name` are for the message. */
export function assertWholeNumber(
  name: string,
  value: unknown,
  { min, max }: Range,
  where: string,
): asserts value is number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return;
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `from ${min} to ${max}`;
  const given = typeof value === 'number' ? value : kindOf(value);
  throw new EndpointError('invalid_option', `${where}: ${name} is a whole number ${range}, not ${given}`);
}

/** What a value is, for messages: `null`, `a string`, `an object`, `a Date`. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  const kind = typeof value === 'object' ? classNameOf(value) : typeof value;
  return /^[aeiou]/i.test(kind) ? `an ${kind}` : `a ${kind}`;
}

function classNameOf(value: object): string {
  try {
    const { name } = value.constructor;
    return typeof name !== 'string' || name === '' || name === 'Object' ? 'object' : name;
  } catch {
    // Without a prototype, or one whose getter throws.
    return 'object';
  }
}
