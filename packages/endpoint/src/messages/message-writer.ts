// One outgoing message in parts, as `session.startMessage` gives it.

import type { FragmentWriter } from '@longwire/websocket';
import { type NotAnAnswer, notAnAnswer } from '../declaring/message-handler.js';
import { EndpointError } from '../errors.js';
import { kindOf } from '../option-checks.js';
import { awaitedBytes } from './send-queue.js';

/**
 * Writes one message part by part; what is sent on the session meanwhile waits for its end, pings and pongs do not. A
 * message that is never ended holds up everything behind it until the session ends.
 */
export class MessageWriter implements NotAnAnswer {
  readonly #noteMessage: () => void;
  #noteEnd: ((bytes: number) => void) | undefined;
  #bytes = 0;
  #writer: FragmentWriter | undefined;
  readonly #noteWaiting: (bytes: number) => void;
  /** What was called while it was not this message's turn. */
  #waiting: (() => void)[] = [];

  /**
   * Made by `session.startMessage`.
   * @param executor  gets the function that begins the message when it is its turn, and that only the session may call
   */
  constructor(
    notes: {
      readonly message: () => void;
      readonly end: ((bytes: number) => void) | undefined;
      readonly waiting: (bytes: number) => void;
    },
    executor: (begin: (writer: FragmentWriter) => void) => void,
  ) {
    this.#noteMessage = notes.message;
    this.#noteEnd = notes.end;
    this.#noteWaiting = notes.waiting;
    executor((writer) => this.#begin(writer));
  }

  /** A handler that returns it answers nothing. */
  get [notAnAnswer](): true {
    return true;
  }

  /**
   * Sends the next part: text in a text message, bytes in a binary one, or UTF-8. Resolves once the operating system has
   * it: await it to go no faster than the peer reads. Rejects with session_ended or invalid_message; a rejection that
   * is not handled ends nothing.
   */
  write(part: string | Uint8Array): Promise<void> {
    return this.#do(async (writer) => {
      if (typeof part === 'string' || part instanceof Uint8Array) {
        if (this.#noteEnd !== undefined) this.#bytes += Buffer.byteLength(part);
        return writer.write(part);
      }
      throw notAMessage(part);
    }, part);
  }

  /** Ends the message. Resolves and rejects as {@link write} does. */
  end(): Promise<void> {
    return this.#do((writer) => {
      const ending = writer.end();
      this.#noteEnd?.(this.#bytes);
      // Ending it once more is a fault, not another message.
      this.#noteEnd = undefined;
      return ending;
    });
  }

  #begin(writer: FragmentWriter): void {
    this.#writer = writer;
    for (const act of this.#waiting) act();
    this.#waiting = [];
  }

  #do(act: (writer: FragmentWriter) => Promise<void>, part?: string | Uint8Array): Promise<void> {
    this.#noteMessage();
    const acting = this.#writer === undefined ? this.#whenItsTurn(act, part) : act(this.#writer);
    const done = acting.catch((cause: unknown) => {
      throw translated(cause);
    });
    done.catch(() => {});
    return done;
  }

  #whenItsTurn(act: (writer: FragmentWriter) => Promise<void>, part?: string | Uint8Array): Promise<void> {
    const acting = new Promise<void>((resolve) => this.#waiting.push(() => resolve(act(this.#writer!))));
    this.#noteWaiting(awaitedBytes + (part?.length ?? 0));
    return acting;
  }
}

export function notAMessage(given: unknown, expected = 'a string or a Uint8Array'): EndpointError {
  const advice = typeof given === 'object' && given !== null ? '; sendObject takes an object through an encoder' : '';
  return new EndpointError('invalid_message', `expected ${expected} to send, got ${kindOf(given)}${advice}`);
}

/** The engine's faults in this package's words. */
function translated(cause: unknown): EndpointError {
  if (cause instanceof EndpointError) return cause;
  const { code, message } = cause as { code?: unknown; message?: string };
  if (code === 'invalid_payload' || code === 'message_ended') {
    return new EndpointError('invalid_message', message ?? 'the part cannot be sent', { cause });
  }
  return new EndpointError('session_ended', 'the session ended before the message did', { cause });
}
