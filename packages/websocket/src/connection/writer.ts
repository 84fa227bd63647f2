// Output of one connection: what is queued in a turn is written at its end, at most `maxSocketWriteBytes` at a time.
import type { Duplex } from 'node:stream';
import type { ResolvedWebSocketOptions } from '../options.js';
import {
  type DirectHandle,
  type DirectWriteResult,
  directHandle,
  writeAllDirectly,
  writeDirectly,
} from './direct-write.js';
import { flushAtTurnEnd, onFlushRoundEnd } from './flush-schedule.js';
import type { OutgoingFrames } from './frame-watch.js';
import { HandOverWaiters } from './hand-over-waiters.js';
import type { WaitingOutput } from './waiting-output.js';
import { forgetJoinedPieces, WriteQueue } from './write-queue.js';

onFlushRoundEnd(forgetJoinedPieces);

/** One object for all writers of a kind; each call names its owner. */
export interface WriterEvents<Owner> {
  /** The queue fell to drainBytes or below. */
  onDrain(owner: Owner): void;
  onWriteError(owner: Owner, cause: unknown): void;
}

const NO_BYTES = Buffer.alloc(0);
const NOT_FULL = -1;
// Through the stream, progress shows only when a whole batch is done. With batches of this size even the slowest reader
// that is still allowed (1 KiB/s) shows some within a heartbeat and its grace.
const STREAM_BATCH_BYTES = 32_768;

export class Writer<Owner> {
  readonly #owner: Owner;
  readonly #events: WriterEvents<Owner>;
  readonly #socket: Duplex;
  readonly #options: ResolvedWebSocketOptions;
  readonly #handle: DirectHandle | undefined;
  readonly #seen: OutgoingFrames | undefined;
  readonly #queue = new WriteQueue();
  /** Bytes of the write under way; 0 = none. */
  #writingBytes = 0;
  /** All bytes ever handed to the socket. */
  #handedBytes = 0;
  #isScheduled = false;
  /** How many batches are open: data then waits for `release`. */
  #holds = 0;
  #endsWhenEmpty = false;
  /** When the queue came above drainBytes, on the clock of the one who noted it. */
  #fullSinceMs = NOT_FULL;
  #writtenBytesWhenFull = 0;
  /** By their position in all that is handed to the socket. */
  #waiters: HandOverWaiters | undefined;
  #onStreamWritten: ((error?: Error | null) => void) | undefined;

  constructor(
    owner: Owner,
    events: WriterEvents<Owner>,
    socket: Duplex,
    options: ResolvedWebSocketOptions,
    seen: OutgoingFrames | undefined,
  ) {
    this.#owner = owner;
    this.#events = events;
    this.#socket = socket;
    this.#options = options;
    this.#seen = seen;
    this.#handle = options.socketWrites === 'auto' ? directHandle(socket) : undefined;
  }

  /** Bytes that wait here, and those handed to the socket that the operating system has not taken yet. */
  get bufferedBytes(): number {
    return this.#queue.byteLength + this.#unwrittenBytes();
  }

  /** All bytes that the operating system has taken; grows while a slow peer reads, also in the middle of a large write. */
  get writtenBytes(): number {
    return this.#handedBytes - this.#unwrittenBytes();
  }

  /** As bufferedBytes, but counts a write under way as a whole: cheap enough for every send. */
  get queuedBytes(): number {
    return this.#queue.byteLength + this.#writingBytes;
  }

  /** The operating system has not taken all it was handed: the peer reads more slowly than we write. */
  get isWriting(): boolean {
    return this.#writingBytes > 0;
  }

  /** When the queue came above drainBytes; -1 while it is not above. */
  get fullSinceMs(): number {
    return this.#fullSinceMs;
  }

  /** What the operating system has taken since then. */
  get writtenBytesSinceFull(): number {
    return this.writtenBytes - this.#writtenBytesWhenFull;
  }

  /** True when the queue is above drainBytes and nobody has noted since when. */
  get isNewlyFull(): boolean {
    return this.#fullSinceMs < 0 && this.queuedBytes > this.#options.drainBytes;
  }

  noteFull(nowMs: number): void {
    this.#fullSinceMs = nowMs;
    this.#writtenBytesWhenFull = this.writtenBytes;
  }

  get hasUrgent(): boolean {
    return this.#queue.hasUrgent;
  }

