// Refuses unknown names of options and settings, and says which known one was probably meant.
import { WebSocketError } from './errors.js';
import { nearestName } from './nearest-name.js';

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
    const nearest = nearestName(name, known);
    const advice = nearest === undefined ? `known are ${known.join(', ')}` : `did you mean ${prefix}${nearest}?`;
    throw new WebSocketError('invalid_option', `${prefix}${name} is not an option; ${advice}`);
  }
}
