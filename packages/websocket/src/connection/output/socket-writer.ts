// Writes the output of one connection: what is queued in a turn goes out at its end, at most `maxSocketWriteBytes` at a time.
import type { Duplex } from 'node:stream';
import type { ResolvedWebSocketOptions } from '../../options.js';
import { TurnTasks } from '../../turn-tasks.js';
import type { OutgoingFrames } from '../frame-watch.js';
import {
  type DirectHandle,
  type DirectWriteResult,
  directHandle,
  writeAllDirectly,
  writeDirectly,
} from './direct-write.js';
import type { WaitingOutput } from './send-order.js';
import { forgetJoinedPieces, type SharedTail, WriteQueue } from './write-queue.js';
import { WriteWaiters } from './write-waiters.js';

/** Writers with output to write at the end of this turn. */
export const scheduledWriters = new TurnTasks<{ flushScheduled(): void }>((writer) => writer.flushScheduled(), {
  // A write takes about 5 µs, and reading the clock up to a tenth of that on a virtual machine.
  tasksPerClockRead: 32,
  afterSlice: forgetJoinedPieces,
});

/** One object for all writers of a kind; each call names its owner. */
export interface SocketWriterEvents<Owner> {
  /** The queue fell to drainBytes or below. */
  onDrain(owner: Owner): void;
  onWriteError(owner: Owner, cause: unknown): void;
}

const NO_BYTES = Buffer.alloc(0);
const NOT_FULL = -1;
// A stream reports progress only when a whole batch is written. With batches of this size even the slowest reader allowed
// (1 KiB/s) makes some within a heartbeat and its grace.
const STREAM_BATCH_BYTES = 32_768;

export class SocketWriter<Owner> {
  readonly #owner: Owner;
  readonly #events: SocketWriterEvents<Owner>;
  readonly #socket: Duplex;
  readonly #options: ResolvedWebSocketOptions;
  readonly #handle: DirectHandle | undefined;
  readonly #seen: OutgoingFrames | undefined;
  readonly #queue = new WriteQueue();
  /** Bytes of the write in progress; 0 = none. */
  #writingBytes = 0;
  /** All bytes ever passed to the socket. */
  #passedBytes = 0;
  #isScheduled = false;
  /** Number of open `hold`s: data then waits for `release`. */
  #holds = 0;
  #endsWhenEmpty = false;
  /** When the queue rose above drainBytes, on the clock of the caller of `noteFull`. */
  #fullSinceMs = NOT_FULL;
  #writtenBytesWhenFull = 0;
  /** By their position among all bytes passed to the socket. */
  #waiters: WriteWaiters | undefined;
  #onStreamWritten: ((error?: Error | null) => void) | undefined;

