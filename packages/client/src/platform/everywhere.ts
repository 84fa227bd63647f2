// What browsers, workers and Node have alike. Declared here: this file is compiled with the types of none of them.

import type { Timer } from './platform.js';

declare function setTimeout(run: () => void, delayMs: number): unknown;
declare function clearTimeout(timer: unknown): void;
declare const crypto: { getRandomValues(bytes: Uint8Array): void };
declare const TextEncoder: new () => { encode(text: string): Uint8Array };

// A longer delay overflows a signed 32-bit number and fires at once.
const MAX_DELAY_MS = 2 ** 31 - 1;

export function startTimer(delayMs: number, run: () => void): Timer {
  let timer: unknown;
  const wait = (leftMs: number) => {
    const stepMs = Math.min(leftMs, MAX_DELAY_MS);
    timer = setTimeout(() => (leftMs > stepMs ? wait(leftMs - stepMs) : run()), stepMs);
  };
  wait(delayMs);
  return { cancel: () => clearTimeout(timer) };
}

/** `getRandomValues`, not `randomUUID`: pages of insecure origins have it too. */
export function fillRandom(bytes: Uint8Array): void {
  crypto.getRandomValues(bytes);
}

export function utf8ByteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
