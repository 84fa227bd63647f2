// Where the newest entries are: those that the table `place` does not have yet. Kept in memory, and shared with the thread
// that reads, so that a commit touches no index.

/** Rows that are not in the table `place`, at most: what is read again at a start. */
export const MAX_UNPLACED_ROWS = 262_144;
/** A power of two; more than may be unplaced, so that a reader has time to look at what it missed. */
const RING_ROWS = 2 * MAX_UNPLACED_ROWS;

/** The position of an entry and the number of its row. */
export interface Place {
  readonly offset: number;
  readonly seq: number;
}

/**
 * Channel and offset of the newest rows, by row number. One thread writes it, others may read: what `newest` says is
 * complete, and a row stays until so many more were added.
 */
export class PlaceRing {
  /** Give it to another thread to have the same ring there. */
  readonly shared: SharedArrayBuffer;
  readonly #newest: BigInt64Array;
  readonly #offsets: Float64Array;
  readonly #channels: Uint32Array;

  constructor(shared = new SharedArrayBuffer(8 + RING_ROWS * (8 + 4))) {
    this.shared = shared;
    this.#newest = new BigInt64Array(shared, 0, 1);
    this.#offsets = new Float64Array(shared, 8, RING_ROWS);
    this.#channels = new Uint32Array(shared, 8 + RING_ROWS * 8, RING_ROWS);
  }

  /** The newest row that may be read. */
  get newest(): number {
    return Number(Atomics.load(this.#newest, 0));
  }

  /** Not to be read before it is published. An offset of 0 stands for a row that has no place. */
  set(seq: number, channel: number, offset: number): void {
    const slot = seq % RING_ROWS;
    this.#channels[slot] = channel;
    this.#offsets[slot] = offset;
  }

  publish(newest: number): void {
    Atomics.store(this.#newest, 0, BigInt(newest));
  }

  channelOf(seq: number): number {
    return this.#channels[seq % RING_ROWS]!;
  }

  offsetOf(seq: number): number {
    return this.#offsets[seq % RING_ROWS]!;
  }
}

/** In place of the number of a row that is lost, so that the entries after it keep their places. */
const LOST = 0;

/** The rows of a ring by channel. */
export class RecentPlaces {
  readonly #ring: PlaceRing;
  /** Row numbers in the order of the offsets, which have no holes; a single one without its array. */
  readonly #byChannel = new Map<number, number | number[]>();
  /** Rows up to this one are not here any more. */
  #floor: number;
  /** The newest row that is here. */
  #newest: number;

  /** @param floor  the newest row that is in the table `place` */
  constructor(ring: PlaceRing, floor: number) {
    this.#ring = ring;
    this.#floor = floor;
    this.#newest = floor;
  }

  get floor(): number {
    return this.#floor;
  }

  get newest(): number {
    return this.#newest;
  }

  /** Takes over what was published since, up to `newest`. */
  catchUp(newest: number): void {
    for (let seq = this.#newest + 1; seq <= newest; seq += 1) this.#add(seq);
    this.#newest = Math.max(this.#newest, newest);
  }

  /** The rows up to `seq` are in the table `place`. */
  dropThrough(seq: number): void {
    for (let dropped = this.#floor + 1; dropped <= Math.min(seq, this.#newest); dropped += 1) {
      this.#dropPlaced(this.#ring.channelOf(dropped), seq);
    }
    this.#floor = Math.max(this.#floor, seq);
    this.#newest = Math.max(this.#newest, seq);
  }

  /** For a thread that looks at the ring now and then, and may have missed more than it holds. */
  follow(newest: number, placed: number): void {
    if (this.#ring.newest - this.#floor >= RING_ROWS) {
      this.#byChannel.clear();
      this.#floor = placed;
      this.#newest = placed;
    }
    this.dropThrough(placed);
    this.catchUp(newest);
  }

  /** Offsets that are in no row: those missing here, and those between here and what is placed. */
  countHoles(lastPlaced: (channel: number) => number): number {
    let holes = 0;
    for (const [channel, seqs] of this.#byChannel) {
      if (typeof seqs !== 'number') holes += seqs.filter((seq) => seq === LOST).length;
      holes += Math.max(0, this.firstOffset(channel)! - 1 - lastPlaced(channel));
    }
    return holes;
  }

  /** The newest entry of a channel; undefined if it has none here. */
  last(channel: number): Place | undefined {
    const seqs = this.#byChannel.get(channel);
    if (seqs === undefined) return undefined;
    const seq = typeof seqs === 'number' ? seqs : seqs[seqs.length - 1]!;
    return { offset: this.#ring.offsetOf(seq), seq };
  }

  /** The lowest offset of a channel that is here; undefined if it has none. */
  firstOffset(channel: number): number | undefined {
    const seqs = this.#byChannel.get(channel);
    if (seqs === undefined) return undefined;
    return typeof seqs === 'number' ? this.#ring.offsetOf(seqs) : this.#lastOffset(seqs) - seqs.length + 1;
  }

  /** The row of an entry; undefined if it is not here, or lost. */
  seqAt(channel: number, offset: number): number | undefined {
    const seqs = this.#byChannel.get(channel);
    if (seqs === undefined) return undefined;
    if (typeof seqs === 'number') return this.#ring.offsetOf(seqs) === offset ? seqs : undefined;
    const seq = seqs[seqs.length - 1 - (this.#lastOffset(seqs) - offset)];
    return seq === LOST ? undefined : seq;
  }

  /** The newest row of a channel is never lost: it is known by it. */
  #lastOffset(seqs: readonly number[]): number {
    return this.#ring.offsetOf(seqs[seqs.length - 1]!);
  }

  #add(seq: number): void {
    const offset = this.#ring.offsetOf(seq);
    if (offset === 0) return;
    const channel = this.#ring.channelOf(seq);
    const seqs = this.#byChannel.get(channel);
    if (seqs === undefined) {
      this.#byChannel.set(channel, seq);
      return;
    }
    const list = typeof seqs === 'number' ? [seqs] : seqs;
    for (let lost = this.#lastOffset(list) + 1; lost < offset; lost += 1) list.push(LOST);
    list.push(seq);
    if (list !== seqs) this.#byChannel.set(channel, list);
  }

  #dropPlaced(channel: number, placed: number): void {
    const seqs = this.#byChannel.get(channel);
    if (seqs === undefined) return;
    if (typeof seqs === 'number') {
      if (seqs <= placed) this.#byChannel.delete(channel);
      return;
    }
    if (seqs[0]! > placed) return;
    const kept = seqs.findIndex((seq) => seq > placed);
    if (kept < 0) this.#byChannel.delete(channel);
    else seqs.splice(0, kept);
  }
}
