// What an authenticator is asked, and what it answers.

import type { ErrorCode, UserId } from '@longwire/protocol';
import type { ProfileChange } from '../../channel/profile.js';

/** A user with valid credentials. */
export interface Authenticated {
  readonly ok: true;
  readonly user: UserId;
  /** How the user is shown to people from now on; undefined: as before. */
  readonly profile: ProfileChange | undefined;
  /** Claims that say how, and cannot be used. */
  readonly ignoredClaims: readonly string[];
  readonly role: 'admin' | undefined;
  /** Sent to the client: milliseconds since 1970 by which the session should be refreshed; undefined: never. */
  readonly expiresAt: number | undefined;
  /** `expiresAt` plus the tolerated difference of clocks: the credentials are valid until then. */
  readonly validUntil: number | undefined;
}

export interface AuthenticationRefusal {
  readonly ok: false;
  /** `unavailable`: the credentials could not be checked now, e.g. because the issuer's keys cannot be fetched. */
  readonly code: Extract<ErrorCode, 'unauthenticated' | 'token_expired' | 'unavailable'>;
  /** For the client: what was expected, what came, what to do. Holds nothing of the token. */
  readonly message: string;
  /** Name of the claim that the token was refused for, if it was one. */
  readonly claim?: string | undefined;
  /** With `unavailable`: how long to wait before another attempt, if that is known. */
  readonly afterMs?: number | undefined;
}

export type Authentication = Authenticated | AuthenticationRefusal;

/** What is known of a caller before any credential. */
export interface Caller {
  /** Request headers, names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly remoteAddress: string | undefined;
}

/** Checks credentials. One engine for each value of the setting `auth`. */
export interface Authenticator {
  /** For the banner, e.g. `jwt (HS256)`. */
  readonly description: string;
  /**
   * Checks a token. Never rejects: an internal failure is logged and returned as `unavailable`. Says nothing about
   * rights; those follow from the identity, elsewhere.
   */
  authenticate(token: string): Promise<Authentication>;
  /** Why this caller is refused before any credential, as a sentence for a 403; undefined if it is not. Checked on every HTTP request. */
  refuseCaller(caller: Caller): string | undefined;
}
