// Refuses unknown names in option objects and says which known one was probably meant.
import { nearestName } from '@longwire/websocket';
import { EndpointError } from './errors.js';

/**
 * Throws invalid_option for what is no object, and unknown_option for the first own key of `given` that is not in
 * `known`. `where` names the object in the message.
 */
export function refuseUnknownNames(given: object, known: readonly string[], where: string): void {
  if (typeof given !== 'object' || given === null) {
    throw new EndpointError('invalid_option', `${where}: options are an object, not ${nameOf(given)}`);
  }
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    const nearest = nearestName(name, known);
    const advice = nearest === undefined ? `known are ${known.join(', ')}` : `did you mean "${nearest}"?`;
    throw new EndpointError('unknown_option', `${where} has no option "${name}"; ${advice}`);
  }
}

function nameOf(given: unknown): string {
  return given === null ? 'null' : `a ${typeof given}`;
}
