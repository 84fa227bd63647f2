// Damage of the store in the server's log: one line for each place, which may be met at every sign-in.

import { isCorrupt } from '../errors.js';
import type { Logger } from '../runtime/logger.js';

/** Places that are remembered as logged; beyond it the first ones are logged again. */
const MAX_PLACES = 1_000;

export class DamageLog {
  readonly #logger: Logger;
  readonly #logged = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Logs the damage, unless it was logged since this process began. False: `error` is something else. */
  report(error: unknown): boolean {
    if (!isCorrupt(error)) return false;
    const { message, offset } = error;
    if (this.#logged.has(message)) return true;
    if (this.#logged.size >= MAX_PLACES) {
      for (const oldest of this.#logged) {
        this.#logged.delete(oldest);
        break;
      }
    }
    this.#logged.add(message);
    this.#logger.error(
      { damage: message, offset },
      'A place of the store is damaged; everything around it is still served',
    );
    return true;
  }
}
