// Waits for code of the app, for a limited time.

import type { PlatformClock } from '../platform/platform.js';

export interface BoundedWait<Value> {
  /** Settles as the work does, or rejects with the error of `tooLate` if that takes longer. */
  readonly result: Promise<Value>;
  /** Removes the time limit and its timer. */
  cancel(): void;
}

export function withDeadline<Value>(
  clock: PlatformClock,
  withinMs: number,
  work: () => Value | Promise<Value>,
  tooLate: () => Error,
): BoundedWait<Value> {
  let cancel = (): void => {};
  const end = new Promise<never>((_, reject) => {
    const timer = clock.startTimer(withinMs, () => reject(tooLate()));
    cancel = () => timer.cancel();
  });
  // An async function, so that an exception rejects.
  const begun = (async () => work())();
  return { result: Promise.race([begun, end]).finally(cancel), cancel };
}
