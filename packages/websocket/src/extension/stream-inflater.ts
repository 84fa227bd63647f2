// The plain inflater: on the public zlib stream, which works in a thread pool and calls back later.
import { constants, createInflateRaw, type InflateRaw } from 'node:zlib';
import { WebSocketError } from '../errors.js';
import type { PoolPlaces } from './inflate-limits.js';
import { type Inflater, type InflateSink, isRestartAllowed } from './inflater.js';

// RFC 7692 §7.2.2: what the sender took off the end of each message, the lengths of an empty stored block.
const MESSAGE_TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);
// Empty stored blocks. At the end of a block they are read without any output, anywhere else they are not: there are more of
// them than the longest header of a block has bytes.
const EMPTY_BLOCKS = Buffer.concat(Array<Buffer>(128).fill(Buffer.from([0x00, 0x00, 0x00, 0xff, 0xff])));

export class StreamInflater implements Inflater {
  readonly #windowBits: number;
  readonly #places: PoolPlaces;
  readonly #forgets: boolean;
  #stream: InflateRaw | undefined;
  #sink: InflateSink | undefined;
  #inputBytes = 0;
  #outputBytes = 0;
  #restarts = 0;
  #isWorking = false;
  #hasPlace = false;
  #isSuspended = false;
  /** Set when all input of `write` was inflated; its output may still wait in the stream. */
  #throughWith: { readonly isMessageEnd: boolean } | undefined;

  constructor(windowBits: number, places: PoolPlaces, options: { readonly forgets: boolean }) {
    this.#windowBits = windowBits;
    this.#places = places;
    this.#forgets = options.forgets;
  }

  begin(sink: InflateSink): void {
    this.#sink = sink;
    this.#inputBytes = 0;
    this.#outputBytes = 0;
    this.#restarts = 0;
    this.#isSuspended = false;
  }

  write(piece: Buffer, isMessageEnd: boolean): boolean {
    // A message without a payload is empty: there is no block that the four omitted bytes could end.
    if (piece.length === 0 && (!isMessageEnd || this.#inputBytes === 0)) return true;
    const input = isMessageEnd ? Buffer.concat([piece, MESSAGE_TAIL]) : piece;
    this.#isWorking = true;
    this.#places.take(() => {
      this.#hasPlace = true;
      this.#feed(input, isMessageEnd);
    });
    return false;
  }

  suspend(): void {
    this.#isSuspended = true;
    this.#stream?.pause();
    // Others continue meanwhile. That one more than the limit may work afterwards costs little.
    this.#givePlace();
  }

  resume(): void {
    this.#isSuspended = false;
    this.#stream?.resume();
    // Not here: the caller may be in the middle of passing on the last output.
    if (this.#throughWith !== undefined) queueMicrotask(() => this.#noteHandedOver());
  }

  release(): void {
    this.#sink = undefined;
    if (this.#isWorking || this.#forgets) this.close();
  }

  close(): void {
    this.#sink = undefined;
    this.#throughWith = undefined;
    this.#isWorking = false;
    this.#givePlace();
    this.#stream?.destroy();
    this.#stream = undefined;
  }

  #feed(input: Buffer, isMessageEnd: boolean): void {
    if (this.#isSuspended || this.#sink === undefined) this.#givePlace();
    if (this.#sink === undefined) return;
    const stream = this.#stream ?? this.#open();
    const takenBefore = stream.bytesWritten;
    // The stream ended inside this input (RFC 7692 §7.2.3.4): the rest begins a new one. `write` then never calls back.
    stream.once('end', () => {
      const takenBytes = stream.bytesWritten - takenBefore;
      this.#inputBytes += takenBytes;
      this.#restart(input.subarray(takenBytes), isMessageEnd);
    });
    stream.write(input, (error) => {
      stream.removeAllListeners('end');
      if (error || this.#stream !== stream) return;
      this.#inputBytes += input.length;
      if (isMessageEnd) this.#probe(stream);
      else this.#noteThrough({ isMessageEnd });
    });
  }

  /** Fails unless the stream stands at the end of a block. */
  #probe(stream: InflateRaw): void {
    const outputBytes = this.#outputBytes + stream.readableLength;
    const fail = (): void => this.#fail(undefined);
    stream.once('end', fail);
    stream.write(EMPTY_BLOCKS, (error) => {
      stream.removeListener('end', fail);
      if (error || this.#stream !== stream) return;
      if (this.#outputBytes + stream.readableLength === outputBytes) this.#noteThrough({ isMessageEnd: true });
      else this.#fail(undefined);
    });
  }

  #noteThrough(through: { readonly isMessageEnd: boolean }): void {
    this.#isWorking = false;
    this.#givePlace();
    this.#throughWith = through;
    this.#noteHandedOver();
  }

  #noteHandedOver(): void {
    const through = this.#throughWith;
    if (through === undefined || this.#isSuspended || (this.#stream?.readableLength ?? 0) > 0) return;
    this.#throughWith = undefined;
    this.#sink?.onInflateReady(through.isMessageEnd);
  }

  #restart(rest: Buffer, isMessageEnd: boolean): void {
    this.#stream?.destroy();
    this.#stream = undefined;
    // The stream ended with the message: nothing is left but the four bytes that were added.
    if (isMessageEnd && rest.length === MESSAGE_TAIL.length) {
      this.#noteThrough({ isMessageEnd });
      return;
    }
    this.#restarts++;
    if (isRestartAllowed(this.#restarts, this.#inputBytes)) this.#feed(rest, isMessageEnd);
    else this.#fail(undefined);
  }

  #open(): InflateRaw {
    const stream = createInflateRaw({ windowBits: this.#windowBits, flush: constants.Z_SYNC_FLUSH, chunkSize: 65_536 });
    stream.on('data', (output: Buffer) => {
      this.#outputBytes += output.length;
      if (this.#sink?.onInflated(output) === true) this.#noteHandedOver();
      else if (this.#stream === stream) this.close();
    });
    stream.on('error', (cause) => {
      if (this.#stream === stream) this.#fail(cause);
    });
    this.#stream = stream;
    if (this.#isSuspended) stream.pause();
    return stream;
  }

  #fail(cause: unknown): void {
    const sink = this.#sink;
    this.close();
    sink?.onInflateError(new WebSocketError('invalid_deflate', 'compressed data that cannot be inflated', { cause }));
  }

  #givePlace(): void {
    if (!this.#hasPlace) return;
    this.#hasPlace = false;
    this.#places.give();
  }
}
