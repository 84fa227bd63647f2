// Masking keys. RFC 6455 §5.3: fresh for every frame, unpredictable, from a strong source of entropy.
import { randomFillSync } from 'node:crypto';

// One call for 2 048 keys: a call for each costs more than the frame it masks.
const POOL_KEYS = 2048;

let pool: Uint32Array | undefined;
let used = POOL_KEYS;

/** A new masking key: 32 random bits as one number. No key is ever given out twice from the pool. */
export function nextMaskKey(): number {
  if (pool === undefined || used === POOL_KEYS) {
    pool ??= new Uint32Array(POOL_KEYS);
    randomFillSync(pool);
    used = 0;
  }
  const key = pool[used]!;
  // A key that was used is not kept: reading this memory later reveals nothing about it.
  pool[used++] = 0;
  return key;
}
