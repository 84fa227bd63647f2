// The order of messages while one of them is streamed: frames of another message must not stand between its fragments
// (RFC 6455 §5.4), so later messages wait behind it. Exists only on connections that stream.

/** A streamed message in the queue: its fragments so far, while it is not its turn. */
export interface StreamedMessage {
  /** Its turn has come: fragments go out directly from here on. Returns those that waited. */
  begin(): Buffer[];
  readonly hasEnded: boolean;
}

export class SendOrder {
  readonly #push: (piece: Buffer) => void;
  #current: StreamedMessage | undefined;
  #waiting: Array<Buffer | StreamedMessage> = [];
  #waitingBytes = 0;

  constructor(push: (piece: Buffer) => void) {
    this.#push = push;
  }

  get isIdle(): boolean {
    return this.#current === undefined;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** A whole message: goes out, or waits behind the streamed one. */
  pushMessage(frames: Buffer): void {
    if (this.#current === undefined) {
      this.#push(frames);
      return;
    }
    this.#waiting.push(frames);
    this.#waitingBytes += frames.length;
  }

  /** A fragment of a streamed message whose turn it is not yet; it keeps the bytes itself. */
  noteWaiting(bytes: number): void {
    this.#waitingBytes += bytes;
  }

  open(message: StreamedMessage): void {
    if (this.#current === undefined) this.#start(message);
    else this.#waiting.push(message);
  }

  /** `message` has had its last fragment. If it was its turn, those behind it follow. */
  end(message: StreamedMessage): void {
    if (this.#current !== message) return;
    this.#current = undefined;
    while (this.#current === undefined && this.#waiting.length > 0) {
      const next = this.#waiting.shift()!;
      if ('length' in next) {
        this.#waitingBytes -= next.length;
        this.#push(next);
      } else {
        this.#start(next);
      }
    }
  }

  /** Gives up what waits. */
  drop(): void {
    this.#current = undefined;
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #start(message: StreamedMessage): void {
    this.#current = message;
    for (const fragment of message.begin()) {
      this.#waitingBytes -= fragment.length;
      this.#push(fragment);
    }
    if (message.hasEnded) this.#current = undefined;
  }
}
