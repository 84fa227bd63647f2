// Why a connection is over, put together from what was sent, what was received and what failed.
import { WebSocketCloseCode } from '../close-codes.js';
import type { WebSocketError } from '../errors.js';
import type { ClosePayload } from '../message/close-payload.js';

export interface CloseDetails {
  /** The peer's code; 1005 if its Close frame had none; what we told it when we failed the connection; 1006 without any. */
  readonly code: number;
  readonly reason: string;
  /** Both Close frames were exchanged and nothing failed. */
  readonly wasClean: boolean;
  /** Who ended it: we, the peer (with a Close frame or by ending TCP), or nobody (the line broke). */
  readonly initiator: 'local' | 'remote' | 'none';
  /** Why, when it was not a clean closing handshake. */
  readonly error: WebSocketError | undefined;
}

/** What is known of a closing while it goes on. Exists only from its beginning. */
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
    const told = error?.closeCode;
    if (error !== undefined && told !== undefined) {
      return { code: told, reason: error.message, wasClean: false, initiator, error };
    }
    if (received === undefined)
      return { code: WebSocketCloseCode.abnormalClosure, reason: '', wasClean: false, initiator, error };
    const wasClean = this.isHandshakeDone && error === undefined;
    return { code: received.code, reason: received.reason, wasClean, initiator, error };
  }
}