  constructor(
    owner: Owner,
    events: SocketWriterEvents<Owner>,
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

  /** Bytes that wait here, and those passed to the socket that the operating system has not taken yet. */
  get bufferedBytes(): number {
    return this.#queue.byteLength + this.#unwrittenBytes();
  }

  /** All bytes that the operating system has taken; grows while a slow peer reads, also during one large write. */
  get writtenBytes(): number {
    return this.#passedBytes - this.#unwrittenBytes();
  }

  /** As bufferedBytes, but counts a write in progress as a whole: cheap enough for every send. */
  get queuedBytes(): number {
    return this.#queue.byteLength + this.#writingBytes;
  }

  /** The operating system has not taken everything yet: the peer reads more slowly than we write. */
  get isWriting(): boolean {
    return this.#writingBytes > 0;
  }

  /** When the queue rose above drainBytes; -1 while it is not above. */
  get fullSinceMs(): number {
    return this.#fullSinceMs;
  }

  /** Bytes that the operating system has taken since then. */
  get writtenBytesSinceFull(): number {
    return this.writtenBytes - this.#writtenBytesWhenFull;
  }

  /** True when the queue is above drainBytes and `noteFull` was not called yet. */
  get isNewlyFull(): boolean {
    return this.#fullSinceMs < 0 && this.queuedBytes > this.#options.drainBytes;
  }

  /** How many bytes more may be queued before `bufferedBytes` is above `limit`, or the queue above a limit of its own. */
  roomForMore(limit: number): number {
    const { drainBytes, maxBufferedBytes } = this.#options;
    // Until noteFull was called, being full is something to be noted.
    const queueLimit = this.#fullSinceMs < 0 ? Math.min(drainBytes, maxBufferedBytes) : maxBufferedBytes;
    const waitingBytes = this.#queue.byteLength;
    if (this.#writingBytes === 0) return Math.min(limit, queueLimit) - waitingBytes;
    return Math.min(limit - this.#unwrittenBytes(), queueLimit - this.#writingBytes) - waitingBytes;
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

  /** One frame in two pieces; `payload` must be a new view for each call. */
  pushFrame(header: Buffer, payload: Buffer): void {
    this.#queue.pushFrame(header, payload);
    if (!this.#isScheduled && this.#holds === 0) this.#schedule();
  }

  pushUrgent(piece: Buffer): void {
    // It is written ahead of what they wait for.
    this.#waiters?.delay(piece.length);
    this.#queue.pushUrgent(piece);
    if (!this.#isScheduled) this.#schedule();
  }

  /** The output continues with what `tail` holds from now on, until anything else is queued. */
  follow(tail: SharedTail, receiver: unknown): void {
    this.#queue.follow(tail, receiver);
    if (!this.#isScheduled && this.#holds === 0) this.#schedule();
  }

  /** Stops following a tail; what was added to it so far stays queued. */
  endTail(): void {
    this.#queue.endTail();
  }

  isFollowing(source: object): boolean {
    return this.#queue.isFollowing(source);
  }

  /** Takes output that waited behind a streamed message, and its waiters. */
  pushAll(output: WaitingOutput): void {
    const start = this.#passedBytes + this.#queue.byteLength;
    for (const piece of output.pieces) this.push(piece);
    if (output.waiters.isEmpty) return;
    this.#activeWaiters().takeOver(output.waiters, start);
  }

  /** Calls back when the operating system has taken all that is queued now, or never will. */
  whenWritten(resolve: () => void, reject: (reason: unknown) => void): void {
    this.#activeWaiters().add(this.#passedBytes + this.#queue.byteLength, resolve, reject);
  }

  #activeWaiters(): WriteWaiters {
    // Inside a `hold`, waiting for the release could wait for itself. And when nothing is queued, as after a message joined
    // from none, the end of the turn settles the waiter.
    if (!this.#isScheduled && (this.#holds > 0 || this.#queue.byteLength === 0)) this.#schedule();
    this.#waiters ??= new WriteWaiters();
    return this.#waiters;
  }

  /** Writes what was queued before; what is pushed from here on waits until `release`. */
  hold(): void {
    if (this.#isScheduled) this.flush();
    this.#holds++;
  }

  /** Ends one `hold`; the last one writes. */
  release(): void {
    this.#holds = Math.max(0, this.#holds - 1);
    if (this.#holds === 0 && !this.#isScheduled) this.flush();
  }

  /** Ends every `hold`: nothing follows. */
  releaseAll(): void {
    this.#holds = 0;
    if (!this.#isScheduled) this.#schedule();
  }

  /** Ends the socket's writing side once the queue is empty. */
  endWhenEmpty(): void {
    this.#endsWhenEmpty = true;
    if (!this.#isScheduled) this.#schedule();
  }

  /** Drops queued output, except the rest of a frame already written in part; pending promises reject with `reason`. */
  drop(reason: unknown): void {
    this.#rejectWaiters(reason);
    this.#queue.drop();
    this.#fullSinceMs = NOT_FULL;
  }

  /** Called at the end of the turn; does nothing if the queue was flushed before. */
  flushScheduled(): void {
    if (this.#isScheduled) this.flush();
  }

  /** Writes what is queued at once. */
  flush(): void {
    this.#isScheduled = false;
    if (this.#writingBytes > 0) return;
    const limit = this.#options.maxSocketWriteBytes;
    const batchBytes = this.#handle === undefined ? Math.min(limit, STREAM_BATCH_BYTES) : limit;
    while (!this.#socket.destroyed) {
      const batch = this.#queue.take(batchBytes);
      if (batch === undefined) break;
      if (!this.#write(batch)) return;
      if (this.#queue.byteLength === 0) break;
    }
    this.#afterWrite();
  }

  /** The socket is closed: drops everything; pending promises reject with `reason`. */
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
    // A write in progress continues with what is queued when it completes.
    if (this.#writingBytes > 0) {
      this.#queue.compactIfNeeded();
      return;
    }
    this.#isScheduled = true;
    scheduledWriters.add(this);
  }

  /** True when the operating system has taken all of it. */
  #write(batch: Buffer | Buffer[]): boolean {
    const bytes = Array.isArray(batch) ? totalBytes(batch) : batch.length;
    this.#passedBytes += bytes;
    this.#seen?.push(batch);
    const handle = this.#handle;
    // The stream is bypassed only while it is empty: it may still hold the answer to the handshake.
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
      // The socket's 'error' event reports failures.
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

  /** The operating system has taken everything that was passed to it. */
  #afterWrite(): void {
    this.#waiters?.settle(this.#passedBytes);
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
