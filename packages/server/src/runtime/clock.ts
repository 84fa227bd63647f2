// Time as the server sees it. Injected everywhere, so that tests move it instead of sleeping.

/** A timer that was set. */
export interface Timer {
  /** The callback will not run any more. Idempotent, also after it ran. */
  cancel(): void;
}

export interface Clock {
  /** Wall clock: milliseconds since 1970. May jump either way; for what people and tokens call time. */
  now(): number;
  /** Milliseconds from some fixed instant, fractions included; never goes back. For every duration. */
  monotonicMs(): number;
  /**
   * Runs `callback` once, `delayMs` from now (negative counts as 0; any length, also years).
   * Does not keep the process alive: what does is the listener.
   */
  setTimer(delayMs: number, callback: () => void): Timer;
  /** Runs `callback` every `intervalMs` until cancelled. Does not keep the process alive. */
  setRepeatingTimer(intervalMs: number, callback: () => void): Timer;
}

// setTimeout counts in 32 bits: a longer delay would fire at once, so a token that is good for a month would
// be taken as expired. Longer waits are walked in steps.
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

class SteppedTimer implements Timer {
  readonly #callback: () => void;
  readonly #dueMs: number;
  #timeout: NodeJS.Timeout | undefined;

  constructor(delayMs: number, callback: () => void) {
    this.#callback = callback;
    this.#dueMs = performance.now() + Math.max(0, delayMs);
    this.#wait();
  }

  cancel(): void {
    clearTimeout(this.#timeout);
    this.#timeout = undefined;
  }

  #wait(): void {
    const leftMs = this.#dueMs - performance.now();
    const isLastStep = leftMs <= MAX_TIMEOUT_MS;
    this.#timeout = setTimeout(isLastStep ? this.#callback : () => this.#wait(), Math.min(leftMs, MAX_TIMEOUT_MS));
    this.#timeout.unref();
  }
}

/** Resolves with the work, or after `limitMs`. */
export async function within(limitMs: number, work: Promise<void>, clock: Clock): Promise<void> {
  let timer: Timer | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = clock.setTimer(limitMs, resolve);
  });
  await Promise.race([work, deadline]);
  timer?.cancel();
}

/** The clock of the machine. */
export const systemClock: Clock = Object.freeze({
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer: (delayMs: number, callback: () => void): Timer => new SteppedTimer(delayMs, callback),
  setRepeatingTimer: (intervalMs: number, callback: () => void): Timer => {
    const interval = setInterval(callback, intervalMs);
    interval.unref();
    return { cancel: () => clearInterval(interval) };
  },
});
