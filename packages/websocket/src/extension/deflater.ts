// Compresses whole messages, RFC 7692 §7.2.1.
import { constants, deflateRawSync } from 'node:zlib';
import { openDeflate, type StepStatus, type ZlibHandle } from './zlib-handle.js';

export interface DeflaterSettings {
  readonly windowBits: number;
  readonly level: number;
  readonly memoryLevel: number;
  /** Forget the window after each message. */
  readonly forgets: boolean;
}

const TAIL_BYTES = 4;
const OUTPUT_BYTES = 65_536;
// RFC 7692 §7.2.3.6: what an empty message is compressed to.
const EMPTY_BLOCK = Buffer.from([0x00]);

/** Compressing ends before the next one begins, so one buffer serves all. */
const output = Buffer.allocUnsafeSlow(OUTPUT_BYTES);

export class Deflater {
  readonly #settings: DeflaterSettings;
  readonly #zlib: ZlibHandle | undefined;

  constructor(settings: DeflaterSettings, options?: { readonly withoutHandle: boolean }) {
    this.#settings = settings;
    const { windowBits, level, memoryLevel } = settings;
    this.#zlib = options?.withoutHandle ? undefined : openDeflate(windowBits, level, memoryLevel);
  }

  /** The payload of one message, without the four bytes that end a flushed block. Undefined if zlib fails: send it plain. */
  compress(payload: Buffer): Buffer | undefined {
    if (this.#zlib === undefined) return this.#compressAlone(payload);
    const pieces: Buffer[] = [];
    let status: StepStatus = 'full';
    for (let at = 0; status === 'full'; at += this.#zlib.inputBytes) {
      status = this.#zlib.step(payload, at, output, OUTPUT_BYTES);
      if (status === 'failed') return undefined;
      pieces.push(Buffer.from(output.subarray(0, this.#zlib.outputBytes)));
    }
    if (this.#settings.forgets) this.#zlib.reset();
    return withoutTail(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces));
  }

  close(): void {
    this.#zlib?.close();
  }

  /** The public interface keeps no window between calls. A compressor may always forget more than was agreed. */
  #compressAlone(payload: Buffer): Buffer {
    const { windowBits, level, memoryLevel: memLevel } = this.#settings;
    return withoutTail(deflateRawSync(payload, { windowBits, level, memLevel, finishFlush: constants.Z_SYNC_FLUSH }));
  }
}

function withoutTail(compressed: Buffer): Buffer {
  return compressed.length > TAIL_BYTES ? compressed.subarray(0, compressed.length - TAIL_BYTES) : EMPTY_BLOCK;
}
