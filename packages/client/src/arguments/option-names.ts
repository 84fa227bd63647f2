// Refuses misspelt options, which JavaScript would ignore.

import { LongwireError } from '../errors.js';

/** @throws LongwireError `invalid_field`: not an object, or a name that is not `known`; the message has the nearest one */
export function assertOptionNames(input: object, known: readonly string[]): void {
  if (typeof input !== 'object' || input === null)
    throw new LongwireError('invalid_field', `Options must be an object, got ${input}`);
  for (const name of Object.keys(input)) {
    if (known.includes(name)) continue;
    const alike = known.find((other) => other.toLowerCase() === name.toLowerCase());
    throw new LongwireError(
      'invalid_field',
      `There is no option ${name}; ${alike ? `did you mean ${alike}?` : `there are ${known.join(', ')}`}`,
    );
  }
}
