// The idempotency keys of the newest entries: 64-bit hash → row number, in typed arrays of fixed size.

import { randomBytes } from 'node:crypto';

/** Hash of one (author, channel, key), split in two because typed arrays hold 32 bits fastest. */
export interface KeyHash {
  low: number;
  high: number;
}

/** The table has at least this many slots for each key: chains of probes stay short. */
const SLOTS_PER_KEY = 4 / 3;

/**
 * Open addressing with linear probing, and a ring that says which key is the oldest. A match is a candidate only: the
 * caller compares the row itself. The keys of an open transaction are held beside a full window: only `commit` evicts
 * the oldest ones, so that `dropNewest` brings back what was there before.
 */
export class KeyWindow {
  readonly #capacity: number;
  /** Keys that fit physically: those of the window and of one transaction. */
  readonly #ringSize: number;
  readonly #mask: number;
  readonly #lows: Uint32Array;
  readonly #highs: Uint32Array;
  /** 0: the slot is free. Row numbers start at 1. */
  readonly #rows: Float64Array;
  readonly #ringLows: Uint32Array;
  readonly #ringHighs: Uint32Array;
  readonly #ringRows: Float64Array;
  // Seeded, so that clients cannot choose keys that collide.
  readonly #seedLow = randomBytes(4).readUInt32LE();
  readonly #seedHigh = randomBytes(4).readUInt32LE();
  #oldest = 0;
  #size = 0;
  #floor = 1;
  readonly #hash: KeyHash = { low: 0, high: 0 };

  /**
   * @param entries rounded up to a power of two
   * @param perTransaction keys that one transaction adds at most
   */
  constructor(entries: number, perTransaction: number) {
    const capacity = powerOfTwo(entries);
    this.#capacity = capacity;
    this.#ringSize = capacity + perTransaction;
    const slots = Math.max(2 * capacity, powerOfTwo(SLOTS_PER_KEY * this.#ringSize));
    this.#mask = slots - 1;
    this.#lows = new Uint32Array(slots);
    this.#highs = new Uint32Array(slots);
    this.#rows = new Float64Array(slots);
    this.#ringLows = new Uint32Array(this.#ringSize);
    this.#ringHighs = new Uint32Array(this.#ringSize);
    this.#ringRows = new Float64Array(this.#ringSize);
  }

  get size(): number {
    return this.#size;
  }

  /** Keys of all rows from this one on are in the window. */
  get floor(): number {
    return this.#floor;
  }

  /** After a rebuild that did not reach the start of the table. */
  raiseFloor(row: number): void {
    this.#floor = Math.max(this.#floor, row);
  }

  /** The result is reused by the next call. */
  hash(author: number, channel: number, key: string): KeyHash {
    let low = mix(this.#seedLow, author);
    let high = mix(this.#seedHigh, channel);
    low = mix(low, channel);
    high = mix(high, author);
    for (let index = 0; index < key.length; index += 1) {
      const unit = key.charCodeAt(index);
      low = Math.imul(low ^ unit, 0x01000193);
      high = Math.imul(high ^ unit, 0x85ebca6b);
      high ^= high >>> 15;
    }
    this.#hash.low = finish(low);
    this.#hash.high = finish(high ^ low);
    return this.#hash;
  }

  /** Calls `isMatch` with the row of every entry whose key has this hash, until it says true. */
  find(hash: KeyHash, isMatch: (row: number) => boolean): number | undefined {
    let slot = hash.low & this.#mask;
    for (;;) {
      const row = this.#rows[slot]!;
      if (row === 0) return undefined;
      if (this.#lows[slot] === hash.low && this.#highs[slot] === hash.high && isMatch(row)) return row;
      slot = (slot + 1) & this.#mask;
    }
  }

  /** Rows are added in ascending order. */
  add(low: number, high: number, row: number): void {
    // More than a transaction may add: those keys are not brought back by `dropNewest`.
    if (this.#size === this.#ringSize) this.#dropOldest();
    const ring = (this.#oldest + this.#size) % this.#ringSize;
    this.#ringLows[ring] = low;
    this.#ringHighs[ring] = high;
    this.#ringRows[ring] = row;
    this.#size += 1;
    let slot = low & this.#mask;
    while (this.#rows[slot] !== 0) slot = (slot + 1) & this.#mask;
    this.#lows[slot] = low;
    this.#highs[slot] = high;
    this.#rows[slot] = row;
  }

  /** The additions are stored: the oldest keys beyond the capacity go. */
  commit(): void {
    while (this.#size > this.#capacity) this.#dropOldest();
  }

  /** Takes back the last additions: their transaction was rolled back. */
  dropNewest(count: number): void {
    for (let dropped = 0; dropped < count; dropped += 1) {
      this.#size -= 1;
      const ring = (this.#oldest + this.#size) % this.#ringSize;
      this.#remove(this.#ringLows[ring]!, this.#ringRows[ring]!);
    }
  }

  #dropOldest(): void {
    const low = this.#ringLows[this.#oldest]!;
    const row = this.#ringRows[this.#oldest]!;
    this.#oldest = (this.#oldest + 1) % this.#ringSize;
    this.#size -= 1;
    this.#floor = row + 1;
    this.#remove(low, row);
  }

  #remove(low: number, row: number): void {
    let slot = low & this.#mask;
    while (this.#rows[slot] !== row) slot = (slot + 1) & this.#mask;
    this.#free(slot);
  }

  /** Closes the hole, so that no chain of probes is cut: later members of the chain move up where they may. */
  #free(hole: number): void {
    let slot = (hole + 1) & this.#mask;
    while (this.#rows[slot] !== 0) {
      const home = this.#lows[slot]! & this.#mask;
      const distanceToHole = (slot - hole) & this.#mask;
      const distanceToHome = (slot - home) & this.#mask;
      if (distanceToHome >= distanceToHole) {
        this.#lows[hole] = this.#lows[slot]!;
        this.#highs[hole] = this.#highs[slot]!;
        this.#rows[hole] = this.#rows[slot]!;
        hole = slot;
      }
      slot = (slot + 1) & this.#mask;
    }
    this.#rows[hole] = 0;
  }
}

function powerOfTwo(atLeast: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, atLeast)));
}

function mix(hash: number, number: number): number {
  hash = Math.imul(hash ^ (number | 0), 0xcc9e2d51);
  hash ^= hash >>> 16;
  // Numbers above 32 bits: the upper half counts as well.
  return Math.imul(hash ^ Math.trunc(number / 0x1_0000_0000), 0x1b873593);
}

function finish(hash: number): number {
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x7feb352d);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x846ca68b);
  hash ^= hash >>> 16;
  return hash >>> 0;
}
