// Whoever sends a great deal at once is heard in turns: one list and one immediate for all connections.

/** What one connection may cost before the others are heard, in bytes and what counts as bytes. */
export const TURN_BYTES = 131_072;

/** A frame costs time also if it is empty: about as much as looking at so many bytes. */
export const FRAME_COST_BYTES = 32;

/** A message costs its handler more than that. */
export const MESSAGE_COST_BYTES = 256;

/** A reader that was interrupted. */
export interface Interrupted {
  readOn(): void;
}

let waiting: Interrupted[] = [];
let isScheduled = false;

/** `reader.readOn()` runs once the other sockets of this turn have been looked at. */
export function readOnNextTurn(reader: Interrupted): void {
  waiting.push(reader);
  if (isScheduled) return;
  isScheduled = true;
  setImmediate(readAllOn);
}

function readAllOn(): void {
  const round = waiting;
  waiting = [];
  isScheduled = false;
  for (const reader of round) reader.readOn();
}
