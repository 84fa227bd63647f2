// The order of messages while one of them is streamed: frames of another message must not stand between its fragments
// (RFC 6455 §5.4), so later messages wait behind it. Exists only on connections that stream.
import { Queue } from '../queue.js';
import { WaitingOutput } from './waiting-output.js';

/** A streamed message in the queue: its fragments so far, while it is not its turn. */
export interface StreamedMessage {
  /** Its turn has come: fragments go out directly from here on. Returns those that waited. */
  begin(): WaitingOutput | undefined;
  /** Its turn will not come: lets go of what waited; whoever waits for it learns why. */
  giveUp(reason: unknown): void;
  readonly hasEnded: boolean;
}

export class SendOrder {
  readonly #handOver: (output: WaitingOutput) => void;
  #current: StreamedMessage | undefined;
  /** Whole messages that follow each other wait as one. */
  readonly #waiting = new Queue<WaitingOutput | StreamedMessage>();
  /** The last that waits, if it is whole messages. */
  #last: WaitingOutput | undefined;
  #waitingBytes = 0;

  /** @param handOver  takes what has waited, in order */
  constructor(handOver: (output: WaitingOutput) => void) {
    this.#handOver = handOver;
  }

  /** Nothing is streamed: a whole message need not wait. */
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

  /** Calls back once the whole messages so far have been handed to the operating system, or never will be. */
  whenHandedOver(resolve: () => void, reject: (reason: unknown) => void): void {
    this.#atEnd().whenHandedOver(resolve, reject);
  }

  /** A fragment of a streamed message whose turn it is not yet; it keeps the bytes itself. */
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

  /** `message` has had its last fragment. If it was its turn, those behind it follow. */
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

  /** Gives up what waits; whoever waits for it learns why. */
  drop(reason: unknown): void {
    this.#current = undefined;
    this.#last = undefined;
    this.#waitingBytes = 0;
    for (const waiting of this.#waiting.takeAll()) {
      if (waiting instanceof WaitingOutput) waiting.waiters.rejectAll(reason);
      else waiting.giveUp(reason);
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
    this.#handOver(output);
  }
}
