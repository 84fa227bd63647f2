// The fast inflater: on the synchronous zlib handle, one message after the other.
import { WebSocketError } from '../errors.js';
import type { Inflater, InflateSink } from './inflater.js';
import type { SyncZlib } from './zlib-handle.js';

/** RFC 7692 §7.2.2: what the sender took off the end of each message. */
export const MESSAGE_TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);

/** A message may end its stream and begin another (RFC 7692 §7.2.3.4), but not so often that it costs us more than them. */
export const MAX_RESTARTS_PER_PIECE = 64;

export class SyncInflater implements Inflater {
  readonly #zlib: SyncZlib;
  readonly #onRelease: (inflater: SyncInflater, isReusable: boolean) => void;
  readonly #onOutput = (output: Buffer): boolean => this.#sink?.onInflated(output) ?? false;
  #sink: InflateSink | undefined;
  #isBetweenMessages = true;

  /** @param onRelease told after each message; not reusable = it was given up in the middle of one, or failed */
  constructor(zlib: SyncZlib, onRelease: (inflater: SyncInflater, isReusable: boolean) => void) {
    this.#zlib = zlib;
    this.#onRelease = onRelease;
  }

  begin(sink: InflateSink): void {
    this.#sink = sink;
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
    const result = this.#zlib.run(input, this.#onOutput, MAX_RESTARTS_PER_PIECE);
    if (result !== 'failed') return;
    this.#sink?.onInflateError(new WebSocketError('invalid_deflate', 'compressed data that cannot be inflated'));
  }
}
