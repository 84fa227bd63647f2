// The user that a token names. Read, not verified: it selects a device id and detects another user early. The server
// decides who is signed in.

import { decodeBase64 } from '@longwire/protocol';

const DEV_PREFIX = 'dev:';

/** The `sub` of a JWT, or the user of a `dev:` token. Undefined if neither can be read. */
export function tokenSubject(token: string): string | undefined {
  if (token.startsWith(DEV_PREFIX)) return token.slice(DEV_PREFIX.length);
  const [, payload, signature, ...rest] = token.split('.');
  if (payload === undefined || signature === undefined || rest.length > 0) return undefined;
  try {
    const claims: unknown = JSON.parse(textOfBase64Url(payload));
    const subject = typeof claims === 'object' && claims !== null && 'sub' in claims ? claims.sub : undefined;
    return typeof subject === 'string' ? subject : undefined;
  } catch {
    return undefined;
  }
}

function textOfBase64Url(text: string): string {
  const standard = text.replaceAll('-', '+').replaceAll('_', '/');
  const bytes = decodeBase64(standard.padEnd(Math.ceil(standard.length / 4) * 4, '=')) ?? new Uint8Array();
  let escaped = '';
  for (const byte of bytes) escaped += `%${byte.toString(16).padStart(2, '0')}`;
  return decodeURIComponent(escaped);
}