  push(piece: Buffer): void {
    this.#queue.push(piece);
    if (!this.#isScheduled && this.#holds === 0) this.#schedule();
  }

  /** One frame in two pieces; `payload` must be a view of its own for this call. */
  pushFrame(header: Buffer, payload: Buffer): void {
    this.#queue.pushFrame(header, payload);
    if (!this.#isScheduled && this.#holds === 0) this.#schedule();
  }

  pushUrgent(piece: Buffer): void {
    // It goes out ahead of what they wait for.
    this.#waiters?.delay(piece.length);
    this.#queue.pushUrgent(piece);
    if (!this.#isScheduled) this.#schedule();
  }

  /** Everything that has waited for its turn, and those who wait for it. */
  pushAll(output: WaitingOutput): void {
    const start = this.#handedBytes + this.#queue.byteLength;
    for (const piece of output.pieces) this.push(piece);
    if (output.waiters.isEmpty) return;
    this.#waitersHere().takeOver(output.waiters, start);
  }

  /** Calls back once all that is queued now has been handed to the operating system, or never will be. */
  whenHandedOver(resolve: () => void, reject: (reason: unknown) => void): void {
    this.#waitersHere().add(this.#handedBytes + this.#queue.byteLength, resolve, reject);
  }

  #waitersHere(): HandOverWaiters {
    // Who waits for it inside of a batch would wait for its end, which waits for them. And who waits for nothing, as a
    // message joined from none is, is told at the end of the turn as well.
    if (!this.#isScheduled && (this.#holds > 0 || this.#queue.byteLength === 0)) this.#schedule();
    this.#waiters ??= new HandOverWaiters();
    return this.#waiters;
  }

  /** What was queued before goes out; what is pushed from here on gathers until `release`. */
  hold(): void {
    if (this.#isScheduled) this.flush();
    this.#holds++;
  }

  /** Ends the innermost `hold`; the outermost writes. */
  release(): void {
    this.#holds = Math.max(0, this.#holds - 1);
    if (this.#holds === 0 && !this.#isScheduled) this.flush();
  }

  /** Ends every `hold`: nothing follows that a batch could gather. */
  releaseAll(): void {
    this.#holds = 0;
    if (!this.#isScheduled) this.#schedule();
  }

  /** Ends the socket's writing side once the queue is empty. */
  endWhenEmpty(): void {
    this.#endsWhenEmpty = true;
    if (!this.#isScheduled) this.#schedule();
  }

  /** Gives queued output up, except for the rest of a frame that is on the wire in part; whoever waits learns why. */
  drop(reason: unknown): void {
    this.#rejectWaiters(reason);
    this.#queue.drop();
    this.#fullSinceMs = NOT_FULL;
  }

  /** The end of the turn, unless what was queued for it went out before. */
  flushScheduled(): void {
    if (this.#isScheduled) this.flush();
  }

  /** Writes what is queued, now. */
  flush(): void {
    this.#isScheduled = false;
    if (this.#writingBytes > 0) return;
    const limit = this.#options.maxSocketWriteBytes;
    const batchBytes = this.#handle === undefined ? Math.min(limit, STREAM_BATCH_BYTES) : limit;
    while (!this.#socket.destroyed) {
      const batch = this.#queue.take(batchBytes);
      if (batch === undefined) break;
      if (!this.#write(batch)) return;
    }
    this.#afterWrite();
  }

  /** Nothing more goes out; whoever waits learns why. */
  destroy(reason: unknown): void {
    this.#writingBytes = 0;
    this.#queue.drop();
    this.#rejectWaiters(reason);
  }

  onDirectWriteDone(status: number): void {
    if (status < 0) this.#events.onWriteError(this.#owner, new Error(`write failed with status ${status}`));
    else this.#onWritten();
  }

  #schedule(): void {
    // While a write is under way, its end continues with what has gathered.
    if (this.#writingBytes > 0) return;
    this.#isScheduled = true;
    flushAtTurnEnd(this);
  }

  /** True when the operating system has taken it all. */
  #write(batch: Buffer | Buffer[]): boolean {
    const bytes = Array.isArray(batch) ? totalBytes(batch) : batch.length;
    this.#handedBytes += bytes;
    this.#seen?.push(batch);
    const handle = this.#handle;
    // Past the stream only when nothing of ours is in it, such as the answer to the handshake.
    if (handle === undefined || this.#socket.writableLength > 0) return this.#writeToStream(batch, bytes);
    const result = this.#writeToHandle(handle, batch);
    if (result === 'written') return true;
    this.#writingBytes = bytes;
    if (result === 'failed') this.#events.onWriteError(this.#owner, new Error('write failed'));
    return false;
  }

  #writeToHandle(handle: DirectHandle, batch: Buffer | Buffer[]): DirectWriteResult {
    return Array.isArray(batch) ? writeAllDirectly(handle, batch, this) : writeDirectly(handle, batch, this);
  }

  #writeToStream(batch: Buffer | Buffer[], bytes: number): boolean {
    const socket = this.#socket;
    if (Array.isArray(batch)) {
      socket.cork();
      for (const piece of batch) socket.write(piece);
      socket.uncork();
    } else {
      socket.write(batch);
    }
    if (socket.writableLength === 0) return true;
    this.#writingBytes = bytes;
    this.#onStreamWritten ??= (error) => {
      // Failures come as the socket's 'error' event.
      if (!error) this.#onWritten();
    };
    socket.write(NO_BYTES, this.#onStreamWritten);
    return false;
  }

  #onWritten(): void {
    this.#writingBytes = 0;
    this.#afterWrite();
    this.flush();
  }

  /** Everything handed over has been taken by the operating system. */
  #afterWrite(): void {
    this.#waiters?.settle(this.#handedBytes);
    if (this.#fullSinceMs >= 0 && this.queuedBytes <= this.#options.drainBytes) {
      this.#fullSinceMs = NOT_FULL;
      this.#events.onDrain(this.#owner);
    }
    const isDone = this.#endsWhenEmpty && this.#queue.byteLength === 0;
    if (isDone && !this.#socket.destroyed && !this.#socket.writableEnded) this.#socket.end();
  }

  #rejectWaiters(reason: unknown): void {
    this.#waiters?.rejectAll(reason);
    this.#waiters = undefined;
  }

  #unwrittenBytes(): number {
    if (this.#writingBytes === 0) return 0;
    return this.#handle === undefined ? this.#writingBytes : this.#handle.writeQueueSize;
  }
}

function totalBytes(pieces: readonly Buffer[]): number {
  let bytes = 0;
  for (const piece of pieces) bytes += piece.length;
  return bytes;
}
