// The plain inflater: on the public zlib stream, which works in a thread pool and answers later.
import { constants, createInflateRaw, type InflateRaw } from 'node:zlib';
import { WebSocketError } from '../errors.js';
import type { InflateTurns } from './inflate-turns.js';
import { type Inflater, type InflateSink, isRestartAllowed } from './inflater.js';
import { MESSAGE_TAIL } from './sync-inflater.js';

export class StreamInflater implements Inflater {
  readonly #windowBits: number;
  readonly #turns: InflateTurns;
  readonly #forgets: boolean;
  #stream: InflateRaw | undefined;
  #sink: InflateSink | undefined;
  #inputBytes = 0;
  #restarts = 0;
  #isWorking = false;
  #hasTurn = false;
  #isSuspended = false;
  /** All input has been put through; its output may still wait in the stream. Then: was it the last of the message? */
  #throughWith: { readonly isMessageEnd: boolean } | undefined;

  constructor(windowBits: number, turns: InflateTurns, options: { readonly forgets: boolean }) {
    this.#windowBits = windowBits;
    this.#turns = turns;
    this.#forgets = options.forgets;
  }

  begin(sink: InflateSink): void {
    this.#sink = sink;
    this.#inputBytes = 0;
    this.#restarts = 0;
    this.#isSuspended = false;
  }

  write(piece: Buffer, isMessageEnd: boolean): boolean {
    const input = isMessageEnd ? Buffer.concat([piece, MESSAGE_TAIL]) : piece;
    if (input.length === 0) return true;
    this.#isWorking = true;
    this.#turns.take(() => {
      this.#hasTurn = true;
      this.#feed(input, isMessageEnd);
    });
    return false;
  }

  suspend(): void {
    this.#isSuspended = true;
    this.#stream?.pause();
    // Others go on meanwhile; that there is one too many at work afterwards costs little.
    this.#giveTurn();
  }

  resume(): void {
    this.#isSuspended = false;
    this.#stream?.resume();
    // Not here: the caller may be in the middle of telling the last output.
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
    this.#giveTurn();
    this.#stream?.destroy();
    this.#stream = undefined;
  }

  #feed(input: Buffer, isMessageEnd: boolean): void {
    if (this.#isSuspended || this.#sink === undefined) this.#giveTurn();
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
      this.#isWorking = false;
      this.#giveTurn();
      this.#throughWith = { isMessageEnd };
      this.#noteHandedOver();
    });
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
    this.#restarts++;
    if (isRestartAllowed(this.#restarts, this.#inputBytes)) this.#feed(rest, isMessageEnd);
    else this.#fail(undefined);
  }

  #open(): InflateRaw {
    const stream = createInflateRaw({ windowBits: this.#windowBits, flush: constants.Z_SYNC_FLUSH, chunkSize: 65_536 });
    stream.on('data', (output: Buffer) => {
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

  #giveTurn(): void {
    if (!this.#hasTurn) return;
    this.#hasTurn = false;
    this.#turns.give();
  }
}
