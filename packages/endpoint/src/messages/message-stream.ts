// One incoming message as it arrives, part by part.
import { ReadableStream } from 'node:stream/web';
import { Queue } from '@longwire/websocket';

/** A handler that does not read may have this much waiting, in bytes or characters, before the connection is paused. */
const READ_AHEAD = 65_536;

/**
 * A message as it arrives: an asynchronous iterable of its parts, which are as long as the network made them, text in
 * whole characters. The connection is read as fast as the parts are taken, and not faster: while no one asks for the
 * next one, at most 64 KiB are read ahead. What is not read when the handler has settled is passed over. When the
 * session ends in the middle of the message, reading fails with session_ended.
 *
 * A stream is read once: either as an iterable or through `readable`.
 */
export interface MessageStream<Part extends string | Uint8Array> extends AsyncIterable<Part> {
  /** The same parts as a web stream, for whatever takes one. */
  readonly readable: ReadableStream<Part>;
}

/** The brake of the connection that a message comes from. */
export interface StreamFlow {
  pause(): void;
  resume(): void;
}

interface Waiting<Part> {
  readonly resolve: (result: IteratorResult<Part>) => void;
  readonly reject: (error: unknown) => void;
}

const done = { done: true, value: undefined } as const;

/** The writing side of a {@link MessageStream}, and the stream itself. */
export class IncomingStream<Part extends string | Uint8Array = string | Uint8Array>
  implements MessageStream<Part>, AsyncIterableIterator<Part>
{
  readonly #flow: StreamFlow;
  #isHandled = false;
  // As many as there are bytes, if the peer sends them one by one.
  readonly #parts = new Queue<Part>();
  #waitingLength = 0;
  readonly #asking = new Queue<Waiting<Part>>();
  #hasEnded = false;
  #isPassedOver = false;
  #failure: { readonly error: unknown } | undefined;
  #isPaused = false;
  #onEnd: (() => void) | undefined;
  #readable: ReadableStream<Part> | undefined;

  constructor(flow: StreamFlow) {
    this.#flow = flow;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  get readable(): ReadableStream<Part> {
    this.#readable ??= this.#asWebStream();
    return this.#readable;
  }

  /** Nothing more will come, read or not. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Its handler has been called: what it reads must go on arriving. */
  get isHandled(): boolean {
    return this.#isHandled;
  }

  /** Gives it to its handler, if there still is one. */
  handled(): this {
    this.#isHandled = true;
    return this;
  }

  next(): Promise<IteratorResult<Part>> {
    const next = this.#next();
    // Who gives up on a part it has asked for must not end the process.
    next.catch(() => {});
    return next;
  }

  return(): Promise<IteratorResult<Part>> {
    this.passOver();
    return Promise.resolve(done);
  }

  push(part: Part, isLast: boolean): void {
    if (isLast) this.#hasEnded = true;
    if (part.length > 0 && !this.#isPassedOver) this.#add(part);
    if (!isLast) return;
    for (const { resolve } of this.#asking.takeAll()) resolve(done);
    this.#ended();
  }

  /** The rest of the message will not come. */
  abort(error: unknown): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    if (!this.#isPassedOver) this.#failure = { error };
    for (const { reject } of this.#asking.takeAll()) reject(error);
    this.#ended();
  }

  /** Nothing more is read: what is there and what still comes is dropped. */
  passOver(): void {
    if (this.#isPassedOver) return;
    this.#isPassedOver = true;
    this.#parts.takeAll();
    this.#waitingLength = 0;
    this.#failure = undefined;
    for (const { resolve } of this.#asking.takeAll()) resolve(done);
    this.#flowOn();
  }

  /** Calls back once nothing more will come; at once if that is so. */
  whenEnded(callback: () => void): void {
    if (this.#hasEnded) callback();
    else this.#onEnd = callback;
  }

  #next(): Promise<IteratorResult<Part>> {
    const part = this.#parts.shift();
    if (part !== undefined) {
      this.#waitingLength -= part.length;
      if (this.#parts.length === 0) this.#flowOn();
      return Promise.resolve({ done: false, value: part });
    }
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    if (this.#hasEnded || this.#isPassedOver) return Promise.resolve(done);
    return new Promise((resolve, reject) => {
      this.#asking.push({ resolve, reject });
    });
  }

  #add(part: Part): void {
    const asking = this.#asking.shift();
    if (asking !== undefined) {
      asking.resolve({ done: false, value: part });
      return;
    }
    this.#parts.push(part);
    this.#waitingLength += part.length;
    if (this.#waitingLength < READ_AHEAD || this.#hasEnded || this.#isPaused) return;
    this.#isPaused = true;
    this.#flow.pause();
  }

  #flowOn(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#flow.resume();
  }

  #ended(): void {
    this.#flowOn();
    const callback = this.#onEnd;
    this.#onEnd = undefined;
    callback?.();
  }

  #asWebStream(): ReadableStream<Part> {
    return new ReadableStream<Part>(
      {
        pull: async (controller) => {
          const { done: isDone, value } = await this.next();
          if (isDone) controller.close();
          else controller.enqueue(value);
        },
        cancel: () => this.passOver(),
      },
      // Nothing is read ahead for a reader that does not ask.
      { highWaterMark: 0 },
    );
  }
}
