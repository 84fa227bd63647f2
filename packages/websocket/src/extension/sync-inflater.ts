// The fast inflater: on the synchronous zlib handle, one message after the other.
import { WebSocketError } from '../errors.js';
import { type Inflater, type InflateSink, isRestartAllowed } from './inflater.js';
import type { SyncZlib } from './zlib-handle.js';

/** RFC 7692 §7.2.2: what the sender took off the end of each message. */
export const MESSAGE_TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);

export class SyncInflater implements Inflater {
  readonly #zlib: SyncZlib;
  readonly #onRelease: (inflater: SyncInflater, isReusable: boolean) => void;
  readonly #onOutput = (output: Buffer): boolean => this.#sink?.onInflated(output) ?? false;
  readonly #mayRestart = (inputBytes: number): boolean => {
    this.#restarts++;
    return isRestartAllowed(this.#restarts, this.#inputBytes + inputBytes);
  };
  #sink: InflateSink | undefined;
  #inputBytes = 0;
  #restarts = 0;
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
    this.#isBetweenMessages = false;
  }

  write(piece: Buffer, isMessageEnd: boolean): boolean {
    this.#run(piece);
    if (isMessageEnd) {
      this.#run(MESSAGE_TAIL);
      this.#isBetweenMessages = this.#sink !== undefined;
    }
    return true;
  }

  release(): void {
    if (this.#sink === undefined) return;
    this.#sink = undefined;
    this.#onRelease(this, this.#isBetweenMessages);
  }

  reset(): void {
    this.#zlib.reset();
  }

  close(): void {
    this.#sink = undefined;
    this.#zlib.close();
  }

  #run(input: Buffer): void {
    // A sink that has had enough releases us from inside its call.
    if (input.length === 0 || this.#sink === undefined) return;
    // One byte more says that it is too big. What is wrong behind that is not looked at, in whatever pieces it comes.
    const result = this.#zlib.run(input, this.#onOutput, this.#sink.inflateRoom + 1, this.#mayRestart);
    this.#inputBytes += input.length;
    if (result !== 'failed') return;
    this.#sink?.onInflateError(new WebSocketError('invalid_deflate', 'compressed data that cannot be inflated'));
  }
}
