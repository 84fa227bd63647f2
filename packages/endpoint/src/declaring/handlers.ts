// The events an endpoint can handle, and the signatures of their handlers.

import type { IncomingStream, MessageStream } from '../messages/message-stream.js';
import type { CloseReason } from '../session/close-reason.js';
import type { Session } from '../session/session.js';
import type { EndpointConfig } from './endpoint-options.js';
import type { HandlerResult, MessageResult } from './message-handler.js';

export type HandlerKind =
  | 'open'
  | 'text'
  | 'binary'
  | 'pong'
  | 'object'
  | 'textPart'
  | 'binaryPart'
  | 'textStream'
  | 'binaryStream'
  | 'close'
  | 'error'
  | 'drain';

/**
 * An endpoint as a plain object (`defineEndpoint(path, { onOpen… })`) or as a class (`defineEndpoint(path, Chat)`).
 * Every handler is optional. Unless the endpoint is `concurrent`, a session's handlers run one at a time, in the order
 * of its events. Text messages come whole, in parts or as streams, by which one of the three handlers there is; likewise
 * binary ones. `Decoded` is what the endpoint's decoders give, `Encodable` what its encoders take.
 */
export interface EndpointHandlers<Path extends string = string, Decoded = unknown, Encodable = never> {
  /** The session is open; no message is handled before this has settled (in a concurrent endpoint: has been called). */
  onOpen?(session: Session<Path>, config: EndpointConfig<Path>): HandlerResult;
  /** A whole text message; if there are decoders, only one that none of them takes. What is returned is sent. */
  onText?(message: string, session: Session<Path>): MessageResult<Encodable>;
  /** As onText for bytes, which belong to the handler. A `Buffer` is a `Uint8Array`: the handler may name either. */
  onBinary?(data: Buffer, session: Session<Path>): MessageResult<Encodable>;
  /** A message that one of the endpoint's decoders has made an object of. What is returned is sent. */
  onObject?(message: Decoded, session: Session<Path>): MessageResult<Encodable>;
  /**
   * The next part of a text message as it arrives, of whole characters; the last one may be empty. What is returned for
   * the last one is sent.
   */
  onTextPart?(part: string, isLast: boolean, session: Session<Path>): MessageResult<Encodable>;
  /** As onTextPart for bytes. */
  onBinaryPart?(part: Buffer, isLast: boolean, session: Session<Path>): MessageResult<Encodable>;
  /**
   * A text message from its first part on, to be read as it arrives. What is returned is sent. The next message is
   * handled when this has settled and its own has ended.
   */
  onTextStream?(message: MessageStream<string>, session: Session<Path>): MessageResult<Encodable>;
  /** As onTextStream for bytes. */
  onBinaryStream?(message: MessageStream<Buffer>, session: Session<Path>): MessageResult<Encodable>;
  /** A pong of the peer, asked for or not. */
  onPong?(payload: Buffer, session: Session<Path>): HandlerResult;
  /** The session has ended. Called exactly once, after the handler that was pending, after everything else. */
  onClose?(session: Session<Path>, reason: CloseReason): HandlerResult;
  /**
   * A handler threw or rejected (the value, whatever it is), a decoder or encoder failed (an EndpointError decode_failed
   * or encode_failed), the peer broke the protocol or the connection failed (a WebSocketError), or something was sent
   * after the end (an EndpointError session_ended). The session stays open, unless it was the opening that failed.
   */
  onError?(error: unknown, session: Session<Path>): HandlerResult;
  /**
   * `session.bufferedBytes` has fallen below the low mark after having been above it: producing may go on. Waits its
   * turn like every handler; inside of another handler, await `session.sendAsync` instead.
   */
  onDrain?(session: Session<Path>): HandlerResult;
}

/** The names under which programmatic endpoints have their handlers. */
export const handlerNames = {
  open: 'onOpen',
  text: 'onText',
  binary: 'onBinary',
  pong: 'onPong',
  object: 'onObject',
  textPart: 'onTextPart',
  binaryPart: 'onBinaryPart',
  textStream: 'onTextStream',
  binaryStream: 'onBinaryStream',
  close: 'onClose',
  error: 'onError',
  drain: 'onDrain',
} as const satisfies Record<HandlerKind, keyof EndpointHandlers>;

