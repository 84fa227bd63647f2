// zlib without its thread pool: synchronous, with context takeover, in bounded steps (1.3 µs for a small message, where the
// public stream takes 84 µs and answers later). The only file that knows internals of node:zlib; where they are missing,
// the functions here say undefined and the public interface is used.
import { constants, createDeflateRaw, createInflateRaw, type ZlibOptions } from 'node:zlib';

interface ZlibHandle {
  writeSync(
    flush: number,
    input: Buffer,
    inputAt: number,
    inputBytes: number,
    output: Buffer,
    outputAt: number,
    outputBytes: number,
  ): void;
  reset(): void;
  close(): void;
  onerror: (message: string, errno: number, code: string) => void;
}

interface ZlibInternals {
  readonly _handle: ZlibHandle;
  /** After each write: output room left, input left. */
  readonly _writeState: Uint32Array;
}

export type StepResult = 'done' | 'stopped' | 'failed';

const OUTPUT_BYTES = 65_536;
// The streams allocate an output buffer of their own that is never used here: as small as they allow.
const UNUSED_CHUNK_BYTES = 64;

let sharedOutput: Buffer | undefined;

/** A raw inflater with a window of 2^bits bytes. */
export function openSyncInflate(windowBits: number): SyncZlib | undefined {
  return open(createInflateRaw, { windowBits, chunkSize: UNUSED_CHUNK_BYTES });
}

/** A raw deflater. zlib takes 8 bits for 9 when compressing, and keeps distances within 250 bytes: 8 bits can read it. */
export function openSyncDeflate(windowBits: number, level: number, memLevel: number): SyncZlib | undefined {
  return open(createDeflateRaw, { windowBits, level, memLevel, chunkSize: UNUSED_CHUNK_BYTES });
}

function open(create: (options: ZlibOptions) => unknown, options: ZlibOptions): SyncZlib | undefined {
  const stream = create(options) as Partial<ZlibInternals>;
  const isAsExpected =
    typeof stream._handle?.writeSync === 'function' &&
    typeof stream._handle.reset === 'function' &&
    typeof stream._handle.close === 'function' &&
    stream._writeState instanceof Uint32Array &&
    stream._writeState.length === 2;
  if (isAsExpected) return new SyncZlib(stream as ZlibInternals);
  (stream as { destroy?: () => void }).destroy?.();
  return undefined;
}

export class SyncZlib {
  readonly #stream: ZlibInternals;
  /** How much of its input the last `run` has taken: after 'stopped', the next one goes on from there. */
  takenBytes = 0;
  #hasFailed = false;
  #isClosed = false;

  constructor(stream: ZlibInternals) {
    this.#stream = stream;
    stream._handle.onerror = () => {
      this.#hasFailed = true;
    };
  }

  /**
   * Puts all of `input` through, flushed to a byte boundary, and hands the output over piece by piece. The pieces lie in
   * memory shared by all users of this file: copy what must stay.
   * @param input may be empty after 'stopped': there may be more output of what was taken
   * @param onOutput false = stop
   * @param maxOutputBytes never makes more; whoever gives a bound stops when it is reached
   * @param mayRestart the stream has ended (a block with BFINAL, RFC 7692 §7.2.3.4) after so many bytes of this input, and
   *   something follows: may that begin a new one?
   */
  run(
    input: Buffer,
    onOutput: (output: Buffer) => boolean,
    maxOutputBytes = Number.POSITIVE_INFINITY,
    mayRestart: (inputBytes: number) => boolean = never,
  ): StepResult {
    sharedOutput ??= Buffer.allocUnsafeSlow(OUTPUT_BYTES);
    const { _handle: handle, _writeState: state } = this.#stream;
    let inputAt = 0;
    let room = maxOutputBytes;
    for (;;) {
      const stepBytes = Math.min(OUTPUT_BYTES, room);
      handle.writeSync(constants.Z_SYNC_FLUSH, input, inputAt, input.length - inputAt, sharedOutput, 0, stepBytes);
      if (this.#hasFailed) return 'failed';
      const [outputLeft = 0, inputLeft = 0] = state;
      inputAt = input.length - inputLeft;
      this.takenBytes = inputAt;
      const outputBytes = stepBytes - outputLeft;
      room -= outputBytes;
      if (outputBytes > 0 && !onOutput(sharedOutput.subarray(0, outputBytes))) return 'stopped';
      if (outputLeft === 0) continue;
      if (inputLeft === 0) return 'done';
      // Room for output and input left over: the stream has ended. What follows begins a new one.
      if (!mayRestart(inputAt)) return 'failed';
      handle.reset();
    }
  }

  /** Forgets the window. */
  reset(): void {
    this.#stream._handle.reset();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stream._handle.close();
  }
}

function never(): boolean {
  return false;
}
