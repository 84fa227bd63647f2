// Damage of the store in the server's log: one line for each place, because whoever meets it meets it at every sign-in.

import { isCorrupt } from '../errors.js';
import type { Logger } from '../runtime/logger.js';

/** Places that are remembered as told; beyond it the first ones are told again. */
const MAX_PLACES = 1_000;

export class DamageLog {
  readonly #logger: Logger;
  readonly #told = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Logs the damage, unless it was logged since this process began. False: `error` is something else. */
  report(error: unknown): boolean {
    if (!isCorrupt(error)) return false;
    const { message, offset } = error;
    if (this.#told.has(message)) return true;
    if (this.#told.size >= MAX_PLACES) {
      for (const oldest of this.#told) {
        this.#told.delete(oldest);
        break;
      }
    }
    this.#told.add(message);
    this.#logger.error({ damage: message, offset }, 'a place of the store is damaged; what lies around it is served');
    return true;
  }
}
