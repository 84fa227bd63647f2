// Random ids: sessions, devices, idempotency keys.

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const LENGTH = 22;

/**
 * A random id of 22 characters of the base64url alphabet: 132 bits, enough for a secret.
 * @param fillRandom  fills an array from a cryptographic source
 */
export function randomId(fillRandom: (bytes: Uint8Array) => void): string {
  const bytes = new Uint8Array(LENGTH);
  fillRandom(bytes);
  let text = '';
  // 256 is a multiple of 64, so all characters are equally likely.
  for (const byte of bytes) text += alphabet.charAt(byte & 63);
  return text;
}
