// Refuses unknown names in option objects and says which known one was probably meant.
import { EndpointError } from './errors.js';

/**
 * Throws INVALID_OPTION for what is no object, and UNKNOWN_OPTION for the first own key of `given` that is not in
 * `known`. `where` names the object in the message.
 */
export function refuseUnknownNames(given: object, known: readonly string[], where: string): void {
  if (typeof given !== 'object' || given === null) {
    throw new EndpointError('INVALID_OPTION', `${where}: options are an object, not ${nameOf(given)}`);
  }
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    const nearest = nearestName(name, known);
    const advice = nearest === undefined ? `known are ${known.join(', ')}` : `did you mean "${nearest}"?`;
    throw new EndpointError('UNKNOWN_OPTION', `${where} has no option "${name}"; ${advice}`);
  }
}

function nameOf(given: unknown): string {
  return given === null ? 'null' : `a ${typeof given}`;
}

/** The known name with the fewest edits from `name`, or undefined when nothing is near enough to be a slip. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const wanted = name.toLowerCase();
  let best: string | undefined;
  // A third of the name may be wrong: `originCheck` is another idea, `chekOrigin` a slip.
  let bestDistance = Math.floor(Math.max(name.length, 3) / 3) + 1;
  for (const candidate of known) {
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein distance, row by row. */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const substitution = (previous[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      current[column] = Math.min(substitution, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1);
    }
    previous = current;
  }
  return previous[to.length] ?? 0;
}
