// One outgoing message in fragments, of unknown length.
import { WebSocketError } from '../errors.js';
import type { Role } from '../frame/opcode.js';
import type { MessageKind } from '../message/assembler.js';
import { Fragmenter } from '../message/fragmenter.js';
import type { StreamedMessage } from './send-order.js';

/** What a writer needs of its connection. */
export interface MessageWriterTarget {
  /** Takes a fragment whose turn it is; false if the connection is over. */
  pushFragment(fragment: Buffer): boolean;
  /** Counts a fragment that waits for its turn; false if the connection is over. */
  noteWaiting(bytes: number): boolean;
  endMessage(message: StreamedMessage): void;
  /** Resolves once what is queued was handed to the operating system. */
  whenHandedOver(): Promise<void>;
}

/**
 * Writes one message piece by piece; each chunk is one fragment. Messages sent meanwhile wait for its end, control frames
 * do not. Not compressed. Await `write` to go no faster than the peer reads.
 */
export class MessageWriter implements StreamedMessage {
  readonly #target: MessageWriterTarget;
  readonly #fragmenter: Fragmenter;
  #waiting: Buffer[] = [];
  #hasTurn = false;
  #hasEnded = false;

  /** Made by `WebSocketConnection.startMessage`. */
  constructor(target: MessageWriterTarget, role: Role, kind: MessageKind) {
    this.#target = target;
    this.#fragmenter = new Fragmenter(role, kind);
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /**
   * Sends the next chunk. Resolves once it was handed to the operating system; while the message waits behind another
   * streamed one, at once.
   * @throws WebSocketError (rejects) `message_ended`, `connection_ended`, `invalid_payload`
   */
  async write(chunk: string | Uint8Array): Promise<void> {
    if (this.#hasEnded) throw new WebSocketError('message_ended', 'write after end of this message');
    await this.#send(this.#fragmenter.fragment(chunk));
  }

  /** Ends the message. Resolves as `write` does. */
  async end(): Promise<void> {
    if (this.#hasEnded) throw new WebSocketError('message_ended', 'this message has ended already');
    const last = this.#fragmenter.end();
    this.#hasEnded = true;
    const sent = this.#send(last);
    this.#target.endMessage(this);
    await sent;
  }

  /** Takes the message back if nothing of it was written, and says so; a message that has begun can only be ended. */
  cancel(): boolean {
    if (this.#hasEnded || this.#fragmenter.hasBegun) return false;
    this.#hasEnded = true;
    this.#target.endMessage(this);
    return true;
  }

  begin(): Buffer[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#hasTurn = true;
    return waiting;
  }

  async #send(fragment: Buffer): Promise<void> {
    if (!this.#hasTurn) {
      this.#waiting.push(fragment);
      if (!this.#target.noteWaiting(fragment.length)) throw ended();
      return;
    }
    if (!this.#target.pushFragment(fragment)) throw ended();
    await this.#target.whenHandedOver();
  }
}

function ended(): WebSocketError {
  return new WebSocketError('connection_ended', 'the connection has begun to close; the message cannot be finished');
}
