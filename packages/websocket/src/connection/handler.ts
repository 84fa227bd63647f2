// What a connection tells its owner. Generic, so that this file need not know the class that calls it.
import type { WebSocketError } from '../errors.js';
import type { SeenFrame } from '../frame/frame-tap.js';
import type { CloseDetails } from './closing-state.js';

/**
 * Callbacks of a connection. One object may serve any number of connections: each call names its connection.
 * They are called one after the other, in the order of the wire. A throw, or the rejection of a returned promise,
 * goes to `onError` and closes that connection with 1011; nothing else is affected.
 */
export interface HandlerOf<Connection> {
  /** A whole text message. */
  onText?(connection: Connection, text: string): unknown;
  /** A whole binary message. The bytes are the receiver's, to keep and to change; their ArrayBuffer may hold others beside. */
  onBinary?(connection: Connection, data: Uint8Array): unknown;
  /** If present, text messages come in parts as they arrive, each of whole characters; the last one may be empty. */
  onTextPart?(connection: Connection, part: string, isLast: boolean): unknown;
  /** If present, binary messages come in parts as they arrive; the last one may be empty. */
  onBinaryPart?(connection: Connection, part: Uint8Array, isLast: boolean): unknown;
  /** A ping came; the pong is queued already. */
  onPing?(connection: Connection, payload: Uint8Array): unknown;
  onPong?(connection: Connection, payload: Uint8Array): unknown;
  /**
   * Every frame in both directions, in the order of the wire, each before what it leads to: for logs. Looked for when the
   * connection first reads and first writes, and costs nothing where it is absent. A throw is a process warning only.
   */
  onFrame?(connection: Connection, frame: SeenFrame): void;
  /** Queued output fell to `drainBytes` or below after having been above. */
  onDrain?(connection: Connection): unknown;
  /** The peer broke the rules, a limit was passed, the socket failed, or a handler threw. Always before `onClose`. */
  onError?(connection: Connection, error: WebSocketError): unknown;
  /** The connection is over, TCP included. Exactly once, and the last of all. */
  onClose?(connection: Connection, close: CloseDetails): unknown;
}
