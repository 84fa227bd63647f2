// The closing handshake (RFC 6455 §7): sends the Close frame of this side, once, and says in the end why the connection ended.
import { WebSocketCloseCode } from '../../close-codes.js';
import type { WebSocketError } from '../../errors.js';
import type { Role } from '../../frame/opcode.js';
import { type ClosePayload, encodeClosePayload, fitCloseReason } from '../../message/close-payload.js';

export interface CloseOptions {
  /**
   * True: messages that are queued are dropped, except the rest of one already sent in part. For a peer that does not read:
   * its queue is freed at once, and the Close frame waits for nothing that it would have to read first. Default false.
   */
  readonly dropQueued?: boolean;
}

export interface CloseDetails {
  /** The peer's code; 1005 if its Close frame had none; the code we sent when we failed the connection; 1006 without any. */
  readonly code: number;
  readonly reason: string;
  /** Both Close frames were exchanged and no error occurred. */
  readonly wasClean: boolean;
  /** Which side ended it: this one, the peer (with a Close frame or by ending TCP), or neither (TCP failed). */
  readonly initiator: 'local' | 'remote' | 'none';
  /** The cause, when the closing handshake was not clean. */
  readonly error: WebSocketError | undefined;
}

/** What it uses of the connection's output. */
interface ClosingOutput {
  readonly writer: { flush(): void; endWhenEmpty(): void };
  sendClose(payload: Uint8Array): void;
  drop(reason: unknown): void;
}

const NO_BYTES = Buffer.alloc(0);

/** Exists only once closing has begun. */
export class ClosingHandshake {
  readonly initiator: CloseDetails['initiator'];
  error: WebSocketError | undefined;
  #isCloseSent = false;
  #received: ClosePayload | undefined;

  constructor(initiator: CloseDetails['initiator'], error?: WebSocketError) {
    this.initiator = initiator;
    this.error = error;
  }

  get isCloseSent(): boolean {
    return this.#isCloseSent;
  }

  /** Both Close frames were exchanged. */
  get isDone(): boolean {
    return this.#isCloseSent && this.#received !== undefined;
  }

  send(output: ClosingOutput, payload: Uint8Array): void {
    this.#isCloseSent = true;
    output.sendClose(payload);
  }

  /** Answers the peer's Close frame if ours was not sent yet. A server then closes TCP first (RFC 6455 §7.1.1). */
  receive(received: ClosePayload, output: ClosingOutput, role: Role): void {
    this.#received = received;
    if (!this.#isCloseSent) {
      // RFC 6455 §5.5.1: the answer typically echoes the code received.
      const isEmpty = received.code === WebSocketCloseCode.noStatusReceived;
      this.send(output, isEmpty ? NO_BYTES : encodeClosePayload(received.code, ''));
    }
    if (role === 'server') output.writer.endWhenEmpty();
  }

  /** RFC 6455 §7.1.7: drops what is queued, sends the reason if no Close frame was sent yet, and closes TCP. */
  fail(error: WebSocketError, output: ClosingOutput): void {
    this.error = error;
    // Answers to the frames before the bad one go first, as far as the socket takes them at once.
    output.writer.flush();
    output.drop(error);
    if (!this.#isCloseSent) this.send(output, encodeClosePayload(error.closeCode, fitCloseReason(error.message)));
    output.writer.endWhenEmpty();
  }

  toDetails(): CloseDetails {
    const { initiator, error } = this;
    const received = this.#received;
    const sentCode = error?.closeCode;
    if (error !== undefined && sentCode !== undefined) {
      return { code: sentCode, reason: error.message, wasClean: false, initiator, error };
    }
    if (received === undefined)
      return { code: WebSocketCloseCode.abnormalClosure, reason: '', wasClean: false, initiator, error };
    const wasClean = this.isDone && error === undefined;
    return { code: received.code, reason: received.reason, wasClean, initiator, error };
  }
}
