// One outgoing message in fragments, of unknown length.
import { WebSocketError } from '../errors.js';
import type { Role } from '../frame/opcode.js';
import type { MessageKind } from '../message/assembler.js';
import { Fragmenter } from '../message/fragmenter.js';
import { handedOver } from './hand-over-waiters.js';
import type { StreamedMessage } from './send-order.js';
import { WaitingOutput } from './waiting-output.js';

/** What a writer needs of its connection. */
export interface FragmentTarget {
  /** Takes a fragment whose turn it is; false if the connection is over. */
  pushFragment(fragment: Buffer): boolean;
  /** Counts a fragment that waits for its turn; false if the connection is over. */
  noteWaiting(bytes: number): boolean;
  endMessage(message: StreamedMessage): void;
  /** Resolves once the fragments so far were handed to the operating system; rejects if they never were. */
  whenFragmentHandedOver(): Promise<void>;
}

/**
 * Writes one message piece by piece; each chunk is one fragment. Messages sent meanwhile wait for its end, control frames
 * do not. Not compressed. Await `write` to go no faster than the peer reads.
 */
export class FragmentWriter implements StreamedMessage {
  readonly #target: FragmentTarget;
  readonly #fragmenter: Fragmenter;
  #waiting: WaitingOutput | undefined;
  #hasTurn = false;
  #hasEnded = false;

  /** Made by `WebSocketConnection.startMessage`. */
  constructor(target: FragmentTarget, role: Role, kind: MessageKind) {
    this.#target = target;
    this.#fragmenter = new Fragmenter(role, kind);
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /**
   * Sends the next chunk. Resolves once it was handed to the operating system; while the message waits behind another
   * streamed one, not before that has ended. A chunk may cut a character in two if the next one, of the same type, has the
   * rest of it. A chunk that is refused with `invalid_payload` changes nothing: the message goes on without it.
   * @param chunk  bytes, in a text message UTF-8; or text, in a text message
   * @throws WebSocketError (rejects) `message_ended`, `connection_ended`, `invalid_payload`
   */
  async write(chunk: string | Uint8Array): Promise<void> {
    if (this.#hasEnded) throw new WebSocketError('message_ended', 'write after end of this message');
    await this.#send(this.#fragmenter.fragment(chunk));
  }

  /** Ends the message. Resolves and rejects as `write` does; half of a surrogate pair at its end is sent as U+FFFD. */
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

  begin(): WaitingOutput | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#hasTurn = true;
    return waiting;
  }

  giveUp(reason: unknown): void {
    this.#waiting?.waiters.rejectAll(reason);
    this.#waiting = undefined;
  }

  async #send(fragment: Buffer): Promise<void> {
    if (this.#hasTurn) {
      if (!this.#target.pushFragment(fragment)) throw ended();
      return this.#target.whenFragmentHandedOver();
    }
    if (!this.#target.noteWaiting(fragment.length)) throw ended();
    this.#waiting ??= new WaitingOutput();
    this.#waiting.push(fragment);
    return handedOver(this.#waiting);
  }
}

function ended(): WebSocketError {
  return new WebSocketError('connection_ended', 'the connection has begun to close; the message cannot be finished');
}
