// Tokens for servers in auth jwt, signed here by hand.

import { createHmac } from 'node:crypto';

/** HS256 (RFC 7515 §3.1). */
export function signedToken(secret: string, claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}
