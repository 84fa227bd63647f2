// Timers and randomness, which browsers, workers and Node share. Declared here, because this file is compiled without
// the types of any of them.

import type { PlatformTimer } from './platform.js';

declare function setTimeout(run: () => void, delayMs: number): unknown;
declare function clearTimeout(timer: unknown): void;
declare const crypto: { getRandomValues(bytes: Uint8Array): void };

// setTimeout fires at once if its delay exceeds a signed 32-bit number.
const MAX_DELAY_MS = 2 ** 31 - 1;

export function startTimer(delayMs: number, run: () => void): PlatformTimer {
  let timer: unknown;
  const wait = (leftMs: number) => {
    const stepMs = Math.min(leftMs, MAX_DELAY_MS);
    timer = setTimeout(() => (leftMs > stepMs ? wait(leftMs - stepMs) : run()), stepMs);
  };
  wait(delayMs);
  return { cancel: () => clearTimeout(timer) };
}

/** `getRandomValues` instead of `randomUUID`, because insecure origins have it too. */
export function fillRandom(bytes: Uint8Array): void {
  crypto.getRandomValues(bytes);
}
