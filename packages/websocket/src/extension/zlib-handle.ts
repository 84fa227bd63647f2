// zlib in single steps, in this thread or in zlib's thread pool, with the window kept between them. A step in this thread takes
// 1.3 µs for a small message, where the public stream takes 84 µs. The only file that knows internals of node:zlib; where they
// are missing or different, the functions here return undefined and the public interface is used.
import { constants } from 'node:zlib';

interface NativeHandle {
  init(
    windowBits: number,
    level: number,
    memoryLevel: number,
    strategy: number,
    /** Filled in after each write: output room left, input left. */
    state: Uint32Array,
    onWritten: () => void,
    dictionary: undefined,
  ): void;
  write: Write;
  writeSync: Write;
  reset(): void;
  close(): void;
  onerror: (message: string, errno: number, code: string) => void;
}

type Write = (
  flush: number,
  input: Buffer,
  inputAt: number,
  inputBytes: number,
  output: Buffer,
  outputAt: number,
  outputBytes: number,
) => void;

type NativeConstructor = new (mode: number) => NativeHandle;

/**
 * - `done`: all input was taken, and all its output given.
 * - `full`: the output is full; there may be more of it.
 * - `ended`: the stream ended before this input did (a block with BFINAL, RFC 7692 §7.2.3.4).
 */
export type StepStatus = 'done' | 'full' | 'ended' | 'failed';

// RFC 7692 §7.2.2: what the sender took off the end of each message, the lengths of an empty stored block. And one byte more.
const TAIL_AND_PROBE = Buffer.from([0x00, 0x00, 0xff, 0xff, 0x00]);
const PROBE_OUTPUT_BYTES = 16;

const Native = findNative();
const probeOutput = Buffer.alloc(PROBE_OUTPUT_BYTES);

function findNative(): NativeConstructor | undefined {
  try {
    const binding = (process as unknown as { binding(name: string): Record<string, unknown> }).binding;
    const zlib = binding.call(process, 'zlib')['Zlib'];
    const prototype = (zlib as { prototype?: Partial<NativeHandle> } | undefined)?.prototype;
    const isAsExpected = (['init', 'write', 'writeSync', 'reset', 'close'] as const).every(
      (name) => typeof prototype?.[name] === 'function',
    );
    return isAsExpected ? (zlib as NativeConstructor) : undefined;
  } catch {
    // This Node has no such binding, or forbids it: the public API is used.
    return undefined;
  }
}

/** A raw inflater with a window of 2^bits bytes. */
export function openInflate(windowBits: number): ZlibHandle | undefined {
  // Level and memory level are for compressors, but have to be valid.
  return open(constants.INFLATERAW, windowBits, constants.Z_DEFAULT_COMPRESSION, constants.Z_DEFAULT_MEMLEVEL);
}

/** A raw deflater. For 8 bits zlib compresses with 9 and keeps distances within 250 bytes, so that 8 bits can read it. */
export function openDeflate(windowBits: number, level: number, memoryLevel: number): ZlibHandle | undefined {
  return open(constants.DEFLATERAW, Math.max(windowBits, 9), level, memoryLevel);
}

function open(mode: number, windowBits: number, level: number, memoryLevel: number): ZlibHandle | undefined {
  return Native === undefined ? undefined : new ZlibHandle(new Native(mode), windowBits, level, memoryLevel);
}

export class ZlibHandle {
  readonly #native: NativeHandle;
  readonly #state = new Uint32Array(2);
  /** Of the last step. */
  inputBytes = 0;
  /** Of the last step. */
  outputBytes = 0;
  #hasFailed = false;
  #isClosed = false;
  #pending: PendingStep | undefined;

  constructor(native: NativeHandle, windowBits: number, level: number, memoryLevel: number) {
    this.#native = native;
    native.onerror = () => {
      this.#hasFailed = true;
      // zlib reports the error of a step in the thread pool here, and does not call onWritten.
      if (this.#pending !== undefined) this.#onWritten();
    };
    const onWritten = (): void => this.#onWritten();
    native.init(windowBits, level, memoryLevel, constants.Z_DEFAULT_STRATEGY, this.#state, onWritten, undefined);
  }

  /** Puts `input` from `inputAt` on through, flushed to a byte boundary, and fills at most `maxOutputBytes` of `output`. */
  step(input: Buffer, inputAt: number, output: Buffer, maxOutputBytes: number): StepStatus {
    this.#assertIdle();
    const inputBytes = input.length - inputAt;
    this.#native.writeSync(constants.Z_SYNC_FLUSH, input, inputAt, inputBytes, output, 0, maxOutputBytes);
    return this.#noteStep(inputBytes, maxOutputBytes);
  }

  /** As `step`, in zlib's thread pool. Until `onDone` nothing else may be called but `close`. */
  stepInPool(
    input: Buffer,
    inputAt: number,
    output: Buffer,
    maxOutputBytes: number,
    onDone: (status: StepStatus) => void,
  ): void {
    this.#assertIdle();
    const inputBytes = input.length - inputAt;
    this.#pending = { input, output, inputBytes, maxOutputBytes, onDone };
    this.#native.write(constants.Z_SYNC_FLUSH, input, inputAt, inputBytes, output, 0, maxOutputBytes);
  }

  /**
   * Ends a message: puts the four bytes through that its sender left out. False unless the stream then stands at the end of a
   * block, having taken them for nothing else.
   */
  endMessage(): boolean {
    this.#assertIdle();
    const input = TAIL_AND_PROBE;
    // With Z_BLOCK zlib stops at the end of a block: all but the last byte has to be taken, without any output.
    this.#native.writeSync(constants.Z_BLOCK, input, 0, input.length, probeOutput, 0, PROBE_OUTPUT_BYTES);
    const status = this.#noteStep(input.length, PROBE_OUTPUT_BYTES);
    if (status === 'failed' || this.outputBytes > 0) return false;
    // The stream has ended with the message: the next one begins a new stream.
    if (this.inputBytes === 0) this.reset();
    return this.inputBytes === 0 || this.inputBytes === input.length - 1;
  }

  /** Forgets the window. */
  reset(): void {
    this.#assertIdle();
    this.#native.reset();
  }

  /** Also allowed during a step in the thread pool, whose `onDone` is then still called. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#native.close();
  }

  /** In these cases node:zlib aborts the process. */
  #assertIdle(): void {
    if (this.#pending !== undefined || this.#isClosed) throw new Error('this zlib handle is in use, or closed');
  }

  #onWritten(): void {
    const { inputBytes, maxOutputBytes, onDone } = this.#pending!;
    this.#pending = undefined;
    onDone(this.#noteStep(inputBytes, maxOutputBytes));
  }

  #noteStep(inputBytes: number, maxOutputBytes: number): StepStatus {
    if (this.#hasFailed) return 'failed';
    const [outputLeft = 0, inputLeft = 0] = this.#state;
    this.inputBytes = inputBytes - inputLeft;
    this.outputBytes = maxOutputBytes - outputLeft;
    if (outputLeft === 0) return 'full';
    return inputLeft === 0 ? 'done' : 'ended';
  }
}

interface PendingStep {
  /** zlib's thread reads and writes this memory: it must stay referenced. */
  readonly input: Buffer;
  readonly output: Buffer;
  readonly inputBytes: number;
  readonly maxOutputBytes: number;
  readonly onDone: (status: StepStatus) => void;
}
