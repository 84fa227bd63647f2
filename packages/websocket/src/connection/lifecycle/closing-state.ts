// Why a connection ended: derived from what was sent, what was received and what failed.
import { WebSocketCloseCode } from '../../close-codes.js';
import type { WebSocketError } from '../../errors.js';
import type { ClosePayload } from '../../message/close-payload.js';

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

/** State of a closing handshake. Exists only once closing has begun. */
export class ClosingState {
  readonly initiator: CloseDetails['initiator'];
  error: WebSocketError | undefined;
  isCloseSent = false;
  received: ClosePayload | undefined;

  constructor(initiator: CloseDetails['initiator'], error?: WebSocketError) {
    this.initiator = initiator;
    this.error = error;
  }

  /** Both Close frames were exchanged. */
  get isHandshakeDone(): boolean {
    return this.isCloseSent && this.received !== undefined;
  }

  toDetails(): CloseDetails {
    const { initiator, error, received } = this;
    const sentCode = error?.closeCode;
    if (error !== undefined && sentCode !== undefined) {
      return { code: sentCode, reason: error.message, wasClean: false, initiator, error };
    }
    if (received === undefined)
      return { code: WebSocketCloseCode.abnormalClosure, reason: '', wasClean: false, initiator, error };
    const wasClean = this.isHandshakeDone && error === undefined;
    return { code: received.code, reason: received.reason, wasClean, initiator, error };
  }
}
