// Who a client is.
import { EndpointError } from '../errors.js';
import { kindOf } from '../option-checks.js';

/** Who a session belongs to, as the configurator's `authenticate` says. Any claim of the application may stand beside. */
export interface Principal {
  readonly name: string;
  readonly [claim: string]: unknown;
}

export class Guest {
  // So that no other object is assignable to the type.
  readonly #isGuest = true;

  toString(): string {
    return this.#isGuest ? 'guest' : '';
  }
}

/** What `authenticate` returns to accept an unknown client: the session has no principal. */
export const guest = new Guest();

/**
 * Takes what `authenticate` returned, which in JavaScript may be anything. Whatever is neither a principal nor
 * {@link guest} is an error, and the client is refused: `undefined` and `null` are what a failed look-up returns.
 * @throws EndpointError invalid_principal
 */
export function principalOf(returned: unknown): Principal | undefined {
  if (returned === guest) return undefined;
  if (typeof returned === 'object' && returned !== null && typeof (returned as Principal).name === 'string') {
    return returned as Principal;
  }
  const expected = 'return an object with a name, refuse(…), closeWith(…), or guest to accept an unknown client';
  throw new EndpointError('invalid_principal', `authenticate returned ${kindOf(returned)}; ${expected}`);
}
