// Frames that wait to be written, in order. Urgent control frames go ahead of the others, but never inside a frame.
import { isSmallPart } from '../../own-memory.js';

/** The end of a queue that is shared with other queues and still grows: see `TurnBuffer`. */
export interface SharedTail {
  /** What all tails of a turn buffer have in common. */
  readonly source: object;
  /** Bytes so far. */
  readonly byteLength: number;
  /** False once nothing can be added. */
  readonly isOpen: boolean;
  /** What was added so far, to be sent and never changed. */
  pieces(): readonly Buffer[];
  /** Called when `receiver` has stopped following. */
  noteLeft(receiver: unknown): void;
}

// Pieces that may gather before they are compacted, so that memory stays close to what is counted: in one turn, and once the
// peer does not read or a streamed message is ahead of them. Each may be part of another block of Node's pool.
const MAX_LOOSE_PIECES_PER_TURN = 512;
export const MAX_LOOSE_PIECES = 32;
// Compacting joins small pieces, each of which costs up to two hundred bytes beyond its content, and small parts of large blocks.
const SMALL_PIECE_BYTES = 1_024;
const COMPACT_UP_TO_BYTES = 65_536;

/** Up to this many bytes, several pieces are copied into one: cheaper than a vectored write (see `joinPieces`). */
const JOIN_UP_TO_BYTES = 65_536;

// The pieces joined last. Many sockets are often sent the same pieces in one turn; they share the result.
let lastPieces: readonly Buffer[] = [];
let lastJoined: Buffer | undefined;

/** Drops the shared result: called at the end of a round of flushes. */
export function forgetJoinedPieces(): void {
  lastPieces = [];
  lastJoined = undefined;
}

// Payloads in a piece of their own behind their header: nothing may come between the two.
const detachedPayloads = new WeakSet<Buffer>();

export class WriteQueue {
  // One piece is the most frequent case by far and needs no array.
  #only: Buffer | undefined;
  #pieces: Buffer[] | undefined;
  #urgent: Buffer[] | undefined;
  #bytes = 0;
  /** Number of pieces at the front that belong to a frame written in part: its rest, and a payload behind its header. */
  #begun = 0;
  /** Pieces at the end that the next compaction looks at. */
  #loosePieces = 0;
  /** What follows everything above, and to whom it is known. Its bytes are not counted in `#bytes`. */
  #tail: SharedTail | undefined;
  #receiver: unknown;

  get byteLength(): number {
    return this.#tail === undefined ? this.#bytes : this.#bytes + this.#tail.byteLength;
  }

  /** True while urgent frames wait: a heartbeat need not add another. */
  get hasUrgent(): boolean {
    return this.#urgent !== undefined;
  }

  /** The queue continues with what `tail` holds from now on, until anything else is pushed or taken. */
  follow(tail: SharedTail, receiver: unknown): void {
    this.endTail();
    this.#tail = tail;
    this.#receiver = receiver;
  }

  isFollowing(source: object): boolean {
    return this.#tail !== undefined && this.#tail.source === source && this.#tail.isOpen;
  }

  /** What was added to the tail so far becomes part of this queue; what is added later does not. */
  endTail(): void {
    const tail = this.#tail;
    if (tail === undefined) return;
    for (const piece of tail.pieces()) this.#appendAndCompact(piece);
    this.#leaveTail(tail);
  }

