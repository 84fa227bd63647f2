// A misspelt option would be left out without a word; in JavaScript nothing else tells.

import { invalidField } from '../errors.js';

/** @throws LongwireError `invalid_field`: no object, or one with a name that is not `known`, told with the nearest that is */
export function checkOptionNames(input: object, known: readonly string[]): void {
  if (typeof input !== 'object' || input === null) throw invalidField(`Options must be an object, got ${input}`);
  for (const name of Object.keys(input)) {
    if (known.includes(name)) continue;
    const alike = known.find((other) => other.toLowerCase() === name.toLowerCase());
    throw invalidField(
      `There is no option ${name}; ${alike ? `did you mean ${alike}?` : `there are ${known.join(', ')}`}`,
    );
  }
}
