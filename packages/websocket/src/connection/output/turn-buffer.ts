// What one source sends to many connections in one turn of the event loop: stored once, referenced by each connection once.
import type { PerMessageDeflate } from '../../extension/permessage-deflate.js';
import type { PreparedMessage } from '../../message/prepared-message.js';
import { isSmallPart, ownCopy } from '../../own-memory.js';
import { scheduledWriters } from './socket-writer.js';
import type { SharedTail } from './write-queue.js';

// Messages are gathered in chunks of up to this size.
const MAX_CHUNK_BYTES = 65_536;
const MIN_CHUNK_BYTES = 1_024;

/**
 * The messages that one source, such as a room or a channel, sends in one turn of the event loop. Receivers that follow it get
 * each message by one `append` for all of them; at the end of the turn each socket writes the same buffer.
 *
 * A connection follows from `WebSocketConnection.follow` until the end of the turn, or until anything else is queued for it:
 * the part that it followed comes before that. It then stands in `apart`, from where the source makes it follow again. So
 * each connection gets the bytes that it would get if every message were sent to it with `sendPrepared`.
 *
 * The source sends a message in three steps: it makes receivers that must not get it, or have no room for it, stop following;
 * it makes those in `apart` follow; it appends the message, and sends it to those that could not follow by `sendPrepared`.
 */
export class TurnBuffer<Receiver> {
  /** Receivers that do not follow in this turn: those that stopped, and those that the source adds. Empty between turns. */
  readonly apart = new Set<Receiver>();
  readonly #finish = (): void => this.#close();
  #isOpen = false;
  #followers = 0;
  #plain: TurnLane | undefined;
  /** One lane for each way to compress that receivers have agreed on. */
  #compressed: Map<number, TurnLane> | undefined;
  /** Bytes appended in this turn, uncompressed. */
  #appendedBytes = 0;
  /** Up to here every follower has room. */
  #roomBytes = Number.POSITIVE_INFINITY;

  /** True from `open` to the end of the turn. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Number of connections that follow. */
  get followers(): number {
    return this.#followers;
  }

  /** Begins a turn; the source calls it before the first message. */
  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    scheduledWriters.addFirst(this.#finish);
  }

  /** True if no limit of any follower is reached by this many bytes more. Otherwise `follow` has to be called for each. */
  hasRoomFor(bytes: number): boolean {
    return this.#appendedBytes + bytes <= this.#roomBytes;
  }

  /** Before `follow` is called again for all followers. */
  resetRoom(): void {
    this.#roomBytes = Number.POSITIVE_INFINITY;
  }

