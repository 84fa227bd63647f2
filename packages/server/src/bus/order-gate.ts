// Where committed rows become visible in this process: one after the other in the order of their lane, whatever brought
// them, in whichever order. What is missing is read from the log.

import { retainedBytes } from '../channel/entry.js';
import type { Lane, LaneNumbers, LanePage, LaneRow } from '../channel/lane.js';
import type { Clock, Timer } from '../runtime/clock.js';
import type { EntryOrigin, InFlightAppends } from './in-flight-appends.js';

/** What follows the lanes: called synchronously, in the order in which the listeners were added. Never throws. */
export interface LaneListener {
  /**
   * Returns after the row's entry, if it has one, was queued for every local reader at the tail.
   * @param origin the session that sent it, if it was sent here
   * @param echo the origin gets the entry itself as well
   */
  onRow(row: LaneRow, origin: EntryOrigin | undefined, echo: boolean): void;
}

/** The part of the message log that the gate needs. */
export interface LaneFeed {
  /** Committed rows above `after`. */
  feed(lane: Lane, after: number, limit: number): Promise<LanePage>;
}

/** How long a row that is known to be committed may be missing until it is read from the log. */
export const HOLE_WAIT_MS = 20;
/** Between two attempts to read the log while that fails. */
export const FEED_RETRY_MS = 1_000;
/** Rows that came early are kept up to this size; beyond it they are read from the log when it is their turn. */
const MAX_EARLY_BYTES = 4_194_304;
const FEED_ROWS = 1_000;
const ROW_BYTES = 200;

/** Runs once a lane has come so far. */
interface Waiting {
  readonly seq: number;
  readonly run: () => void;
}

interface LaneState {
  readonly lane: Lane;
  /** Rows up to here are older than this process. */
  readonly start: number;
  /** Everything up to here was applied. */
  applied: number;
  /** The highest number that is known to be committed. */
  known: number;
  /** Rows above `applied` that are here already. */
  readonly early: Map<number, LaneRow>;
  earlyBytes: number;
  /** What up to here is not among `early` was removed from the log: there is nothing to apply. */
  readThrough: number;
  /** By number; of one number in the order in which they came. */
  readonly waiting: Waiting[];
  isApplying: boolean;
  isReading: boolean;
  timer: Timer | undefined;
}

export class OrderGate {
  readonly #feed: LaneFeed;
  readonly #inFlight: InFlightAppends;
  readonly #clock: Clock;
  readonly #onFailure: (error: unknown) => void;
  readonly #listeners: LaneListener[] = [];
  readonly #lanes = new Map<Lane, LaneState>();
  #isClosed = false;

  /**
   * @param start the lanes' newest numbers when this process began: rows up to there are not applied
   * @param onFailure called when the log could not be read; it is read again
   */
  constructor(
    feed: LaneFeed,
    inFlight: InFlightAppends,
    clock: Clock,
    start: LaneNumbers,
    onFailure: (error: unknown) => void,
  ) {
    this.#feed = feed;
    this.#inFlight = inFlight;
    this.#clock = clock;
    this.#onFailure = onFailure;
    for (const [lane, seq] of start) this.#lanes.set(lane, newLane(lane, seq));
  }

  follow(listener: LaneListener): void {
    this.#listeners.push(listener);
  }

  /** Takes rows of a lane, in any order, known ones among them. Applies at once what is next, and keeps what is early. */
  offer(lane: Lane, rows: readonly LaneRow[]): void {
    const state = this.#stateOf(lane);
    for (const row of rows) {
      if (row.seq === state.applied + 1 && !state.isApplying) this.#apply(state, row);
      else if (row.seq > state.applied) this.#keep(state, row);
      else this.#settle(state, row);
    }
    this.#advance(state);
  }

  /** Everything up to `seq` is committed: what does not come by itself is read from the log. */
  reached(lane: Lane, seq: number): void {
    const state = this.#stateOf(lane);
    state.known = Math.max(state.known, seq);
    if (seq > state.applied) void this.#read(state);
  }

  /** Runs `run` when the lane has been applied up to `seq`: at once if it has, else right after that row. */
  after(lane: Lane, seq: number, run: () => void): void {
    const state = this.#stateOf(lane);
    const isNext = state.waiting.length === 0 || state.waiting[0]!.seq > state.applied;
    if (seq <= state.applied && isNext && !state.isApplying) {
      run();
      return;
    }
    let place = state.waiting.length;
    while (place > 0 && state.waiting[place - 1]!.seq > seq) place -= 1;
    state.waiting.splice(place, 0, { seq, run });
    state.known = Math.max(state.known, seq);
    this.#watch(state);
  }

  applied(lane: Lane): number {
    return this.#stateOf(lane).applied;
  }

  /** Resolves when everything up to the numbers was applied. Undefined: it is already. */
  whenApplied(numbers: LaneNumbers): Promise<void> | undefined {
    const missing = [...numbers].filter(([lane, seq]) => seq > this.applied(lane));
    if (missing.length === 0) return undefined;
    const waits = missing.map(([lane, seq]) => new Promise<void>((resolve) => this.after(lane, seq, resolve)));
    return Promise.all(waits).then(() => undefined);
  }

