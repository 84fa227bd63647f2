// What a connection tells its owner.
import type { WebSocketError } from '../errors.js';
import type { CloseReason } from './close-reason.js';
import type { WebSocketConnection } from './connection.js';

/**
 * Callbacks of a connection. One object may serve any number of connections: each call names its connection.
 * They are called one after the other, in the order of the wire. A throw, or the rejection of a returned promise,
 * goes to `onError` and closes that connection with 1011; nothing else is affected.
 */
export interface ConnectionHandler {
  /** A whole text message. */
  onText?(connection: WebSocketConnection, text: string): unknown;
  /** A whole binary message. The bytes are the receiver's, to keep and to change; their ArrayBuffer may hold others beside. */
  onBinary?(connection: WebSocketConnection, data: Uint8Array): unknown;
  /** If present, text messages come in parts as they arrive, each of whole characters; the last one may be empty. */
  onTextPart?(connection: WebSocketConnection, part: string, isLast: boolean): unknown;
  /** If present, binary messages come in parts as they arrive; the last one may be empty. */
  onBinaryPart?(connection: WebSocketConnection, part: Uint8Array, isLast: boolean): unknown;
  /** A ping came; the pong is queued already. */
  onPing?(connection: WebSocketConnection, payload: Uint8Array): unknown;
  onPong?(connection: WebSocketConnection, payload: Uint8Array): unknown;
  /** Queued output fell to `drainBytes` or below after having been above. */
  onDrain?(connection: WebSocketConnection): unknown;
  /** The peer broke the rules, a limit was passed, the socket failed, or a handler threw. Always before `onClose`. */
  onError?(connection: WebSocketConnection, error: WebSocketError): unknown;
  /** The connection is over, TCP included. Exactly once, and the last of all. */
  onClose?(connection: WebSocketConnection, close: CloseReason): unknown;
}
