// Who has output to write at the end of this event-loop turn: one list and one immediate for all connections.

export interface Flushable {
  flushScheduled(): void;
}

let waiting: Flushable[] = [];
let isScheduled = false;
const turnEndCallbacks = new Set<() => void>();

/** `target.flushScheduled()` runs once the I/O callbacks of this turn are through. Call it once per turn and target. */
export function flushAtTurnEnd(target: Flushable): void {
  waiting.push(target);
  if (isScheduled) return;
  isScheduled = true;
  setImmediate(flushAll);
}

/** `callback` runs after every round of flushes: for what only lives during one. */
export function onFlushRoundEnd(callback: () => void): void {
  turnEndCallbacks.add(callback);
}

function flushAll(): void {
  const round = waiting;
  waiting = [];
  isScheduled = false;
  for (const target of round) target.flushScheduled();
  for (const callback of turnEndCallbacks) callback();
}
