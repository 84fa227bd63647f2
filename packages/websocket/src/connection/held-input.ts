// What came while an inflater was at work, to be gone on with in its order.
import type { DataOpcode } from '../frame/opcode.js';
import type { MessageAssembler } from '../message/assembler.js';
import type { ClosePayload } from '../message/close-payload.js';

interface HeldFrame {
  readonly opcode: DataOpcode;
  readonly isFinal: boolean;
  readonly isCompressed: boolean;
  readonly payloadBytes: number;
}

/** Frame headers, pieces of their payloads, ends of frames, and the Close frame. */
type Held = HeldFrame | Buffer | 'frame-end' | ClosePayload;

export class HeldInput {
  readonly #items: Held[] = [];
  #next = 0;
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#next === this.#items.length;
  }

  /** Of payload. */
  get byteLength(): number {
    return this.#bytes;
  }

  push(item: Held): void {
    this.#items.push(item);
    if (isPiece(item)) this.#bytes += item.length;
  }

  /** Hands the next one on; there must be one. */
  replayOne(assembler: MessageAssembler, onClose: (payload: ClosePayload) => void): void {
    const item = this.#items[this.#next++]!;
    if (item === 'frame-end') {
      assembler.endFrame();
    } else if (isPiece(item)) {
      this.#bytes -= item.length;
      assembler.push(item);
    } else if ('code' in item) {
      onClose(item);
    } else {
      assembler.beginFrame(item.opcode, item.isFinal, item.isCompressed, item.payloadBytes);
    }
  }
}

function isPiece(item: Held): item is Buffer {
  return typeof item === 'object' && 'byteLength' in item;
}
