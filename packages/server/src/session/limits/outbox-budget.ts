// All outboxes together are bounded: a sample a few times a second tells whether the process holds too much.

import type { ClientSession } from '../client-session.js';

/** Between two samples. What may be queued in between is bounded by what the log and the senders produce in that time. */
export const SAMPLE_INTERVAL_MS = 200;

export class OutboxBudget {
  readonly #sessions: ReadonlySet<ClientSession>;
  readonly #maxBytes: number;
  readonly #onRoom: (session: ClientSession) => void;
  #isFull = false;

  /** @param onRoom called for every session once the process has room again: those refused meanwhile wait for it */
  constructor(sessions: ReadonlySet<ClientSession>, maxBytes: number, onRoom: (session: ClientSession) => void) {
    this.#sessions = sessions;
    this.#maxBytes = maxBytes;
    this.#onRoom = onRoom;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  sample(): void {
    let bytes = 0;
    for (const session of this.#sessions) bytes += session.outlet.bufferedBytes;
    const wasFull = this.#isFull;
    this.#isFull = bytes > this.#maxBytes;
    if (!wasFull || this.#isFull) return;
    for (const session of this.#sessions) this.#onRoom(session);
  }
}
