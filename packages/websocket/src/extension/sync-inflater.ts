// The fast inflater: on the synchronous zlib handle, one message after the other.
import { WebSocketError } from '../errors.js';
import { type Inflater, type InflateSink, isRestartAllowed } from './inflater.js';
import type { SyncZlib } from './zlib-handle.js';

/** RFC 7692 §7.2.2: what the sender took off the end of each message. */
export const MESSAGE_TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);

export class SyncInflater implements Inflater {
  readonly #zlib: SyncZlib;
  readonly #onRelease: (inflater: SyncInflater, isReusable: boolean) => void;
  readonly #onOutput = (output: Buffer): boolean => this.#sink?.onInflated(output) === true && !this.#isSuspended;
  readonly #mayRestart = (inputBytes: number): boolean => {
    this.#restarts++;
    return isRestartAllowed(this.#restarts, this.#inputBytes + inputBytes);
  };
  #sink: InflateSink | undefined;
  #inputBytes = 0;
  #restarts = 0;
  /** What of a piece could not be handed over yet, or nothing of its input but perhaps some of its output. */
  #rest: Buffer | undefined;
  #isLastPiece = false;
  #isSuspended = false;
  #isBetweenMessages = true;

  /** @param onRelease told after each message; not reusable = it was given up in the middle of one, or failed */
  constructor(zlib: SyncZlib, onRelease: (inflater: SyncInflater, isReusable: boolean) => void) {
    this.#zlib = zlib;
    this.#onRelease = onRelease;
  }

  begin(sink: InflateSink): void {
    this.#sink = sink;
    this.#inputBytes = 0;
    this.#restarts = 0;
    this.#isSuspended = false;
    this.#isBetweenMessages = false;
  }

  write(piece: Buffer, isMessageEnd: boolean): boolean {
    this.#isLastPiece = isMessageEnd;
    if (!isMessageEnd) return piece.length === 0 || this.#run(piece);
    return this.#run(piece.length === 0 ? MESSAGE_TAIL : Buffer.concat([piece, MESSAGE_TAIL]));
  }

  suspend(): void {
    this.#isSuspended = true;
  }

  resume(): void {
    this.#isSuspended = false;
    const rest = this.#rest;
    if (rest === undefined) return;
    this.#rest = undefined;
    if (this.#run(rest)) this.#sink?.onInflateReady(this.#isLastPiece);
  }

  release(): void {
    if (this.#sink === undefined) return;
    this.#sink = undefined;
    this.#rest = undefined;
    this.#onRelease(this, this.#isBetweenMessages);
  }

  reset(): void {
    this.#zlib.reset();
  }

  close(): void {
    this.#sink = undefined;
    this.#rest = undefined;
    this.#zlib.close();
  }

  /** False if it was suspended before all was handed over. */
  #run(input: Buffer): boolean {
    let left = input;
    // A sink that has had enough releases us from inside its call.
    while (this.#sink !== undefined) {
      // One byte more says that it is too big. What is wrong behind that is not looked at, in whatever pieces it comes.
      const result = this.#zlib.run(left, this.#onOutput, this.#sink.inflateRoom + 1, this.#mayRestart);
      if (result === 'failed') {
        this.#sink.onInflateError(new WebSocketError('invalid_deflate', 'compressed data that cannot be inflated'));
        return true;
      }
      this.#inputBytes += this.#zlib.takenBytes;
      if (result === 'done') {
        this.#isBetweenMessages = this.#isLastPiece && this.#sink !== undefined;
        return true;
      }
      left = left.subarray(this.#zlib.takenBytes);
      if (this.#isSuspended && this.#sink !== undefined) {
        this.#rest = left;
        return false;
      }
      // Else it was resumed before it had stopped.
    }
    return true;
  }
}
