// Appends of this process that wait until their rows are applied, by the stamps that they gave the rows.

import type { LaneRow } from '../channel/lane.js';

/** The session an append came from. Opaque here; delivery compares it by identity. */
export type EntryOrigin = object;

export interface InFlightAppend {
  /** Undefined for what no session sent. */
  readonly origin: EntryOrigin | undefined;
  /** The origin gets the entry itself as well. */
  readonly echo: boolean;
  /** Its row was applied in this synchronous step. What is queued from here stands in the place of its entry. */
  onStored(row: LaneRow): void;
}

/** Appends of one batch at most; stamps of one batch are consecutive. */
const STAMPS_PER_BATCH = 1_024;

interface Batch {
  /** Undefined where one was taken. */
  readonly appends: (InFlightAppend | undefined)[];
  left: number;
}

export class InFlightAppends {
  readonly #batches = new Map<number, Batch>();
  #next = 1;

  /** No append waits. */
  get isEmpty(): boolean {
    return this.#batches.size === 0;
  }

  /** @returns the stamp of the first one; the others follow it */
  add(appends: readonly InFlightAppend[]): number {
    const number = this.#next;
    this.#next += 1;
    this.#batches.set(number, { appends: [...appends], left: appends.length });
    return number * STAMPS_PER_BATCH;
  }

  /** Whether an append of the batch with this stamp waits. */
  waits(stamp: number): boolean {
    return this.#batches.has(Math.floor(stamp / STAMPS_PER_BATCH));
  }

  /** The append with this stamp, once: from then on it is no longer in flight. */
  take(stamp: number): InFlightAppend | undefined {
    const number = Math.floor(stamp / STAMPS_PER_BATCH);
    const batch = this.#batches.get(number);
    if (batch === undefined) return undefined;
    const index = stamp % STAMPS_PER_BATCH;
    const append = batch.appends[index];
    if (append === undefined) return undefined;
    batch.appends[index] = undefined;
    batch.left -= 1;
    if (batch.left === 0) this.#batches.delete(number);
    return append;
  }
}