  /** The log is not read any more. To be called before the store is closed. */
  close(): void {
    this.#isClosed = true;
    for (const state of this.#lanes.values()) state.timer?.cancel();
  }

  #stateOf(lane: Lane): LaneState {
    const state = this.#lanes.get(lane);
    if (state === undefined) throw new RangeError(`expected a lane of the store, got ${lane}`);
    return state;
  }

  /** The row is the next one: heads, readers, and then its own sender, in one synchronous step. */
  #apply(state: LaneState, row: LaneRow): void {
    state.isApplying = true;
    if (state.early.delete(row.seq)) state.earlyBytes -= rowBytes(row);
    const append = row.stamp === 0 ? undefined : this.#inFlight.take(row.stamp);
    for (const listener of this.#listeners) listener.onRow(row, append?.origin, append?.echo === true);
    state.applied = row.seq;
    append?.onStored(row);
    state.isApplying = false;
    if (state.waiting.length > 0) this.#runWaiting(state);
  }

  /** A row that was removed before it could be applied leaves its sender waiting for the answer to the append. */
  #settle(state: LaneState, row: LaneRow): void {
    if (row.stamp !== 0 && row.seq > state.start) this.#inFlight.take(row.stamp)?.onStored(row);
  }

  #keep(state: LaneState, row: LaneRow): void {
    state.known = Math.max(state.known, row.seq);
    if (state.early.has(row.seq)) return;
    const bytes = rowBytes(row);
    // Not the next one: there is always room for that, or a large row would never be applied.
    if (row.seq !== state.applied + 1 && state.earlyBytes + bytes > MAX_EARLY_BYTES) return;
    state.early.set(row.seq, row);
    state.earlyBytes += bytes;
  }

  /** Applies what has become next, and sees to it that what is missing will come. */
  #advance(state: LaneState): void {
    // What a row causes may offer further rows: they are kept, and applied by the loop that runs.
    if (state.isApplying) return;
    for (;;) {
      const next = state.applied + 1;
      const row = state.early.get(next);
      if (row !== undefined) {
        this.#apply(state, row);
      } else if (next <= state.readThrough) {
        state.applied = next;
        if (state.waiting.length > 0) this.#runWaiting(state);
      } else break;
    }
    if (state.known > state.applied) this.#watch(state);
  }

  #runWaiting(state: LaneState): void {
    while (state.waiting.length > 0 && state.waiting[0]!.seq <= state.applied) state.waiting.shift()!.run();
  }

  /** Reads what is still missing after a while; mostly it is on its way. */
  #watch(state: LaneState, delayMs = HOLE_WAIT_MS): void {
    if (state.timer !== undefined || state.isReading || this.#isClosed) return;
    const awaited = state.applied + 1;
    state.timer = this.#clock.setTimer(delayMs, () => {
      state.timer = undefined;
      if (state.known <= state.applied) return;
      // It moved on meanwhile: only what is missing for so long is read.
      if (state.applied >= awaited) this.#watch(state);
      else void this.#read(state);
    });
  }

  async #read(state: LaneState): Promise<void> {
    if (state.isReading || this.#isClosed) return;
    state.isReading = true;
    let delayMs = HOLE_WAIT_MS;
    while (state.known > state.applied) {
      const before = state.applied;
      const page = await this.#readPage(state);
      if (this.#isClosed) return;
      if (page === undefined) {
        delayMs = FEED_RETRY_MS;
        break;
      }
      for (const row of page.rows) if (row.seq > state.applied) this.#keepRead(state, row);
      state.readThrough = Math.max(state.readThrough, page.through);
      this.#advance(state);
      // What was read is older than what is known: it is asked for again after a while.
      if (state.applied === before) break;
    }
    state.isReading = false;
    if (state.known > state.applied) this.#watch(state, delayMs);
  }

  async #readPage({ lane, applied }: LaneState): Promise<LanePage | undefined> {
    try {
      return await this.#feed.feed(lane, applied, FEED_ROWS);
    } catch (error) {
      if (!this.#isClosed) this.#onFailure(error);
      return undefined;
    }
  }

  /** Always kept: what was read is bounded by the size of a read. */
  #keepRead(state: LaneState, row: LaneRow): void {
    if (state.early.has(row.seq)) return;
    state.early.set(row.seq, row);
    state.earlyBytes += rowBytes(row);
  }
}

/** A row without an entry, or with a change, is counted as its object alone. */
function rowBytes({ entry }: LaneRow): number {
  return entry === undefined ? ROW_BYTES : retainedBytes(entry);
}

function newLane(lane: Lane, seq: number): LaneState {
  return {
    lane,
    start: seq,
    applied: seq,
    known: seq,
    early: new Map(),
    earlyBytes: 0,
    readThrough: seq,
    waiting: [],
    isApplying: false,
    isReading: false,
    timer: undefined,
  };
}
