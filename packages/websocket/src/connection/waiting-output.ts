// Output whose turn has not come, because a streamed message is ahead of it.
import { HandOverWaiters } from './hand-over-waiters.js';
import { PieceList } from './piece-list.js';

export class WaitingOutput {
  readonly #list = new PieceList([]);
  /** By their position in what waits here. */
  readonly waiters = new HandOverWaiters();
  #bytes = 0;

  get pieces(): readonly Buffer[] {
    return this.#list.pieces;
  }

  get byteLength(): number {
    return this.#bytes;
  }

  push(piece: Buffer): void {
    this.#list.push(piece);
    this.#bytes += piece.length;
  }

  /** Calls back once all that waits here now has been handed to the operating system, or never will be. */
  whenHandedOver(resolve: () => void, reject: (reason: unknown) => void): void {
    this.waiters.add(this.#bytes, resolve, reject);
  }
}
