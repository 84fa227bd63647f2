// Refuses unknown names of options and settings, and says which known one was probably meant.
import { WebSocketError } from './errors.js';

/**
 * Throws for the first own key of `given` that is not in `known`. `prefix` stands before the names in the message.
 * @throws WebSocketError `invalid_option`
 */
export function refuseUnknownNames(given: object, known: readonly string[], prefix: string): void {
  if (typeof given !== 'object' || given === null) {
    throw new WebSocketError('invalid_option', `${prefix || 'options '}must be an object, not ${String(given)}`);
  }
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    throw new WebSocketError(
      'invalid_option',
      `${prefix}${name} is not an option; did you mean ${prefix}${nearestName(name, known)}?`,
    );
  }
}

/** The known name with the fewest edits from `name`, if they are not more than `maxEdits`. */
export function nearestName(
  name: string,
  known: readonly string[],
  maxEdits = Number.POSITIVE_INFINITY,
): string | undefined {
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance > maxEdits || distance >= bestDistance) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
}

function editDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const current = [i];
    for (let j = 1; j <= right.length; j++) {
      const swap = left[i - 1] === right[j - 1] ? 0 : 1;
      current.push(Math.min((previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + swap));
    }
    previous = current;
  }
  return previous[right.length] ?? 0;
}
