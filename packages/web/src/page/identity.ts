// Who is signed in in this tab. Kept in sessionStorage: a reload stays who it was, another tab is somebody else.

export type Identity =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'token'; readonly token: string };

const STORAGE_KEY = 'longwire.identity';

/** The token that the SDK is to sign in with. A name works at servers with `auth: dev` only. */
export function tokenFor(identity: Identity): string {
  return identity.kind === 'name' ? `dev:${identity.name}` : identity.token;
}

/** Whether any server could know this user. The server decides; this spares a round trip and says it in plain words. */
export function isPossibleName(name: string): boolean {
  return name !== '' && new TextEncoder().encode(name).length <= 128 && !/[\s/\p{Cc}]/u.test(name);
}

export function loadIdentity(): Identity | undefined {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? 'null');
    return isIdentity(kept) ? kept : undefined;
  } catch {
    // Storage is forbidden, or holds what another version left.
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