/** A part of a message, as it waits for its handler. */
export interface MessagePart {
  readonly part: string | Uint8Array;
  readonly isLast: boolean;
}

type Handler<Parameters extends unknown[]> = ((this: object, ...parameters: Parameters) => unknown) | undefined;

/**
 * The handlers of one endpoint, resolved when it is declared and shared by its sessions; `this` is the session's
 * instance. A session whose instance has others, or that adds message handlers of its own, has its own table.
 */
export interface HandlerTable {
  readonly open: Handler<[session: Session, config: EndpointConfig]>;
  readonly text: Handler<[message: string, session: Session]>;
  readonly binary: Handler<[data: Buffer, session: Session]>;
  readonly pong: Handler<[payload: Buffer, session: Session]>;
  readonly object: Handler<[message: unknown, session: Session]>;
  readonly textPart: Handler<[part: string, isLast: boolean, session: Session]>;
  readonly binaryPart: Handler<[part: Buffer, isLast: boolean, session: Session]>;
  readonly textStream: Handler<[message: MessageStream<string>, session: Session]>;
  readonly binaryStream: Handler<[message: MessageStream<Buffer>, session: Session]>;
  readonly close: Handler<[session: Session, reason: CloseReason]>;
  readonly error: Handler<[error: unknown, session: Session]>;
  readonly drain: Handler<[session: Session]>;
}

/** A table with one field for each kind, always in the same order, so that all tables have one shape. */
export function handlerTable(find: (kind: HandlerKind) => unknown): HandlerTable {
  const table: Record<HandlerKind, unknown> = {
    open: find('open'),
    text: find('text'),
    binary: find('binary'),
    pong: find('pong'),
    object: find('object'),
    textPart: find('textPart'),
    binaryPart: find('binaryPart'),
    textStream: find('textStream'),
    binaryStream: find('binaryStream'),
    close: find('close'),
    error: find('error'),
    drain: find('drain'),
  };
  // Declarations are checked at compile time by the types of defineEndpoint and the decorators; here they are only
  // functions.
  return table as unknown as HandlerTable;
}

/**
 * Calls the handler for one event, if there is one. `value` is what the handler gets besides the session; drain has
 * nothing.
 */
export function callHandler(
  handlers: HandlerTable,
  kind: HandlerKind,
  instance: object,
  session: Session,
  value: unknown,
): unknown {
  switch (kind) {
    case 'text':
      return handlers.text?.call(instance, value as string, session);
    case 'binary':
      return handlers.binary?.call(instance, value as Buffer, session);
    case 'object':
      return handlers.object?.call(instance, value, session);
    case 'open':
      return handlers.open?.call(instance, session, value as EndpointConfig);
    case 'close':
      return handlers.close?.call(instance, session, value as CloseReason);
    case 'error':
      return handlers.error?.call(instance, value, session);
    case 'pong':
      return handlers.pong?.call(instance, value as Buffer, session);
    case 'drain':
      return handlers.drain?.call(instance, session);
    case 'textPart':
    case 'binaryPart': {
      const { part, isLast } = value as MessagePart;
      return (handlers[kind] as Handler<[unknown, boolean, Session]>)?.call(instance, part, isLast, session);
    }
    case 'textStream':
      return handlers.textStream?.call(instance, (value as IncomingStream<string>).handled(), session);
    case 'binaryStream':
      return handlers.binaryStream?.call(instance, (value as IncomingStream<Buffer>).handled(), session);
  }
}

/** Is what the handler returned for this event an answer, to be sent? */
export function isAnswered(kind: HandlerKind, value: unknown): boolean {
  switch (kind) {
    case 'text':
    case 'binary':
    case 'object':
    case 'textStream':
    case 'binaryStream':
      return true;
    case 'textPart':
    case 'binaryPart':
      return (value as MessagePart).isLast;
    case 'open':
    case 'close':
    case 'error':
    case 'pong':
    case 'drain':
      return false;
  }
}
