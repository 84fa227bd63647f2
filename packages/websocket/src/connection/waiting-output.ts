// Output whose turn has not come, because a streamed message is ahead of it.
import { COMPACT_PIECES, compactLast } from './compaction.js';
import { HandOverWaiters } from './hand-over-waiters.js';

export class WaitingOutput {
  readonly #pieces: Buffer[] = [];
  /** By their position in what waits here. */
  readonly waiters = new HandOverWaiters();
  #bytes = 0;
  /** Pieces at the end that were pushed since the last compaction. */
  #loosePieces = 0;
  #looseBytes = 0;

  get pieces(): readonly Buffer[] {
    return this.#pieces;
  }

  get byteLength(): number {
    return this.#bytes;
  }

  push(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    this.#looseBytes += piece.length;
    if (++this.#loosePieces < COMPACT_PIECES) return;
    compactLast(this.#pieces, this.#loosePieces, this.#looseBytes);
    this.#loosePieces = 0;
    this.#looseBytes = 0;
  }

  /** Calls back once all that waits here now has been handed to the operating system, or never will be. */
  whenHandedOver(resolve: () => void, reject: (reason: unknown) => void): void {
    this.waiters.add(this.#bytes, resolve, reject);
  }
}