  /** All followers get `message`. */
  append(message: PreparedMessage): void {
    if (this.#followers === 0) return;
    this.#appendedBytes += message.byteLength;
    this.#plain?.append(message.frames);
    if (this.#compressed === undefined) return;
    for (const lane of this.#compressed.values()) lane.append(message.compressedFrames(lane.deflate!));
  }

  /** For connections: the receiver of one of them follows from here on. */
  beginFollowing(deflate: PerMessageDeflate | undefined): SharedTail {
    this.#followers++;
    const lane = deflate === undefined && this.#plain !== undefined ? this.#plain : this.#laneFor(deflate);
    return lane.segmentFromHere();
  }

  /** For connections: one that follows, or is about to, has room for this many bytes more. */
  limitRoom(bytes: number): void {
    const roomBytes = this.#appendedBytes + bytes;
    if (roomBytes < this.#roomBytes) this.#roomBytes = roomBytes;
  }

  #laneFor(deflate: PerMessageDeflate | undefined): TurnLane {
    if (deflate === undefined) {
      this.#plain ??= this.#newLane(undefined);
      return this.#plain;
    }
    this.#compressed ??= new Map();
    let lane = this.#compressed.get(deflate.sharedKey);
    if (lane === undefined) {
      lane = this.#newLane(deflate);
      this.#compressed.set(deflate.sharedKey, lane);
    }
    return lane;
  }

  #newLane(deflate: PerMessageDeflate | undefined): TurnLane {
    return new TurnLane(this, deflate, (receiver) => this.#noteLeft(receiver as Receiver));
  }

  #noteLeft(receiver: Receiver): void {
    this.#followers--;
    this.apart.add(receiver);
  }

  #close(): void {
    this.#isOpen = false;
    this.#plain?.close();
    for (const lane of this.#compressed?.values() ?? []) lane.close();
    this.apart.clear();
    this.#followers = 0;
    this.#plain = undefined;
    this.#compressed = undefined;
    this.#appendedBytes = 0;
    this.#roomBytes = Number.POSITIVE_INFINITY;
  }
}

/** The bytes of one turn, as receivers with the same compression get them. */
class TurnLane {
  readonly source: object;
  readonly deflate: PerMessageDeflate | undefined;
  readonly #onLeft: (receiver: unknown) => void;
  #isOpen = true;
  #byteLength = 0;
  /** Complete chunks. */
  readonly #chunks: Buffer[] = [];
  /** The chunk that still grows, in use up to `#lastBytes`. */
  #last: Buffer | undefined;
  #lastBytes = 0;
  /** False while the last chunk is the buffer of a message, which others use as well. */
  #isLastOwn = false;
  #segment: TurnSegment | undefined;
  /** What `piecesFrom` returned last, for the same arguments. */
  #cached: readonly Buffer[] | undefined;
  #cachedFrom: TurnSegment | undefined;
  #cachedAtBytes = 0;

  constructor(source: object, deflate: PerMessageDeflate | undefined, onLeft: (receiver: unknown) => void) {
    this.source = source;
    this.deflate = deflate;
    this.#onLeft = onLeft;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  append(frames: Buffer): void {
    this.#byteLength += frames.length;
    const needed = this.#lastBytes + frames.length;
    if (this.#last === undefined || needed > MAX_CHUNK_BYTES) {
      this.#beginChunk(frames);
      return;
    }
    if (!this.#isLastOwn || needed > this.#last.length) this.#grow(needed);
    frames.copy(this.#last, this.#lastBytes);
    this.#lastBytes = needed;
  }

  /** The end of the turn: nothing is added any more. */
  close(): void {
    this.#isOpen = false;
  }

  noteLeft(receiver: unknown): void {
    if (this.#isOpen) this.#onLeft(receiver);
  }

  /** What is appended from now on. Shared by all that begin here. */
  segmentFromHere(): TurnSegment {
    if (this.#segment?.startBytes !== this.#byteLength) {
      this.#segment = new TurnSegment(this, this.#byteLength, this.#chunks.length, this.#lastBytes);
    }
    return this.#segment;
  }

  /** What was appended since `segment` began. */
  piecesFrom(segment: TurnSegment): readonly Buffer[] {
    if (this.#cached === undefined || this.#cachedFrom !== segment || this.#cachedAtBytes !== this.#byteLength) {
      this.#cached = this.#collectFrom(segment);
      this.#cachedFrom = segment;
      this.#cachedAtBytes = this.#byteLength;
    }
    return this.#cached;
  }

  #beginChunk(frames: Buffer): void {
    if (this.#last !== undefined) this.#chunks.push(this.#last.subarray(0, this.#lastBytes));
    // The first message of a chunk is not copied before there is a second one.
    this.#last = frames;
    this.#lastBytes = frames.length;
    this.#isLastOwn = false;
  }

  /** Parts of the old buffer that were taken stay as they are. */
  #grow(needed: number): void {
    const capacity = Math.min(MAX_CHUNK_BYTES, Math.max(MIN_CHUNK_BYTES, needed * 2));
    const grown = Buffer.allocUnsafeSlow(capacity);
    this.#last!.copy(grown, 0, 0, this.#lastBytes);
    this.#last = grown;
    this.#isLastOwn = true;
  }

  #collectFrom({ firstChunk, offset }: TurnSegment): Buffer[] {
    const pieces: Buffer[] = [];
    for (let index = firstChunk; index <= this.#chunks.length; index++) {
      const isLast = index === this.#chunks.length;
      const chunk = isLast ? this.#last : this.#chunks[index];
      if (chunk === undefined) break;
      const start = index === firstChunk ? offset : 0;
      const end = isLast ? this.#lastBytes : chunk.length;
      if (end > start) pieces.push(sharedPart(chunk, start, end));
    }
    return pieces;
  }
}

/** What a lane holds from one position on. */
class TurnSegment implements SharedTail {
  readonly startBytes: number;
  /** Where it starts: in this chunk, after this many bytes of it. */
  readonly firstChunk: number;
  readonly offset: number;
  readonly #lane: TurnLane;

  constructor(lane: TurnLane, startBytes: number, firstChunk: number, offset: number) {
    this.#lane = lane;
    this.startBytes = startBytes;
    this.firstChunk = firstChunk;
    this.offset = offset;
  }

  get source(): object {
    return this.#lane.source;
  }

  get isOpen(): boolean {
    return this.#lane.isOpen;
  }

  get byteLength(): number {
    return this.#lane.byteLength - this.startBytes;
  }

  pieces(): readonly Buffer[] {
    return this.#lane.piecesFrom(this);
  }

  noteLeft(receiver: unknown): void {
    this.#lane.noteLeft(receiver);
  }
}

/** A copy of a small part, so that a connection that keeps it does not keep much more memory than is counted for it. */
function sharedPart(chunk: Buffer, start: number, end: number): Buffer {
  if (start === 0 && end === chunk.length) return chunk;
  const part = chunk.subarray(start, end);
  return isSmallPart(part) ? ownCopy(part) : part;
}
