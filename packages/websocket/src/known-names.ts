// Option objects with unknown names: rejected, with a proposal for the name that was probably meant.
import { WebSocketError } from './errors.js';

/** Why `assertKnownNames` throws. */
export type OptionFault = 'not_an_object' | 'unknown_name';

export interface KnownNamesOptions {
  /** Makes the error that is thrown. Default: a WebSocketError `invalid_option`. */
  readonly errorFor?: (fault: OptionFault, message: string) => Error;
  /** Advice for a certain unknown name, in place of the nearest known one. */
  readonly adviceFor?: (name: string) => string | undefined;
}

/**
 * Asserts that `given` is an object with no own keys but those in `known`.
 * @param where names the object in the message: `dial`, `endpoint /chat`
 * @throws what `errorFor` returns, for the first unknown key
 */
export function assertKnownNames(
  given: object,
  known: readonly string[],
  where: string,
  { errorFor = invalidOption, adviceFor }: KnownNamesOptions = {},
): void {
  if (typeof given !== 'object' || given === null) {
    throw errorFor('not_an_object', `${where}: options are an object, not ${nameOf(given)}`);
  }
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    const advice = adviceFor?.(name) ?? adviceOf(nearestName(name, known), known);
    throw errorFor('unknown_name', `${where} has no option "${name}"; ${advice}`);
  }
}

function invalidOption(_fault: OptionFault, message: string): Error {
  return new WebSocketError('invalid_option', message);
}

function adviceOf(nearest: string | undefined, known: readonly string[]): string {
  return nearest === undefined ? `known are ${known.join(', ')}` : `did you mean "${nearest}"?`;
}

function nameOf(given: unknown): string {
  return given === null || given === undefined ? String(given) : `a ${typeof given}`;
}

/**
 * The one of `names` that `name` was probably meant to be: the fewest letters to add, drop, change or swap, ignoring case.
 * Undefined if none is close.
 * @param maxEdits Default a third of the letters: `chekOrigin` is a slip for `checkOrigin`, `originCheck` is not
 */
export function nearestName(
  name: string,
  names: Iterable<string>,
  maxEdits = Math.max(1, Math.floor(name.length / 3)),
): string | undefined {
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let bestDistance = maxEdits + 1;
  for (const candidate of names) {
    // A candidate whose length alone differs by more than the best distance need not be compared.
    if (Math.abs(candidate.length - wanted.length) >= bestDistance) continue;
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Optimal string alignment: the edit distance in which two swapped neighbours count as one. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const isSame = a[row - 1] === b[column - 1];
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (isSame ? 0 : 1),
      );
      const isSwap = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (isSwap) cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}
