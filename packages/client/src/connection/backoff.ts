// How long to wait before coming back. Full jitter: a thousand clients that were thrown out together do not return together.

/** A number in [0, 1) from the machine's cryptographic source, not from a seed that two clients may share. */
export type RandomFraction = () => number;

export interface BackoffOptions {
  /** Upper bound of the first wait, in milliseconds; it doubles with each attempt. */
  readonly baseMs: number;
  /** Upper bound of every wait, in milliseconds. */
  readonly maxMs: number;
}

/**
 * @param attempt  0 for the first after a connection that worked
 * @param afterMs  what the server asked for: never earlier than that, and the jitter comes on top
 * @returns milliseconds, at least `afterMs` and less than `afterMs` + min(`maxMs`, `baseMs` · 2^attempt)
 */
export function backoffMs(attempt: number, random: RandomFraction, options: BackoffOptions, afterMs = 0): number {
  // 2 ** 1100 is Infinity; the minimum with maxMs keeps the result finite for any attempt.
  const boundMs = Math.min(options.maxMs, options.baseMs * 2 ** attempt);
  return Math.max(0, afterMs) + random() * boundMs;
}

/** A fraction from 32 random bits. */
export function fractionFrom(fillRandom: (bytes: Uint8Array) => void): RandomFraction {
  const bytes = new Uint8Array(4);
  const view = new DataView(bytes.buffer);
  return () => {
    fillRandom(bytes);
    return view.getUint32(0) / 2 ** 32;
  };
}
