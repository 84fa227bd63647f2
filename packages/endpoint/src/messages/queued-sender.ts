// What a session sends through its queue: objects, parts, streams, and whole messages that have to wait behind them.
import type { FragmentWriter, MessageKind, WebSocketConnection } from '@longwire/websocket';
import { EndpointError } from '../errors.js';
import { isThenable } from '../promises.js';
import { MessageWriter } from './message-writer.js';
import { type Place, SendQueue } from './send-queue.js';

/** Where a message comes from piece by piece: an async generator, a `ReadableStream`, a list. */
export type MessageSource<Part extends string | Uint8Array = string | Uint8Array> =
  | AsyncIterable<Part>
  | Iterable<Part>;

/** What this needs of the session it sends for. */
export interface QueuedSenderHost {
  /** The message that an encoder makes of the value, or a promise of it; undefined if none takes it. @throws EndpointError encode_failed */
  encode(value: unknown): string | Uint8Array | Promise<string | Uint8Array> | undefined;
  /** Sends now, or reports that the session has ended. */
  sendNow(message: string | Uint8Array): void;
  noteMessage(): void;
  /** How much may wait behind an encoder. */
  readonly maxQueuedBytes: number;
  /** More waits. */
  overflow(): void;
  /** Notifies the observer of a message in parts that has ended; undefined without one. */
  readonly noteSent: ((kind: MessageKind, bytes: number) => void) | undefined;
  /** A message broke off of which the peer has the beginning. */
  messageBroken(): void;
  /** Passes an error to the error handler that the caller gets as well, so that it is not reported again. */
  reportOnce(error: unknown): void;
}

/** Made when a session first sends more than whole messages. */
export class QueuedSender {
  readonly queue: SendQueue;
  /** The session closes when the queue is through: nothing more is sent. */
  isClosing = false;
  readonly #connection: WebSocketConnection;
  readonly #host: QueuedSenderHost;

  constructor(connection: WebSocketConnection, host: QueuedSenderHost) {
    this.queue = new SendQueue(host.maxQueuedBytes, () => host.overflow());
    this.#connection = connection;
    this.#host = host;
  }

  /**
   * Sends what the first fitting encoder makes of the value, now or, if it takes its time, in this place.
   * @throws EndpointError encode_failed; the promise rejects with it
   */
  sendObject(value: unknown): undefined | Promise<void> | 'not encoded' {
    const encoded = this.#host.encode(value);
    if (encoded === undefined) return 'not encoded';
    if (!isThenable(encoded)) {
      this.send(encoded);
      return undefined;
    }
    // What a broadcast sends from here on waits for this place.
    this.#connection.unfollow();
    const fill = this.queue.reserve();
    return encoded.then(
      (message) => fill(() => this.#host.sendNow(message)),
      (error: unknown) => {
        fill(() => {});
        throw error;
      },
    );
  }

  /** A whole message in its place. */
  send(message: string | Uint8Array): void {
    if (this.queue.isIdle) this.#host.sendNow(message);
    else this.queue.push(() => this.#host.sendNow(message), message.length);
  }

  startMessage(kind: MessageKind): MessageWriter {
    return this.#begin(kind).message;
  }

  async sendStream(kind: MessageKind, source: MessageSource): Promise<void> {
    // Before anything is awaited: the message has its place from now on.
    const { message, begun } = this.#begin(kind);
    try {
      for await (const part of source) await message.write(part);
      await message.end();
    } catch (cause) {
      if (cause instanceof EndpointError && cause.code === 'session_ended' && this.#connection.state !== 'open') {
        throw cause;
      }
      const error = brokenOff(cause);
      if (!(await begun).cancel()) this.#host.messageBroken();
      this.#host.reportOnce(error);
      throw error;
    }
  }

  #begin(kind: MessageKind): { message: MessageWriter; begun: Promise<FragmentWriter> } {
    const { noteSent } = this.#host;
    let place: Place | undefined;
    let begin!: (writer: FragmentWriter) => void;
    const notes = {
      message: () => this.#host.noteMessage(),
      end: noteSent && ((bytes: number) => noteSent(kind, bytes)),
      waiting: (bytes: number) => place && this.queue.grow(place, bytes),
    };
    const message = new MessageWriter(notes, (beginMessage) => {
      begin = beginMessage;
    });
    const begun = new Promise<FragmentWriter>((resolve) => {
      const start = (): void => {
        const writer = this.#connection.startMessage(kind);
        begin(writer);
        resolve(writer);
      };
      if (this.queue.isIdle) start();
      else place = this.queue.push(start);
    });
    return { message, begun };
  }
}

function brokenOff(cause: unknown): EndpointError {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new EndpointError('stream_failed', `the source of a streamed message failed${why}`, { cause });
}
