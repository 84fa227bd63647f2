// The order of messages while one of them is streamed: frames of another message must not come between its fragments
// (RFC 6455 §5.4), so later messages wait behind it. Exists only on connections that have streamed.
import { Queue } from '../../queue.js';
import { compactLast, MAX_LOOSE_PIECES } from './write-queue.js';
import { WriteWaiters } from './write-waiters.js';

/** A streamed message, current or waiting; while it waits it keeps its fragments itself. */
export interface StreamedMessage {
  /** It becomes the current message: its fragments are written directly from here on. Returns those that waited. */
  begin(): WaitingOutput | undefined;
  /** It will not be sent: drops what waited; pending promises reject with `reason`. */
  drop(reason: unknown): void;
  readonly hasEnded: boolean;
}

export class SendOrder {
  readonly #write: (output: WaitingOutput) => void;
  #current: StreamedMessage | undefined;
  /** Whole messages that follow each other wait as one. */
  readonly #waiting = new Queue<WaitingOutput | StreamedMessage>();
  /** The last that waits, if it is whole messages. */
  #last: WaitingOutput | undefined;
  #waitingBytes = 0;

  /** @param write  takes output that has waited, in order */
  constructor(write: (output: WaitingOutput) => void) {
    this.#write = write;
  }

  /** No message is streamed: a whole message need not wait. */
  get isIdle(): boolean {
    return this.#current === undefined;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** A whole message waits behind the streamed one. */
  pushMessage(frames: Buffer): void {
    this.#atEnd().push(frames);
    this.#waitingBytes += frames.length;
  }

  /** Calls back when the operating system has taken the whole messages so far, or never will. */
  whenWritten(resolve: () => void, reject: (reason: unknown) => void): void {
    this.#atEnd().whenWritten(resolve, reject);
  }

  /** Counts a fragment of a streamed message that waits; the message keeps the bytes itself. */
  noteWaiting(bytes: number): void {
    this.#waitingBytes += bytes;
  }

  open(message: StreamedMessage): void {
    if (this.#current === undefined) {
      this.#start(message);
      return;
    }
    this.#waiting.push(message);
    this.#last = undefined;
  }

  /** `message` has had its last fragment. If it was the current one, those behind it follow. */
  end(message: StreamedMessage): void {
    if (this.#current !== message) return;
    this.#current = undefined;
    while (this.#current === undefined && this.#waiting.length > 0) {
      const next = this.#waiting.shift()!;
      if (next === this.#last) this.#last = undefined;
      if (next instanceof WaitingOutput) this.#release(next);
      else this.#start(next);
    }
  }

  /** Drops what waits; pending promises reject with `reason`. */
  drop(reason: unknown): void {
    this.#current = undefined;
    this.#last = undefined;
    this.#waitingBytes = 0;
    for (const waiting of this.#waiting.takeAll()) {
      if (waiting instanceof WaitingOutput) waiting.waiters.rejectAll(reason);
      else waiting.drop(reason);
    }
  }

  #atEnd(): WaitingOutput {
    if (this.#last === undefined) {
      this.#last = new WaitingOutput();
      this.#waiting.push(this.#last);
    }
    return this.#last;
  }

  #start(message: StreamedMessage): void {
    this.#current = message;
    const waited = message.begin();
    if (waited !== undefined) this.#release(waited);
    if (message.hasEnded) this.#current = undefined;
  }

  #release(output: WaitingOutput): void {
    this.#waitingBytes -= output.byteLength;
    this.#write(output);
  }
}

/** Whole messages, or fragments of one message, that wait until a streamed message ahead of them has ended. */
export class WaitingOutput {
  readonly #pieces: Buffer[] = [];
  /** By their position in what waits here. */
  readonly waiters = new WriteWaiters();
  #bytes = 0;
  /** Pieces at the end that the next compaction looks at. */
  #loosePieces = 0;

  get pieces(): readonly Buffer[] {
    return this.#pieces;
  }

  get byteLength(): number {
    return this.#bytes;
  }

  push(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (++this.#loosePieces < MAX_LOOSE_PIECES) return;
    this.#loosePieces = compactLast(this.#pieces, this.#loosePieces);
  }

  /** Calls back when the operating system has taken all that waits here now, or never will. */
  whenWritten(resolve: () => void, reject: (reason: unknown) => void): void {
    this.waiters.add(this.#bytes, resolve, reject);
  }
}
