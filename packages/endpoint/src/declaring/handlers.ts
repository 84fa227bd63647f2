// The events an endpoint can handle, and the signatures of their handlers.
import type { CloseReason } from '@longwire/websocket';
import type { Session } from '../session/session.js';

/**
 * What a message handler may return: text and bytes are sent on the session, nothing sends nothing; promises are
 * awaited.
 */
export type MessageResult = Reply | PromiseLike<Reply>;
// `void` lets a handler without a return statement through; as part of a union it still refuses numbers and objects.
// biome-ignore lint/suspicious/noConfusingVoidType: undefined alone would refuse an async handler without a return statement
type Reply = string | Uint8Array | undefined | void;
/** What every other handler returns: nothing, now or later. */
export type HandlerResult = void | PromiseLike<void>;

export type HandlerKind = 'open' | 'text' | 'binary' | 'pong' | 'close' | 'error' | 'drain';

/**
 * An endpoint as a plain object (`defineEndpoint(path, { onOpen… })`) or as a class (`defineEndpoint(path, Chat)`).
 * Every handler is optional. Unless the endpoint is `concurrent`, a session's handlers run one at a time, in the order
 * of its events.
 */
export interface EndpointHandlers<Path extends string = string> {
  /** The session is open; no message is handled before this has settled (in a concurrent endpoint: has been called). */
  onOpen?(session: Session<Path>): HandlerResult;
  /** A whole text message. What is returned is sent. */
  onText?(message: string, session: Session<Path>): MessageResult;
  /** A whole binary message; the bytes belong to the handler. What is returned is sent. */
  onBinary?(data: Uint8Array, session: Session<Path>): MessageResult;
  /** A pong of the peer, asked for or not. */
  onPong?(payload: Uint8Array, session: Session<Path>): HandlerResult;
  /** The session has ended. Called exactly once, after the handler that was pending, after everything else. */
  onClose?(session: Session<Path>, reason: CloseReason): HandlerResult;
  /**
   * A handler threw or rejected (the value, whatever it is), the peer broke the protocol or the connection failed (a
   * WebSocketError), or something was sent after the end (an EndpointError SESSION_ENDED). The session stays open,
   * unless it was the opening that failed.
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
  close: 'onClose',
  error: 'onError',
  drain: 'onDrain',
} as const satisfies Record<HandlerKind, keyof EndpointHandlers>;

/**
 * The handlers of one endpoint, resolved when it is declared and shared by its sessions; `this` is the session's
 * instance.
 */
export interface HandlerTable {
  readonly open: ((this: object, session: Session) => unknown) | undefined;
  readonly text: ((this: object, message: string, session: Session) => unknown) | undefined;
  readonly binary: ((this: object, data: Uint8Array, session: Session) => unknown) | undefined;
  readonly pong: ((this: object, payload: Uint8Array, session: Session) => unknown) | undefined;
  readonly close: ((this: object, session: Session, reason: CloseReason) => unknown) | undefined;
  readonly error: ((this: object, error: unknown, session: Session) => unknown) | undefined;
  readonly drain: ((this: object, session: Session) => unknown) | undefined;
}

/**
 * Calls the handler for one event, if there is one. `value` is the handler's argument besides the session; open and
 * drain have none.
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
      return handlers.binary?.call(instance, value as Uint8Array, session);
    case 'open':
      return handlers.open?.call(instance, session);
    case 'close':
      return handlers.close?.call(instance, session, value as CloseReason);
    case 'error':
      return handlers.error?.call(instance, value, session);
    case 'pong':
      return handlers.pong?.call(instance, value as Uint8Array, session);
    case 'drain':
      return handlers.drain?.call(instance, session);
  }
}
