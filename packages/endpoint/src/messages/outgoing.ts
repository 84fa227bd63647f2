// What a session sends besides whole text and bytes: objects, parts, streams, and whatever has to wait behind them.
import type { FragmentWriter, MessageKind, WebSocketConnection } from '@longwire/websocket';
import { EndpointError } from '../errors.js';
import { isThenable } from '../promises.js';
import { beginMessage, MessageWriter } from './message-writer.js';
import type { NoEncoder } from './no-encoder.js';
import { type Place, SendQueue } from './send-queue.js';

/** Where a message comes from piece by piece: an async generator, a `ReadableStream`, a list. */
export type MessageSource<Part extends string | Uint8Array = string | Uint8Array> =
  | AsyncIterable<Part>
  | Iterable<Part>;

/** What this needs of the session it sends for. */
export interface OutgoingHost {
  /** A message of an object, or a promise of it. @throws EndpointError what `noEncoder` makes, encode_failed */
  encode(value: unknown, noEncoder: NoEncoder): string | Uint8Array | Promise<string | Uint8Array>;
  /** Sends now, or reports that the session has ended. */
  sendNow(message: string | Uint8Array): void;
  noteMessage(): void;
  /** How much may wait behind an encoder. */
  readonly maxQueuedBytes: number;
  /** More waits. */
  overflow(): void;
  /** A message in parts has been ended; undefined when nobody wants to know. */
  readonly noteSent: ((kind: MessageKind, bytes: number) => void) | undefined;
  /** A message has broken off that the peer has the beginning of. */
  messageBroken(): void;
  /** Tells the error handler of a fault that the caller is told as well, so that it hears of it once. */
  reportOnce(error: unknown): void;
}

/** Made when a session first sends more than whole messages. */
export class Outgoing {
  readonly queue: SendQueue;
  readonly #connection: WebSocketConnection;
  readonly #host: OutgoingHost;

  constructor(connection: WebSocketConnection, host: OutgoingHost) {
    this.queue = new SendQueue(host.maxQueuedBytes, () => host.overflow());
    this.#connection = connection;
    this.#host = host;
  }

  /**
   * Sends what the first fitting encoder makes of the value, now or, if it takes its time, in this place.
   * @throws EndpointError what `noEncoder` makes, encode_failed; the promise rejects with encode_failed
   */
  sendObject(value: unknown, noEncoder: NoEncoder): undefined | Promise<void> {
    const encoded = this.#host.encode(value, noEncoder);
    if (!isThenable(encoded)) {
      this.send(encoded);
      return undefined;
    }
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
    const message = new MessageWriter({
      message: () => this.#host.noteMessage(),
      end: noteSent && ((bytes) => noteSent(kind, bytes)),
      waiting: (bytes) => place && this.queue.grow(place, bytes),
    });
    const begun = new Promise<FragmentWriter>((resolve) => {
      const begin = (): void => {
        const writer = this.#connection.startMessage(kind);
        beginMessage(message, writer);
        resolve(writer);
      };
      if (this.queue.isIdle) begin();
      else place = this.queue.push(begin);
    });
    return { message, begun };
  }
}

function brokenOff(cause: unknown): EndpointError {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new EndpointError('stream_failed', `the source of a streamed message failed${why}`, { cause });
}
