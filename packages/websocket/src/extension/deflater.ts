// Compresses whole messages, RFC 7692 §7.2.1.
import { constants, deflateRawSync } from 'node:zlib';
import { openSyncDeflate, type SyncZlib } from './zlib-handle.js';

export interface DeflaterSettings {
  readonly windowBits: number;
  readonly level: number;
  readonly memoryLevel: number;
  /** Forget the window after each message. */
  readonly forgets: boolean;
}

const TAIL_BYTES = 4;
// RFC 7692 §7.2.3.6: what an empty message is compressed to.
const EMPTY_BLOCK = Buffer.from([0x00]);

export class Deflater {
  readonly #settings: DeflaterSettings;
  readonly #zlib: SyncZlib | undefined;

  constructor(settings: DeflaterSettings, options?: { readonly withoutHandle: boolean }) {
    this.#settings = settings;
    const { windowBits, level, memoryLevel } = settings;
    this.#zlib = options?.withoutHandle ? undefined : openSyncDeflate(windowBits, level, memoryLevel);
  }

  /** The payload of one message, without the four bytes that end a flushed block. Undefined if zlib fails: send it plain. */
  compress(payload: Buffer): Buffer | undefined {
    if (this.#zlib === undefined) return this.#compressAlone(payload);
    const pieces: Buffer[] = [];
    const result = this.#zlib.run(payload, (output) => pieces.push(Buffer.from(output)) > 0);
    if (result !== 'done') return undefined;
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
