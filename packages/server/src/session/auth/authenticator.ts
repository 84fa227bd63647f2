// The words of sign-in: what is asked, and what can be the answer.

import type { ErrorCode, UserId } from '@longwire/protocol';

/** A user whose credentials were good. */
export interface Authenticated {
  readonly ok: true;
  readonly user: UserId;
  /** For people to read; says nothing about who it is. At most 128 characters without control characters. */
  readonly name: string | undefined;
  readonly role: 'admin' | undefined;
  /** Told to the client: milliseconds since 1970 at which the session should have been refreshed; undefined: never. */
  readonly expiresAt: number | undefined;
  /** Later than `expiresAt` by what clocks may differ: until then the credentials are good, after it they are not. */
  readonly validUntil: number | undefined;
}

export interface AuthenticationRefusal {
  readonly ok: false;
  /** `unavailable`: the credentials could not be judged now, e.g. because the issuer's keys cannot be had; come back. */
  readonly code: Extract<ErrorCode, 'unauthenticated' | 'token_expired' | 'unavailable'>;
  /** For the client: what was expected, what came, what to do. Holds nothing of the token. */
  readonly message: string;
  /** Name of the claim that the token was refused for, if it was one. */
  readonly claim?: string | undefined;
  /** Of `unavailable`: how long to wait before coming back, if that is known. */
  readonly afterMs?: number | undefined;
}

export type Authentication = Authenticated | AuthenticationRefusal;

/** What is known of a caller before any credential. */
export interface Caller {
  /** Request headers, names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly remoteAddress: string | undefined;
}

/** Judges credentials. One engine for each value of the setting `auth`. */
export interface Authenticator {
  /** For the banner, e.g. `jwt (HS256)`. */
  readonly description: string;
  /**
   * Judges a token. Never rejects: what goes wrong inside is logged and answered with `unavailable`.
   * Answers nothing about rights; those follow from the identity, elsewhere.
   */
  authenticate(token: string): Promise<Authentication>;
  /** Why this caller may not even ask, as a sentence for a 403; undefined if it may. Checked on every HTTP request. */
  refuseCaller(caller: Caller): string | undefined;
}
