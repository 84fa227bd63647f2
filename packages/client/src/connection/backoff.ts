// The wait before a reconnect. Full jitter: a thousand clients that lose their connections together do not return together.

/** A number in [0, 1) from the cryptographic source of the machine, not from a seed that two clients may share. */
export type RandomFraction = () => number;

export interface BackoffOptions {
  /** Upper limit of the first wait, in milliseconds; it doubles with each attempt. */
  readonly baseMs: number;
  /** Upper limit of every wait, in milliseconds. */
  readonly maxMs: number;
}

/**
 * @param attempt  0 for the first after a connection that worked
 * @param afterMs  the wait that the server asked for; the jitter is added to it
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
