// Pieces of output that wait, in order.

// A piece costs about a hundred bytes beside what it holds. So many small ones in a row, which only a peer that does not read
// or a streamed message ahead of them lets gather, become one: what waits then costs what it is counted as.
const COMPACT_PIECES = 512;
const COMPACT_UP_TO_BYTES = 65_536;

export class PieceList {
  readonly pieces: Buffer[];
  /** Pieces at the end that were pushed since the last compaction. */
  #loosePieces = 0;
  #looseBytes = 0;

  /** @param pieces  what is there already; it is changed, and not compacted */
  constructor(pieces: Buffer[]) {
    this.pieces = pieces;
  }

  push(piece: Buffer): void {
    this.append(piece);
    if (this.#loosePieces >= COMPACT_PIECES) this.#compact();
  }

  /** As `push`, but never compacts now: for a piece that the next one belongs to. */
  append(piece: Buffer): void {
    this.pieces.push(piece);
    this.#loosePieces++;
    this.#looseBytes += piece.length;
  }

  #compact(): void {
    const { pieces } = this;
    if (this.#looseBytes <= COMPACT_UP_TO_BYTES) {
      const loose = pieces.splice(pieces.length - this.#loosePieces);
      pieces.push(Buffer.concat(loose, this.#looseBytes));
    }
    this.#loosePieces = 0;
    this.#looseBytes = 0;
  }
}
