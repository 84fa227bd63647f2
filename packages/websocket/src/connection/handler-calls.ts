// From what was read to the handler's methods. User code: whatever it throws, now or later, ends only its own connection.
import type { WebSocketError } from '../errors.js';
import type { ClosePayload } from '../message/close-payload.js';
import type { CloseDetails } from './closing-state.js';
import { warnOfFault, watchReturned } from './dispatch.js';
import type { HandlerOf } from './handler.js';
import type { ReaderEvents } from './reader-events.js';
import { readOnNextTurn } from './reading-turns.js';

/** What calls a handler. */
interface Handled<Connection> {
  readonly handler: HandlerOf<Connection>;
  readonly maxTextBytes: number;
  readonly maxBinaryBytes: number;
}

/** The private side of a connection, as far as this file needs it. */
export interface ConnectionAccess<Connection> {
  /** False for what comes while nobody may be told: after the end, and while closing paused. */
  mayTell(connection: Connection): boolean;
  handlerFailed(connection: Connection, cause: unknown): void;
  answerPing(connection: Connection, payload: Buffer): void;
  onCloseFrame(connection: Connection, payload: ClosePayload): void;
  onEnd(connection: Connection): void;
  fail(connection: Connection, error: WebSocketError): void;
  holdBack(connection: Connection, isHolding: boolean): void;
}

/** Calls the handler, if it may be told. */
export function tell<Connection extends Handled<Connection>>(
  access: ConnectionAccess<Connection>,
  connection: Connection,
  call: (handler: HandlerOf<Connection>) => unknown,
): void {
  if (!access.mayTell(connection)) return;
  try {
    watch(access, connection, call(connection.handler));
  } catch (cause) {
    access.handlerFailed(connection, cause);
  }
}

/** A fault to the handler; what it throws itself goes to the process. */
export function tellFault<Connection extends Handled<Connection>>(connection: Connection, error: WebSocketError): void {
  if (connection.handler.onError === undefined && error.code === 'handler_failed') {
    warnOfFault(error.cause);
    return;
  }
  try {
    watchReturned(connection.handler.onError?.(connection, error), warnOfFault);
  } catch (cause) {
    warnOfFault(cause);
  }
}

/** The last call of all. */
export function tellClose<Connection extends Handled<Connection>>(connection: Connection, close: CloseDetails): void {
  try {
    watchReturned(connection.handler.onClose?.(connection, close), warnOfFault);
  } catch (cause) {
    warnOfFault(cause);
  }
}

export function readerEventsFor<Connection extends Handled<Connection>>(
  access: ConnectionAccess<Connection>,
): ReaderEvents<Connection> {
  return {
    wantsParts: ({ handler }, kind) => (kind === 'text' ? handler.onTextPart : handler.onBinaryPart) !== undefined,
    maxMessageBytes: (connection, kind) => (kind === 'text' ? connection.maxTextBytes : connection.maxBinaryBytes),
    // Whole messages are the hot path: called without a closure.
    onText(connection, text) {
      if (!access.mayTell(connection)) return;
      try {
        watch(access, connection, connection.handler.onText?.(connection, text));
      } catch (cause) {
        access.handlerFailed(connection, cause);
      }
    },
    onBinary(connection, data) {
      if (!access.mayTell(connection)) return;
      try {
        watch(access, connection, connection.handler.onBinary?.(connection, data));
      } catch (cause) {
        access.handlerFailed(connection, cause);
      }
    },
    onTextPart(connection, part, isLast) {
      tell(access, connection, (handler) => handler.onTextPart?.(connection, part, isLast));
    },
    onBinaryPart(connection, part, isLast) {
      tell(access, connection, (handler) => handler.onBinaryPart?.(connection, part, isLast));
    },
    onPing(connection, payload) {
      access.answerPing(connection, payload);
      tell(access, connection, (handler) => handler.onPing?.(connection, payload));
    },
    onPong(connection, payload) {
      tell(access, connection, (handler) => handler.onPong?.(connection, payload));
    },
    onClose: access.onCloseFrame,
    onEnd: access.onEnd,
    onReadError: access.fail,
    onHoldBack: access.holdBack,
    onTurnSpent: (_connection, reader) => readOnNextTurn(reader),
  };
}

function watch<Connection>(access: ConnectionAccess<Connection>, connection: Connection, returned: unknown): void {
  if (returned === undefined) return;
  watchReturned(returned, (cause) => access.handlerFailed(connection, cause));
}
