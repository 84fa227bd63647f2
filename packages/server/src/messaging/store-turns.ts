// Calls to the store that a user's command causes: a few at a time, the users in turn.

import { ServerError } from '../errors.js';
import { FairTurns } from '../runtime/fair-turns.js';
import type { RefusalCounter } from '../runtime/refusal-counter.js';

/** Enough that the storage thread finds the next call when it has done one; more would only wait there, out of turn. */
const CALLS_AT_WORK = 16;

export class StoreTurns {
  readonly #turns: FairTurns;

  readonly #refusals: RefusalCounter;

  /** @param maxWaiting  `limits.storeCalls` */
  constructor(maxWaiting: number, refusals: RefusalCounter) {
    this.#refusals = refusals;
    this.#turns = new FairTurns({ atWork: CALLS_AT_WORK, atWorkPerParty: 1, waiting: maxWaiting });
  }

  /**
   * Makes the call when it is the user's turn: one at a time for each of them. A call should take a few milliseconds at
   * most, since the others wait for it; what takes longer is cut into slices, with a call for each.
   * @throws (rejects) ServerError `overloaded` if too many calls wait, or what the call rejects with
   */
  async run<Result>(user: string, call: () => Promise<Result>): Promise<Result> {
    const turn = this.#turns.take(user);
    try {
      if (await turn.granted) return await call();
      this.#refusals.count('limits.storeCalls');
      throw new ServerError('overloaded', 'too many calls wait for the store');
    } finally {
      turn.end();
    }
  }
}
