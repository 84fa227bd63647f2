// The user of this tab. Kept in sessionStorage: a reload keeps the user, another tab may have another one.

import { parseGroupId, parseUserId } from '@longwire/protocol';

export type Identity =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'token'; readonly token: string };

const STORAGE_KEY = 'longwire.identity';

/** The token with which the SDK signs in. A name works only at servers with `auth: dev`. */
export function tokenFor(identity: Identity): string {
  return identity.kind === 'name' ? `dev:${identity.name}` : identity.token;
}

/** Whether the name is a user id. The server decides; this check saves a round trip and has a plain message. */
export function isPossibleName(name: string): boolean {
  return parseUserId(name) !== undefined;
}

/** Of a group, as `isPossibleName` of a user. */
export function isPossibleGroup(id: string): boolean {
  return parseGroupId(id) !== undefined;
}

export function loadIdentity(): Identity | undefined {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? 'null');
    return isIdentity(kept) ? kept : undefined;
  } catch {
    // Storage is forbidden, or holds what another version of the page wrote.
    return undefined;
  }
}

export function keepIdentity(identity: Identity | undefined): void {
  try {
    if (identity === undefined) sessionStorage.removeItem(STORAGE_KEY);
    else sessionStorage.setItem(STORAGE_KEY, JSON.stringify(identity));
  } catch {
    // Then a reload asks for the name again.
  }
}

function isIdentity(value: unknown): value is Identity {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false;
  if (value.kind === 'name') return 'name' in value && typeof value.name === 'string';
  return value.kind === 'token' && 'token' in value && typeof value.token === 'string';
}
