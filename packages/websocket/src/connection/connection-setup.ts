// What a connection is made from, and the callbacks of its owner. Generic, because the connection's class imports this file.
import type { Duplex } from 'node:stream';
import type { WebSocketError } from '../errors.js';
import type { PerMessageDeflate } from '../extension/permessage-deflate.js';
import type { SeenFrame } from '../frame/frame-tap.js';
import type { Role } from '../frame/opcode.js';
import type { ResolvedWebSocketOptions } from '../options.js';
import type { CloseDetails } from './lifecycle/closing-handshake.js';

export type ReadyState = 'open' | 'closing' | 'closed';

/** What `accept` and `dial` know when they make a connection. */
export interface ConnectionSetup<Connection> {
  readonly role: Role;
  readonly socket: Duplex;
  /** Bytes received after the handshake. */
  readonly head: Buffer;
  readonly options: ResolvedWebSocketOptions;
  readonly handler: HandlerOf<Connection>;
  readonly subprotocol: string;
  readonly extensions: string;
  readonly deflate: PerMessageDeflate | undefined;
}

/**
 * Callbacks of a connection. One object may serve any number of connections: each call names its connection. They are called
 * one after the other, in the order of the wire. If one throws, or returns a promise that rejects, the error is reported to
 * `onError` and the connection is closed with 1011; no other connection is affected.
 */
export interface HandlerOf<Connection> {
  /** A whole text message. */
  onText?(connection: Connection, text: string): unknown;
  /** A whole binary message. The handler may keep and change the bytes; their ArrayBuffer may hold other data as well. */
  onBinary?(connection: Connection, data: Uint8Array): unknown;
  /** If present, text messages are delivered in parts as they arrive, each of whole characters; the last may be empty. */
  onTextPart?(connection: Connection, part: string, isLast: boolean): unknown;
  /** If present, binary messages are delivered in parts as they arrive; the last may be empty. */
  onBinaryPart?(connection: Connection, part: Uint8Array, isLast: boolean): unknown;
  /** A ping was received; the pong is already queued. */
  onPing?(connection: Connection, payload: Uint8Array): unknown;
  onPong?(connection: Connection, payload: Uint8Array): unknown;
  /**
   * Every frame in both directions, in the order of the wire, each before its effects: for logs. Looked up when the
   * connection first reads and first writes; costs nothing when absent. If it throws, a process warning is emitted.
   */
  onFrame?(connection: Connection, frame: SeenFrame): void;
  /** Queued output fell to `drainBytes` or below after having been above. */
  onDrain?(connection: Connection): unknown;
  /** The peer broke a rule or a limit, the socket failed, or a handler threw. Always before `onClose`. */
  onError?(connection: Connection, error: WebSocketError): unknown;
  /** The connection has ended, TCP included. Called exactly once, as the last callback. */
  onClose?(connection: Connection, close: CloseDetails): unknown;
}
