// The outside of a JWT: size, shape and header, checked before any key is used.

import { hasDuplicateMember } from './duplicate-member.js';

export type JwtAlgorithm = 'HS256' | 'RS256' | 'ES256' | 'EdDSA';

export type InspectedJwt =
  | { readonly ok: true; readonly algorithm: JwtAlgorithm }
  | { readonly ok: false; readonly message: string };

const algorithms: ReadonlySet<string> = new Set<JwtAlgorithm>(['HS256', 'RS256', 'ES256', 'EdDSA']);

// Members by which a token brings its own key, or names the place to fetch one from (RFC 7515 §4.1.2, .3, .5, .6), and
// `crit`, which asks for extensions we have none of (§4.1.11). A key comes from the configuration, never from a token.
const refusedMembers = ['jku', 'jwk', 'x5u', 'x5c', 'crit', 'b64', 'zip', 'enc'];

/** RFC 8725 §3.11: what was signed for another purpose (`logout+jwt`, `dpop+jwt`, …) is not a token to sign in with. */
const acceptedTypes: ReadonlySet<string> = new Set(['jwt', 'at+jwt', 'application/jwt', 'application/at+jwt']);

const MAX_KID_CHARACTERS = 256;

/** Three parts in base64url. The last may be empty here, so that `none` is refused by its name. */
const shape = /^([\w-]+)\.([\w-]+)\.([\w-]*)$/;

/** Whether the token may be given to a key, and the one algorithm it may be verified with. */
export function inspectJwt(token: string, maxBytes: number): InspectedJwt {
  // All characters are checked to be ASCII below, so the length is the number of bytes.
  if (token.length > maxBytes) return refuse(`The token is larger than ${maxBytes} bytes (limits.tokenBytes)`);
  if (token.startsWith('dev:'))
    return refuse('Tokens such as dev:alice work with auth dev only; this server wants a JWT');
  const parts = shape.exec(token);
  if (parts === null) return refuse('The token is not a signed JWT: three parts in base64url with dots between');
  const header = decodeObject(parts[1] ?? '');
  if (header === undefined) return refuse('The header of the token is not a JSON object');
  const { alg, kid, typ } = header;
  if (typeof alg !== 'string' || !algorithms.has(alg)) {
    return refuse('The algorithm of the token must be HS256, RS256, ES256 or EdDSA');
  }
  const refused = refusedMembers.find((name) => Object.hasOwn(header, name));
  if (refused !== undefined) return refuse(`The header of the token must not have "${refused}"`);
  if (typ !== undefined && (typeof typ !== 'string' || !acceptedTypes.has(typ.toLowerCase()))) {
    return refuse('The type (typ) of the token must be JWT or at+jwt');
  }
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > MAX_KID_CHARACTERS)) {
    return refuse(`The key id (kid) of the token must be a text of at most ${MAX_KID_CHARACTERS} characters`);
  }
  if (decodeObject(parts[2] ?? '') === undefined) {
    return refuse('The claims of the token are not a JSON object in which every name stands once');
  }
  if (parts[3] === '') return refuse('The token has no signature');
  return { ok: true, algorithm: alg as JwtAlgorithm };
}

// Parsers differ in which of two equal names they take, so a token with both is not one statement (RFC 7519 §4).
function decodeObject(part: string): Record<string, unknown> | undefined {
  const text = Buffer.from(part, 'base64url').toString('utf8');
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject && !hasDuplicateMember(text) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function refuse(message: string): InspectedJwt {
  return { ok: false, message };
}
