// UTF-8 checked as it arrives, RFC 3629: overlong forms, surrogates and what lies above U+10FFFF fail at their first bad byte.
import { isUtf8 } from 'node:buffer';

export class Utf8Validator {
  /** Continuation bytes the character at the end of the last piece still needs. */
  #missing = 0;
  // What the next continuation byte may be: narrower than 80..BF after E0, ED, F0 and F4.
  #lowest = 0x80;
  #highest = 0xbf;

  /** True when the bytes so far end with a whole character: a message may end here. */
  get isComplete(): boolean {
    return this.#missing === 0;
  }

  reset(): void {
    this.#missing = 0;
    this.#lowest = 0x80;
    this.#highest = 0xbf;
  }

  /** Takes the next piece; false at the first byte that no UTF-8 text can have there. */
  push(piece: Uint8Array): boolean {
    let at = 0;
    while (this.#missing > 0 && at < piece.length) {
      if (!this.#step(piece[at++]!)) return false;
    }
    const tail = Math.max(at, startOfLastCharacter(piece));
    // The native check for whole characters, the plain one for a character that may be split. A test compares the two.
    if (tail > at && !isUtf8(at === 0 && tail === piece.length ? piece : piece.subarray(at, tail))) return false;
    for (at = tail; at < piece.length; at++) {
      if (!this.#step(piece[at]!)) return false;
    }
    return true;
  }

  /** As `push`, but a piece that is rejected has no effect. */
  tryPush(piece: Uint8Array): boolean {
    const [missing, lowest, highest] = [this.#missing, this.#lowest, this.#highest];
    if (this.push(piece)) return true;
    this.#missing = missing;
    this.#lowest = lowest;
    this.#highest = highest;
    return false;
  }

  /** The plain version: byte by byte. */
  pushBytewise(piece: Uint8Array): boolean {
    for (const byte of piece) {
      if (!this.#step(byte)) return false;
    }
    return true;
  }

  #step(byte: number): boolean {
    if (this.#missing > 0) {
      if (byte < this.#lowest || byte > this.#highest) return false;
      this.#missing--;
      this.#lowest = 0x80;
      this.#highest = 0xbf;
      return true;
    }
    if (byte < 0x80) return true;
    if (byte < 0xc2 || byte > 0xf4) return false;
    this.#missing = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    if (byte === 0xe0) this.#lowest = 0xa0;
    else if (byte === 0xed) this.#highest = 0x9f;
    else if (byte === 0xf0) this.#lowest = 0x90;
    else if (byte === 0xf4) this.#highest = 0x8f;
    return true;
  }
}

/** Where the last character begins, if it has more than one byte; else the end. Looks at three bytes at most. */
function startOfLastCharacter(piece: Uint8Array): number {
  const end = piece.length;
  const stop = Math.max(0, end - 3);
  for (let at = end - 1; at >= stop; at--) {
    const byte = piece[at]!;
    if (byte < 0x80) return end;
    if (byte >= 0xc0) return at;
  }
  return end;
}
