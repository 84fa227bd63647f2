// Ids that nobody guesses and nobody else makes: idempotency keys and device ids.

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const LENGTH = 22;

/** 22 characters of the URL alphabet: 132 random bits. */
export function randomId(fillRandom: (bytes: Uint8Array) => void): string {
  const bytes = new Uint8Array(LENGTH);
  fillRandom(bytes);
  let text = '';
  // 256 is a multiple of 64, so no character is more likely than another.
  for (const byte of bytes) text += alphabet.charAt(byte & 63);
  return text;
}
