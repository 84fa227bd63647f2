// Ids that nobody can guess and that never meet: sessions, epochs, keys.

import { randomBytes } from 'node:crypto';

/**
 * A random id in base64url (`A-Za-z0-9_-`), from the system's cryptographic source.
 * @param bytes  how much randomness; 16 (128 bits, 22 characters) unless told, which is enough to be a secret
 */
export function randomId(bytes = 16): string {
  return randomBytes(bytes).toString('base64url');
}
