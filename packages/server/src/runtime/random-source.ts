// The system's cryptographic source of random bytes.

import { randomFillSync } from 'node:crypto';

export function fillRandom(bytes: Uint8Array): void {
  randomFillSync(bytes);
}
