// Waits for what the app does, but not for ever.

import type { PlatformClock } from '../platform/platform.js';

export interface BoundedWait<Value> {
  /** Settles as the work does; rejects with what `tooLate` makes if that takes longer. */
  readonly result: Promise<Value>;
  /** Waits for the work alone from here on, and leaves no timer behind. */
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
  // What it throws rejects, too.
  const begun = (async () => work())();
  return { result: Promise.race([begun, end]).finally(cancel), cancel };
}