  #leaveTail(tail: SharedTail): void {
    const receiver = this.#receiver;
    this.#tail = undefined;
    this.#receiver = undefined;
    tail.noteLeft(receiver);
  }

  push(piece: Buffer): void {
    if (this.#tail !== undefined) this.endTail();
    this.#appendAndCompact(piece);
  }

  #appendAndCompact(piece: Buffer): void {
    this.#append(piece);
    if (this.#loosePieces >= MAX_LOOSE_PIECES_PER_TURN) this.#compact();
  }

  #append(piece: Buffer): void {
    this.#bytes += piece.length;
    if (this.#pieces !== undefined) {
      this.#pieces.push(piece);
      this.#loosePieces++;
    } else if (this.#only === undefined) {
      this.#only = piece;
    } else {
      this.#pieces = [this.#only, piece];
      this.#only = undefined;
    }
  }

  /** One frame in two pieces, so that a large payload is not copied. `payload` must be a new view for each call. */
  pushFrame(header: Buffer, payload: Buffer): void {
    if (this.#tail !== undefined) this.endTail();
    detachedPayloads.add(payload);
    this.#append(header);
    // Compaction comes after this: a header must not be separated from its payload.
    this.push(payload);
  }

  /** Called after a push while a write is in progress: what is queued may have to wait for long. */
  compactIfNeeded(): void {
    if (this.#loosePieces >= MAX_LOOSE_PIECES) this.#compact();
  }

  #compact(): void {
    this.#loosePieces = compactLast(this.#pieces!, this.#loosePieces);
  }

  pushUrgent(piece: Buffer): void {
    if (this.#tail !== undefined) this.endTail();
    this.#bytes += piece.length;
    if (this.#urgent === undefined) this.#urgent = [piece];
    else this.#urgent.push(piece);
  }

  /** Drops everything except the rest of a frame already written in part: a Close frame can still follow it. */
  drop(): void {
    if (this.#tail !== undefined) this.#leaveTail(this.#tail);
    // When a frame has been written in part, its rest is in `#pieces`.
    const rest = this.#begun > 0 ? this.#pieces?.slice(0, this.#begun) : undefined;
    this.#pieces = rest;
    this.#urgent = undefined;
    this.#only = undefined;
    this.#bytes = 0;
    this.#loosePieces = 0;
    for (const piece of rest ?? []) this.#bytes += piece.length;
  }

  /** Takes the next bytes to write, at most `limit`: one buffer, or several for a vectored write; undefined if nothing waits. */
  take(limit: number): Buffer | Buffer[] | undefined {
    if (this.#tail !== undefined) {
      const shared = this.#bytes === 0 ? this.#takeTail(this.#tail, limit) : undefined;
      if (shared !== undefined) return shared;
      this.endTail();
    }
    if (this.#bytes === 0) return undefined;
    const only = this.#only;
    if (only !== undefined && this.#urgent === undefined && only.length <= limit) {
      this.#only = undefined;
      this.#bytes = 0;
      this.#begun = 0;
      return only;
    }
    const pieces = this.#bytes <= limit ? this.#takeAll() : this.#takeSome(limit);
    return pieces.length === 1 ? pieces[0] : joinPieces(pieces);
  }

  /** The tail as one buffer, if it is one and nothing else is queued: by far the most frequent case again. */
  #takeTail(tail: SharedTail, limit: number): Buffer | undefined {
    const pieces = tail.pieces();
    if (pieces.length !== 1 || pieces[0]!.length > limit) return undefined;
    this.#begun = 0;
    this.#leaveTail(tail);
    return pieces[0];
  }

  #takeAll(): Buffer[] {
    const pieces = this.#inOrder();
    this.#only = undefined;
    this.#pieces = undefined;
    this.#urgent = undefined;
    this.#bytes = 0;
    this.#begun = 0;
    this.#loosePieces = 0;
    return pieces;
  }

  #takeSome(limit: number): Buffer[] {
    const waiting = this.#inOrder();
    const urgentEnd = this.#begun + (this.#urgent?.length ?? 0);
    const taken: Buffer[] = [];
    let room = limit;
    let index = 0;
    while (index < waiting.length && waiting[index]!.length <= room) {
      room -= waiting[index]!.length;
      taken.push(waiting[index++]!);
    }
    const rest: Buffer[] = [];
    // If there is room left, the next piece is longer than it: `limit` is less than all bytes, so the loop ended early.
    if (room > 0) {
      const split = waiting[index++]!;
      taken.push(split.subarray(0, room));
      rest.push(split.subarray(room));
    }
    // Its header was taken at least in part: the frame has begun.
    const next = waiting[index];
    if (next !== undefined && detachedPayloads.has(next)) {
      rest.push(next);
      index++;
    }
    this.#begun = rest.length;
    const urgent = waiting.slice(index, urgentEnd);
    this.#urgent = urgent.length === 0 ? undefined : urgent;
    this.#only = undefined;
    this.#pieces = rest.concat(waiting.slice(Math.max(index, urgentEnd)));
    this.#loosePieces = Math.min(this.#loosePieces, this.#pieces.length - this.#begun);
    this.#bytes -= limit;
    return taken;
  }

  #inOrder(): Buffer[] {
    const pieces = this.#pieces ?? (this.#only === undefined ? [] : [this.#only]);
    if (this.#urgent === undefined) return pieces;
    // RFC 6455 §5.4: control frames may come between frames, not inside one.
    return [...pieces.slice(0, this.#begun), ...this.#urgent, ...pieces.slice(this.#begun)];
  }
}

function joinPieces(pieces: Buffer[]): Buffer | Buffer[] {
  if (lastJoined !== undefined && isSameList(pieces, lastPieces)) return lastJoined;
  let bytes = 0;
  for (const piece of pieces) bytes += piece.length;
  if (bytes > JOIN_UP_TO_BYTES) return pieces;
  lastPieces = pieces;
  lastJoined = Buffer.concat(pieces, bytes);
  return lastJoined;
}

function isSameList(left: readonly Buffer[], right: readonly Buffer[]): boolean {
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) {
    if (left[i] !== right[i]) return false;
  }
  return true;
}

/**
 * Joins those of the last `count` pieces that follow each other and take more memory than they have bytes.
 * @returns number of pieces at the end to be looked at again
 */
export function compactLast(pieces: Buffer[], count: number): 0 | 1 {
  let run: Buffer[] = [];
  let runBytes = 0;
  const endRun = (): void => {
    if (run.length > 0) pieces.push(joinedInOwnMemory(run, runBytes));
    run = [];
    runBytes = 0;
  };
  for (const piece of pieces.splice(pieces.length - count)) {
    const isJoined = isWorthJoining(piece);
    if (!isJoined || runBytes + piece.length > COMPACT_UP_TO_BYTES) endRun();
    if (isJoined) {
      run.push(piece);
      runBytes += piece.length;
    } else {
      pieces.push(piece);
    }
  }
  endRun();
  return isWorthJoining(pieces.at(-1)!) ? 1 : 0;
}

function isWorthJoining(piece: Buffer): boolean {
  return (piece.length <= SMALL_PIECE_BYTES || isSmallPart(piece)) && !detachedPayloads.has(piece);
}

function joinedInOwnMemory(pieces: readonly Buffer[], bytes: number): Buffer {
  const joined = Buffer.allocUnsafeSlow(bytes);
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}
