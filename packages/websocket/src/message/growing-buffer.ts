// Pieces of one message gathered into one buffer that grows with the bytes received, not with the length announced.
import { ownCopy } from '../own-memory.js';

const FIRST_BYTES = 256;
// Below this, `set` costs more than a loop: a peer may send a byte at a time.
const LOOP_UP_TO_BYTES = 32;

export class GrowingBuffer {
  /** Never holds more; together with what it is copied from while growing, never more than 1.5 times that. */
  maxBytes = 0;
  #bytes: Buffer | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /**
   * Copies `piece` behind what is there.
   * @param expectedBytes length of the whole as announced by the peer; relied on once a quarter of it was received
   */
  append(piece: Uint8Array, expectedBytes: number): void {
    const needed = this.#length + piece.length;
    if (this.#bytes === undefined || needed > this.#bytes.length) this.#grow(needed, expectedBytes);
    copy(piece, this.#bytes!, this.#length);
    this.#length = needed;
  }

  /** Returns the bytes and empties the buffer. */
  take(): Buffer {
    const bytes = this.#bytes ?? Buffer.alloc(0);
    const length = this.#length;
    this.clear();
    if (length === bytes.length) return bytes;
    // The receiver may keep the message: it should not keep much more memory alive than it has bytes.
    return length < bytes.length - (bytes.length >>> 2)
      ? ownCopy(bytes.subarray(0, length))
      : bytes.subarray(0, length);
  }

  clear(): void {
    this.#bytes = undefined;
    this.#length = 0;
  }

  #grow(needed: number, expectedBytes: number): void {
    const doubled = Math.max(FIRST_BYTES, (this.#bytes?.length ?? 0) * 2, needed);
    const isNearlyThere = expectedBytes >= needed && expectedBytes <= doubled * 2;
    // From at most half of the limit straight to it: growing in smaller steps would hold up to twice the limit for a moment.
    const capacity = doubled * 2 > this.maxBytes ? Math.max(needed, this.maxBytes) : doubled;
    // Zeroed: memory behind the end of a message is reachable through its ArrayBuffer.
    const grown = Buffer.alloc(isNearlyThere ? expectedBytes : capacity);
    if (this.#bytes !== undefined) grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

function copy(piece: Uint8Array, target: Buffer, at: number): void {
  if (piece.length > LOOP_UP_TO_BYTES) target.set(piece, at);
  else for (let i = 0; i < piece.length; i++) target[at + i] = piece[i]!;
}
