// The fast inflater: on a zlib handle, in this thread while messages are small, in zlib's thread pool from there on.
import { WebSocketError } from '../errors.js';
import { mayInflateNow, noteInflated, type PoolPlaces, type WaitingInflater } from './inflate-limits.js';
import { type Inflater, type InflateSink, isRestartAllowed } from './inflater.js';
import type { StepStatus, ZlibHandle } from './zlib-handle.js';

const OUTPUT_BYTES = 65_536;
// Up to this many bytes of output a message is inflated in this thread: it takes less than a millisecond, and a step in the
// thread pool about 0.08 ms in addition.
const IN_THREAD_BYTES = 131_072;

/** Output of steps in this thread, which is passed on before the next one. */
let sharedOutput: Buffer | undefined;
/** Output of steps in the thread pool. As many as there are places in it. */
const spareOutputs: Buffer[] = [];

interface PoolStep {
  readonly status: StepStatus;
  readonly output: Buffer;
}

export class HandleInflater implements Inflater, WaitingInflater {
  readonly #zlib: ZlibHandle;
  readonly #places: PoolPlaces;
  readonly #onRelease: (inflater: HandleInflater, isReusable: boolean) => void;
  #sink: InflateSink | undefined;
  /** What of the current piece has not gone through; undefined when its output has been passed on. */
  #input: Buffer | undefined;
  #inputAt = 0;
  #isMessageEnd = false;
  /** Of this message. */
  #inputBytes = 0;
  #outputBytes = 0;
  #restarts = 0;
  /** What `write` began is not complete. */
  #isUnfinished = false;
  #isRunning = false;
  #isSuspended = false;
  /** For a later turn, for a place in the thread pool, or for a step there. */
  #isWaiting = false;
  /** A step in the thread pool that ended while suspended. */
  #finished: PoolStep | undefined;
  #isBetweenMessages = true;

  /** @param onRelease called after each message; not reusable = released inside one, or failed */
  constructor(
    zlib: ZlibHandle,
    places: PoolPlaces,
    onRelease: (inflater: HandleInflater, isReusable: boolean) => void,
  ) {
    this.#zlib = zlib;
    this.#places = places;
    this.#onRelease = onRelease;
  }

  begin(sink: InflateSink): void {
    this.#sink = sink;
    this.#inputBytes = 0;
    this.#outputBytes = 0;
    this.#restarts = 0;
    this.#isSuspended = false;
    this.#isBetweenMessages = false;
  }

  write(piece: Buffer, isMessageEnd: boolean): boolean {
    this.#isMessageEnd = isMessageEnd;
    if (piece.length > 0) {
      this.#input = piece;
      this.#inputAt = 0;
    }
    this.#isUnfinished = true;
    return this.#run();
  }

  suspend(): void {
    this.#isSuspended = true;
  }

  /** May be called from inside `onInflated`, as `suspend`: what runs there then just continues. */
  resume(): void {
    if (!this.#isSuspended) return;
    this.#isSuspended = false;
    if (this.#isRunning) return;
    const finished = this.#finished;
    this.#finished = undefined;
    if (finished !== undefined) this.#noteFinished(finished);
    else if (this.#isUnfinished && !this.#isWaiting) this.#runAndReport();
  }

  /** Called in a turn in which there is room for more. */
  continue(): void {
    this.#isWaiting = false;
    if (this.#sink !== undefined) this.#runAndReport();
    else this.#onRelease(this, false);
  }

  release(): void {
    if (this.#sink === undefined) return;
    this.#sink = undefined;
    this.#input = undefined;
    this.#finished = undefined;
    // What waits for zlib has to come back first.
    if (!this.#isWaiting) this.#onRelease(this, this.#isBetweenMessages);
  }

  reset(): void {
    this.#zlib.reset();
  }

  close(): void {
    this.#sink = undefined;
    this.#input = undefined;
    this.#zlib.close();
  }

  #runAndReport(): void {
    if (this.#run()) this.#sink?.onInflateReady(this.#isMessageEnd);
  }

  /** False if it continues later. */
  #run(): boolean {
    this.#isRunning = true;
    const isThrough = this.#runSteps();
    this.#isRunning = false;
    if (!isThrough || (this.#isSuspended && this.#sink !== undefined)) return false;
    this.#isUnfinished = false;
    if (this.#isMessageEnd && this.#sink !== undefined) this.#endMessage();
    return true;
  }

  #runSteps(): boolean {
    // A sink that wants no more releases this inflater from inside its callback.
    while (this.#input !== undefined && this.#sink !== undefined && !this.#isSuspended) {
      if (this.#outputBytes >= IN_THREAD_BYTES) {
        this.#stepInPool();
        return false;
      }
      if (!mayInflateNow(this)) {
        this.#isWaiting = true;
        return false;
      }
      sharedOutput ??= Buffer.allocUnsafeSlow(OUTPUT_BYTES);
      this.#noteStep(
        this.#zlib.step(this.#input, this.#inputAt, sharedOutput, this.#roomFor(this.#sink)),
        sharedOutput,
      );
      noteInflated(this.#zlib.inputBytes + this.#zlib.outputBytes);
    }
    return true;
  }

  #stepInPool(): void {
    this.#isWaiting = true;
    this.#places.take(() => {
      const input = this.#input;
      if (input === undefined || this.#sink === undefined) {
        this.#places.give();
        this.continue();
        return;
      }
      const output = spareOutputs.pop() ?? Buffer.allocUnsafeSlow(OUTPUT_BYTES);
      this.#zlib.stepInPool(input, this.#inputAt, output, this.#roomFor(this.#sink), (status) => {
        this.#isWaiting = false;
        this.#places.give();
        if (this.#sink === undefined) this.#onRelease(this, false);
        if (this.#sink !== undefined && this.#isSuspended) this.#finished = { status, output };
        else this.#noteFinished({ status, output });
      });
    });
  }

  #noteFinished({ status, output }: PoolStep): void {
    this.#isRunning = true;
    if (this.#sink !== undefined) this.#noteStep(status, output);
    this.#isRunning = false;
    spareOutputs.push(output);
    if (this.#sink !== undefined) this.#runAndReport();
  }

  /** One byte more than wanted says that the message is too big. What is wrong behind that is not looked at. */
  #roomFor(sink: InflateSink): number {
    return Math.min(OUTPUT_BYTES, sink.inflateRoom + 1);
  }

  #noteStep(status: StepStatus, output: Buffer): void {
    if (status === 'failed') {
      this.#fail();
      return;
    }
    const { inputBytes, outputBytes } = this.#zlib;
    this.#inputAt += inputBytes;
    this.#inputBytes += inputBytes;
    this.#outputBytes += outputBytes;
    if (status === 'done') this.#input = undefined;
    if (outputBytes > 0 && this.#sink?.onInflated(output.subarray(0, outputBytes)) !== true) return;
    if (status !== 'ended') return;
    // What follows begins a new stream.
    this.#restarts++;
    if (isRestartAllowed(this.#restarts, this.#inputBytes)) this.#zlib.reset();
    else this.#fail();
  }

  #endMessage(): void {
    // A message without a payload is empty: there is no block that the four omitted bytes could end.
    this.#isBetweenMessages = this.#inputBytes === 0 || this.#zlib.endMessage();
    if (!this.#isBetweenMessages) this.#fail();
  }

  #fail(): void {
    this.#input = undefined;
    this.#sink?.onInflateError(new WebSocketError('invalid_deflate', 'compressed data that cannot be inflated'));
  }
}
