// Fills the table `place` behind the commits: the newest rows in batches, sorted by channel, a few milliseconds at a time.
// A page of the table is written once for all the entries of a batch that belong on it, instead of once for each of them.

import type { UsageLedger } from '../appending/usage-ledger.js';
import type { Authorship } from './authorship.js';
import type { PlaceTable } from './place-table.js';
import { MAX_UNPLACED_ROWS, type PlaceRing, type RecentPlaces } from './recent-places.js';

/** Rows of a batch. As many may gather while it is placed. */
export const PLACE_BATCH_ROWS = MAX_UNPLACED_ROWS / 2;
/** Rows between two looks at the clock. */
const ROWS_PER_LOOK = 64;

/** Rows that are forgotten in one step: 2 ms. */
const ROWS_PER_DROP = 16_384;

/** A batch under way. */
interface Batch {
  /** Its rows in the order of the table. */
  readonly seqs: Float64Array;
  readonly last: number;
  /** How many of them are in the table. */
  done: number;
  /** Whose messages they are, in the order of the table `authored`; undefined until the rows are done. */
  authored: ReturnType<Authorship['through']> | undefined;
  authoredDone: number;
  /** The users who wrote them and later ones, in the order of the table `usage`; undefined until those are done. */
  users: Float64Array | undefined;
  usersDone: number;
}

interface PlacerParts {
  readonly ring: PlaceRing;
  readonly recent: RecentPlaces;
  readonly table: PlaceTable;
  readonly ledger: UsageLedger;
  readonly authorship: Authorship;
  /** {@link PLACE_BATCH_ROWS}, or fewer */
  readonly batchRows: number;
}

export class Placer {
  readonly #ring: PlaceRing;
  readonly #recent: RecentPlaces;
  readonly #table: PlaceTable;
  readonly #ledger: UsageLedger;
  readonly #authorship: Authorship;
  readonly #batchRows: number;
  #batch: Batch | undefined;
  /** Rows up to this one are in the table, and may still be in memory. */
  #placed: number;

  constructor({ ring, recent, table, ledger, authorship, batchRows }: PlacerParts) {
    this.#ring = ring;
    this.#recent = recent;
    this.#table = table;
    this.#ledger = ledger;
    this.#authorship = authorship;
    this.#batchRows = batchRows;
    this.#placed = recent.floor;
  }

  /** Rows that are not in the table. */
  get unplaced(): number {
    return this.#recent.newest - this.#recent.floor;
  }

  /** Rows that may gather until no further ones may be stored. */
  get maxUnplaced(): number {
    return 2 * this.#batchRows;
  }

  /** There is something to do. */
  get isDue(): boolean {
    return this.#batch !== undefined || this.#isForgetting || this.unplaced >= this.#batchRows;
  }

  /** Begins a batch before there are enough rows for a whole one: when there is nothing else to do. */
  begin(): void {
    if (!this.#isForgetting) this.#batch ??= this.#nextBatch();
  }

  /**
   * Places some of the newest rows, inside a transaction that `commit` or `rollback` follows.
   * @param maxRows ends after so many
   * @param until ends at this time of `performance.now()`
   * @returns rows that were written
   */
  place(maxRows: number, until: number): number {
    if (this.#isForgetting) {
      this.#recent.dropThrough(Math.min(this.#placed, this.#recent.floor + ROWS_PER_DROP));
      return 0;
    }
    this.#batch ??= this.#nextBatch();
    const batch = this.#batch;
    if (batch.done < batch.seqs.length) {
      const start = batch.done;
      batch.done = forEachUntil(batch.seqs, start, maxRows, until, (seq) => this.#put(seq));
      return batch.done - start;
    }
    batch.authored ??= this.#authorship.through(batch.last);
    if (batch.authoredDone < batch.authored.length) {
      const start = batch.authoredDone;
      batch.authoredDone = forEachUntil(batch.authored, start, maxRows, until, (row) => this.#authorship.write(row));
      return batch.authoredDone - start;
    }
    // What these rows add to the use of their senders has to be in its table before they need not be read again.
    batch.users ??= this.#ledger.unwritten();
    const start = batch.usersDone;
    batch.usersDone = forEachUntil(batch.users, start, maxRows, until, (user) => this.#ledger.write(user));
    if (isDone(batch)) this.#table.markPlaced(batch.last);
    return batch.usersDone - start;
  }

  /** The transaction is committed. */
  commit(): void {
    this.#ledger.commitWritten();
    const batch = this.#batch;
    if (batch === undefined || !isDone(batch)) return;
    this.#batch = undefined;
    this.#placed = batch.last;
    this.#authorship.dropThrough(batch.last);
  }

  /** The transaction is undone: its rows are placed again. */
  rollback(): void {
    this.#ledger.rollbackWritten();
    this.#batch = undefined;
  }

  get #isForgetting(): boolean {
    return this.#recent.floor < this.#placed;
  }

  #put(seq: number): void {
    const offset = this.#ring.offsetOf(seq);
    if (offset > 0) this.#table.put(this.#ring.channelOf(seq), offset, seq);
  }

  #nextBatch(): Batch {
    const { floor, newest } = this.#recent;
    const last = Math.min(newest, floor + this.#batchRows);
    return {
      seqs: this.#byChannel(floor + 1, last - floor),
      last,
      done: 0,
      authored: undefined,
      authoredDone: 0,
      users: undefined,
      usersDone: 0,
    };
  }

  /** Row numbers by channel, and ascending within each: as offsets ascend with them, that is the order of the table. */
  #byChannel(first: number, count: number): Float64Array {
    let from = new Float64Array(count);
    let to = new Float64Array(count);
    for (let index = 0; index < count; index += 1) from[index] = first + index;
    // A radix sort: it keeps the order within equal channels, and takes 2 ms for 131 072 rows.
    for (const shift of [0, 16]) {
      const starts = new Uint32Array(0x1_0001);
      for (let index = 0; index < count; index += 1) {
        starts[((this.#ring.channelOf(from[index]!) >>> shift) & 0xffff) + 1]! += 1;
      }
      for (let digit = 1; digit < starts.length; digit += 1) starts[digit]! += starts[digit - 1]!;
      for (let index = 0; index < count; index += 1) {
        const seq = from[index]!;
        const digit = (this.#ring.channelOf(seq) >>> shift) & 0xffff;
        to[starts[digit]!] = seq;
        starts[digit]! += 1;
      }
      [from, to] = [to, from];
    }
    return from;
  }
}

function isDone({ users, usersDone }: Batch): boolean {
  return users !== undefined && usersDone === users.length;
}

/** @returns the index after the last one that was done: of `maxRows` from `start`, or of fewer where `until` is over */
function forEachUntil<Value>(
  values: ArrayLike<Value>,
  start: number,
  maxRows: number,
  until: number,
  write: (value: Value) => void,
): number {
  const end = Math.min(values.length, start + maxRows);
  let next = start;
  while (next < end) {
    const stop = Math.min(end, next + ROWS_PER_LOOK);
    for (; next < stop; next += 1) write(values[next]!);
    if (performance.now() >= until) break;
  }
  return next;
}
