// Messages that reach their handler before they are whole: as parts, or as streams.
import type { MessagePart } from '../declaring/handlers.js';
import type { MessageRoutes } from '../declaring/message-routes.js';
import { IncomingStream, type StreamFlow } from '../messages/message-stream.js';

/** Exists only in sessions that have such a handler. */
export class IncomingParts {
  readonly #flow: StreamFlow;
  /** The message that is arriving as a stream. */
  #stream: IncomingStream | undefined;
  #isInMessage = false;

  /** @param flow  pauses the connection for streams that are read too slowly */
  constructor(flow: StreamFlow) {
    this.#flow = flow;
  }

  /** The next part is not the first one of its message. */
  get isInMessage(): boolean {
    return this.#isInMessage;
  }

  /** The message that arrives is a stream whose handler is running; one that still waits for its handler may pause. */
  get isBeingRead(): boolean {
    return this.#stream?.isHandled === true;
  }

  /** What is new for the handler: the part, or a stream that begins; undefined when the part went into a stream. */
  take(
    route: MessageRoutes['text'] | MessageRoutes['binary'],
    part: string | Uint8Array,
    isLast: boolean,
  ): MessagePart | IncomingStream | undefined {
    this.#isInMessage = !isLast;
    // A message goes on as it has begun, whatever handlers were exchanged meanwhile.
    if (this.#stream !== undefined) {
      const stream = this.#stream;
      if (isLast) this.#stream = undefined;
      stream.push(part, isLast);
      return undefined;
    }
    if (route !== 'textStream' && route !== 'binaryStream') return { part, isLast };
    const begun = new IncomingStream(this.#flow);
    if (!isLast) this.#stream = begun;
    begun.push(part, isLast);
    return begun;
  }

  /** What has not arrived yet will not come. */
  abort(error: unknown): void {
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.abort(error);
  }
}
