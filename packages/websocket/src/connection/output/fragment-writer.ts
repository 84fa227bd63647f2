// One outgoing message of unknown length, sent in fragments.
import { WebSocketError } from '../../errors.js';
import type { Role } from '../../frame/opcode.js';
import type { MessageKind } from '../../message/assembler.js';
import { Fragmenter } from '../../message/fragmenter.js';
import type { StreamedMessage } from './send-order.js';
import { WaitingOutput } from './send-order.js';
import { whenWritten } from './write-waiters.js';

/** What a fragment writer needs of its connection. */
export interface FragmentTarget {
  /** Takes a fragment of the current message; false if the connection has begun to close. */
  pushFragment(fragment: Buffer): boolean;
  /** Counts a fragment that waits behind another streamed message; false if the connection has begun to close. */
  noteWaiting(bytes: number): boolean;
  endMessage(message: StreamedMessage): void;
  /** Resolves when the operating system has taken the fragments so far; rejects if it never does. */
  whenFragmentWritten(): Promise<void>;
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
   * Sends the next chunk. Resolves when the operating system has taken it; behind another streamed message, not before that
   * one has ended. A character may be split between two chunks of the same type. A chunk that is rejected with
   * `invalid_payload` has no effect: the message continues without it.
   * @param chunk  bytes, in a text message UTF-8; or text, in a text message
   * @throws WebSocketError (rejects) `message_ended`, `connection_ended`, `invalid_payload`
   */
  async write(chunk: string | Uint8Array): Promise<void> {
    if (this.#hasEnded) throw new WebSocketError('message_ended', 'write() after end()');
    await this.#send(this.#fragmenter.fragment(chunk));
  }

  /** Ends the message. Resolves and rejects as `write` does; half a surrogate pair at its end is sent as U+FFFD. */
  async end(): Promise<void> {
    if (this.#hasEnded) throw new WebSocketError('message_ended', 'the message has already ended');
    const last = this.#fragmenter.end();
    this.#hasEnded = true;
    const sent = this.#send(last);
    this.#target.endMessage(this);
    await sent;
  }

  /** Cancels the message if nothing of it was written: true. A message that has begun can only be ended: false. */
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

  drop(reason: unknown): void {
    this.#waiting?.waiters.rejectAll(reason);
    this.#waiting = undefined;
  }

  async #send(fragment: Buffer): Promise<void> {
    if (this.#hasTurn) {
      if (!this.#target.pushFragment(fragment)) throw ended();
      return this.#target.whenFragmentWritten();
    }
    if (!this.#target.noteWaiting(fragment.length)) throw ended();
    this.#waiting ??= new WaitingOutput();
    this.#waiting.push(fragment);
    return whenWritten(this.#waiting);
  }
}

function ended(): WebSocketError {
  return new WebSocketError('connection_ended', 'the connection has begun to close; the message cannot be finished');
}
