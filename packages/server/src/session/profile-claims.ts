// What becomes of the names and pictures that tokens carry.

import type { UserProfiles } from '../messaging/user-profiles.js';
import type { FailureLog } from '../runtime/failure-log.js';
import type { Authenticated } from './authenticate.js';
import type { RefusalLog } from './limits/refusal-log.js';

export interface ProfileClaimsParts {
  readonly profiles: UserProfiles;
  readonly failures: FailureLog;
  readonly refusals: RefusalLog;
}

export class ProfileClaimsRule {
  readonly #parts: ProfileClaimsParts;

  constructor(parts: ProfileClaimsParts) {
    this.#parts = parts;
  }

  /** They were stored, and reported, with the device. */
  signedIn(who: Authenticated): void {
    this.#reportIgnored(who);
  }

  /** Where they cannot be stored, the session goes on all the same: the next token has them again. */
  refreshed(who: Authenticated): void {
    this.#reportIgnored(who);
    const { user, profile } = who;
    if (profile === undefined) return;
    this.#parts.profiles.change(user, profile).catch((error: unknown) => {
      this.#parts.failures.report('The name or picture of a user could not be stored', error, { user });
    });
  }

  #reportIgnored({ user, ignoredClaims }: Authenticated): void {
    for (const claim of ignoredClaims) {
      const message = `The claim ${claim} of the token cannot be used: a name is a text, a picture an http: or https: URL`;
      this.#parts.refusals.report('ignoredClaim', { user }, { code: 'invalid_field', message, claim });
    }
  }
}
