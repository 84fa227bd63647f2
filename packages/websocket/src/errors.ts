// The catalogue of this package's errors. Codes are never renamed or reused.

import { privateCloseCode, WebSocketCloseCode } from './close-codes.js';

interface CatalogueRow {
  /** Close code sent to the peer (RFC 6455 §7.4), or undefined when no Close frame goes with this fault. */
  readonly closeCode: number | undefined;
  /** True when the same operation may succeed later, on a new connection or after a wait. */
  readonly retryable: boolean;
  readonly meaning: string;
}

function row(closeCode: number | undefined, retryable: boolean, meaning: string): CatalogueRow {
  return Object.freeze({ closeCode, retryable, meaning });
}

export const webSocketErrorCatalogue = Object.freeze({
  // Errors of the caller.
  invalid_option: row(undefined, false, 'An option is unknown, of the wrong type or out of range'),
  invalid_url: row(undefined, false, 'The URL given to dial is not a ws: or wss: URL'),
  invalid_close_code: row(undefined, false, 'A close code that must not be sent in a Close frame'),
  invalid_close_reason: row(undefined, false, 'A close reason longer than 123 bytes of UTF-8'),
  invalid_payload: row(undefined, false, 'A payload that cannot be sent as this kind of frame'),
  invalid_subprotocol: row(undefined, false, 'A subprotocol name that is not an HTTP token, or named twice'),
  connection_ended: row(undefined, false, 'A send after the connection began to close'),
  message_ended: row(undefined, false, 'A write to a streamed message after its end'),
  handler_failed: row(WebSocketCloseCode.internalError, false, 'A handler of this connection threw or rejected'),
  // The opening handshake.
  handshake_refused: row(undefined, false, 'The server answered the handshake with something other than 101'),
  handshake_redirected: row(undefined, false, 'The server answered the handshake with a redirect'),
  handshake_invalid: row(
    undefined,
    false,
    'The answer to the handshake breaks RFC 6455 §4.1, or has too many header lines',
  ),
  handshake_timeout: row(undefined, true, 'The opening handshake took longer than handshakeTimeoutMs'),
  handshake_failed: row(undefined, true, 'The connection broke before the handshake was done'),
  handshake_aborted: row(undefined, true, 'The AbortSignal given to dial fired'),
  // Errors of the peer: frames (RFC 6455 §5).
  reserved_bits: row(
    WebSocketCloseCode.protocolError,
    false,
    'A reserved bit is set without an extension that defines it',
  ),
  reserved_opcode: row(WebSocketCloseCode.protocolError, false, 'An opcode that RFC 6455 reserves'),
  mask_required: row(WebSocketCloseCode.protocolError, false, 'A client sent a frame without a mask'),
  mask_forbidden: row(WebSocketCloseCode.protocolError, false, 'A server sent a masked frame'),
  length_not_minimal: row(WebSocketCloseCode.protocolError, false, 'A payload length that is not in its shortest form'),
  length_out_of_range: row(WebSocketCloseCode.protocolError, false, 'A 64-bit payload length with its highest bit set'),
  control_fragmented: row(WebSocketCloseCode.protocolError, false, 'A control frame without FIN'),
  control_too_long: row(WebSocketCloseCode.protocolError, false, 'A control frame with more than 125 bytes'),
  continuation_unexpected: row(
    WebSocketCloseCode.protocolError,
    false,
    'A continuation frame without a message to continue',
  ),
  continuation_expected: row(
    WebSocketCloseCode.protocolError,
    false,
    'A new message before the last fragmented one ended',
  ),
  close_payload_invalid: row(
    WebSocketCloseCode.protocolError,
    false,
    'A Close frame with a one-byte payload or a code that must not be sent',
  ),
  // Errors of the peer: messages.
  invalid_utf8: row(WebSocketCloseCode.invalidPayload, false, 'Text that is not UTF-8'),
  invalid_deflate: row(WebSocketCloseCode.invalidPayload, false, 'Compressed data that cannot be inflated'),
  message_too_big: row(WebSocketCloseCode.messageTooBig, false, 'A message above maxMessageBytes'),
  too_many_pings: row(WebSocketCloseCode.policyViolation, false, 'maxPingsPerSecond pings or more within one second'),
  // The connection.
  send_queue_full: row(
    WebSocketCloseCode.policyViolation,
    true,
    'More than maxBufferedBytes of output wait for a peer that reads too slowly',
  ),
  reader_too_slow: row(
    privateCloseCode.readerTooSlow,
    true,
    'The peer took less than minDrainBytesPerSecond while its output queue was full',
  ),
  heartbeat_missed: row(
    privateCloseCode.heartbeatMissed,
    true,
    'Nothing came from the peer and nothing went to it within the heartbeat and its grace',
  ),
  close_timeout: row(undefined, true, 'The peer did not finish the closing handshake within closeTimeoutMs'),
  connection_lost: row(undefined, true, 'The TCP connection ended without a closing handshake'),
  connection_terminated: row(undefined, true, 'terminate() was called'),
});

export type WebSocketErrorCode = keyof typeof webSocketErrorCatalogue;

export interface WebSocketErrorDetails {
  readonly cause?: unknown;
  /** Overrides the catalogue's close code, where an option may change it. */
  readonly closeCode?: number;
  /** Overrides the catalogue's, where the cause is known to come again. */
  readonly retryable?: boolean;
  /** HTTP status, for `handshake_refused` and `handshake_redirected`. */
  readonly status?: number;
}

/**
 * The one error class of this package. Branch on `code`, never on the message.
 * `closeCode` is sent to the peer; `retryable` means that a new connection may succeed.
 */
export class WebSocketError extends Error {
  readonly code: WebSocketErrorCode;
  readonly closeCode: number | undefined;
  readonly retryable: boolean;
  readonly status: number | undefined;

  constructor(code: WebSocketErrorCode, message: string, details?: WebSocketErrorDetails) {
    super(message, details?.cause === undefined ? undefined : { cause: details.cause });
    const entry = webSocketErrorCatalogue[code];
    this.name = 'WebSocketError';
    this.code = code;
    this.closeCode = details?.closeCode ?? entry.closeCode;
    this.retryable = details?.retryable ?? entry.retryable;
    this.status = details?.status;
  }
}
