// Why a session is over, for its close handler.
import { type CloseDetails, WebSocketCloseCode, type WebSocketErrorCode } from '@longwire/websocket';

/**
 * What ended a session:
 * - `closed`: the program or the peer closed it with a Close frame, as `initiator` says
 * - `going_away`: the same with code 1001: the container stopped, or the page was left
 * - `idle_timeout`: no message went either way for `idleTimeoutMs`
 * - `heartbeat_timeout`: the peer gave no sign of life
 * - `slow_consumer`: the peer took what it was sent too slowly
 * - `protocol_error`: the peer broke the protocol; `error` says how
 * - `unsupported_data`: the peer sent a binary message to a session that takes only text, or text to one that takes only
 *   binary messages
 * - `message_too_big`: the peer sent more than `maxTextBytes` or `maxBinaryBytes` in one message
 * - `handler_failed`: a handler failed without an `onError` to report it to, the opening handler, or the source of a
 *   streamed message
 * - `terminated`: the program cut the connection
 * - `close_timeout`: the program closed the session and the peer did not answer in time
 * - `connection_lost`: TCP ended without a Close frame
 */
export type CloseCause =
  | 'closed'
  | 'going_away'
  | 'idle_timeout'
  | 'heartbeat_timeout'
  | 'slow_consumer'
  | 'protocol_error'
  | 'unsupported_data'
  | 'message_too_big'
  | 'handler_failed'
  | 'terminated'
  | 'close_timeout'
  | 'connection_lost';

/** How a session ended: code and reason of the Close frame, and also without one (1006), who ended it and why. */
export interface CloseReason extends CloseDetails {
  readonly cause: CloseCause;
}

/** @param local  why this side began to close, undefined if it did not */
export function closeReasonOf(connection: CloseDetails, local: CloseCause | undefined): CloseReason {
  return { ...connection, cause: causeOf(connection, local) };
}

function causeOf({ code, error, initiator }: CloseDetails, local: CloseCause | undefined): CloseCause {
  if (initiator === 'local' && local !== undefined) {
    // That the peer did not answer is worth reporting only where nothing else is.
    return local === 'closed' && error !== undefined ? causeOfError(error.code) : local;
  }
  if (error !== undefined) return causeOfError(error.code);
  return code === WebSocketCloseCode.goingAway ? 'going_away' : 'closed';
}

function causeOfError(code: WebSocketErrorCode): CloseCause {
  switch (code) {
    case 'heartbeat_missed':
      return 'heartbeat_timeout';
    case 'reader_too_slow':
    case 'send_queue_full':
      return 'slow_consumer';
    case 'message_too_big':
      return 'message_too_big';
    case 'handler_failed':
      return 'handler_failed';
    case 'connection_terminated':
      return 'terminated';
    case 'close_timeout':
      return 'close_timeout';
    case 'connection_lost':
      return 'connection_lost';
    default:
      return 'protocol_error';
  }
}
