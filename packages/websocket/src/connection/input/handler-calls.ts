// Calls the methods of a handler for what was read. Handlers are user code: what one throws, now or later, is reported and ends
// its own connection at most.
import type { WebSocketError } from '../../errors.js';
import type { ClosePayload } from '../../message/close-payload.js';
import { TurnTasks } from '../../turn-tasks.js';
import type { HandlerOf } from '../connection-setup.js';
import { frameWatch } from '../frame-watch.js';
import type { CloseDetails } from '../lifecycle/closing-handshake.js';
import { warnOfError } from '../lifecycle/connection-errors.js';
import type { ReaderEvents } from './connection-reader.js';

/** What calls a handler. */
interface Handled<Connection> {
  readonly handler: HandlerOf<Connection>;
  readonly maxTextBytes: number;
  readonly maxBinaryBytes: number;
}

/** The private side of a connection, as far as this file needs it. */
export interface ConnectionAccess<Connection> {
  /** False when events are dropped: after the end, and while the connection closes paused. */
  mayNotify(connection: Connection): boolean;
  handlerFailed(connection: Connection, cause: unknown): void;
  answerPing(connection: Connection, payload: Buffer): void;
  onCloseFrame(connection: Connection, payload: ClosePayload): void;
  onEnd(connection: Connection): void;
  fail(connection: Connection, error: WebSocketError): void;
  holdBack(connection: Connection, isHolding: boolean): void;
}

/** Readers that have used up their share of a turn: they continue after the other sockets of that turn have been read. */
const interruptedReaders = new TurnTasks<{ readOn(): void }>((reader) => reader.readOn());
/** Readers that have used up a part of it. */
const usedShares = new TurnTasks<{ renewShare(): void }>((reader) => reader.renewShare());

/** Calls the handler, unless events are dropped. */
export function notify<Connection extends Handled<Connection>>(
  access: ConnectionAccess<Connection>,
  connection: Connection,
  call: (handler: HandlerOf<Connection>) => unknown,
): void {
  if (!access.mayNotify(connection)) return;
  try {
    watch(access, connection, call(connection.handler));
  } catch (cause) {
    access.handlerFailed(connection, cause);
  }
}

/** Reports an error to the handler. What `onError` itself throws is a process warning. */
export function notifyError<Connection extends Handled<Connection>>(
  connection: Connection,
  error: WebSocketError,
): void {
  if (connection.handler.onError === undefined && error.code === 'handler_failed') {
    warnOfError(error.cause);
    return;
  }
  try {
    watchReturned(connection.handler.onError?.(connection, error), warnOfError);
  } catch (cause) {
    warnOfError(cause);
  }
}

/** The last callback of a connection. */
export function notifyClose<Connection extends Handled<Connection>>(connection: Connection, close: CloseDetails): void {
  try {
    watchReturned(connection.handler.onClose?.(connection, close), warnOfError);
  } catch (cause) {
    warnOfError(cause);
  }
}

export function readerEventsFor<Connection extends Handled<Connection>>(
  access: ConnectionAccess<Connection>,
): ReaderEvents<Connection> {
  return {
    frameWatch,
    wantsParts: ({ handler }, kind) => (kind === 'text' ? handler.onTextPart : handler.onBinaryPart) !== undefined,
    maxMessageBytes: (connection, kind) => (kind === 'text' ? connection.maxTextBytes : connection.maxBinaryBytes),
    // Whole messages are the hot path: called without a closure.
    onText(connection, text) {
      if (!access.mayNotify(connection)) return;
      try {
        watch(access, connection, connection.handler.onText?.(connection, text));
      } catch (cause) {
        access.handlerFailed(connection, cause);
      }
    },
    onBinary(connection, data) {
      if (!access.mayNotify(connection)) return;
      try {
        watch(access, connection, connection.handler.onBinary?.(connection, data));
      } catch (cause) {
        access.handlerFailed(connection, cause);
      }
    },
    onTextPart(connection, part, isLast) {
      notify(access, connection, (handler) => handler.onTextPart?.(connection, part, isLast));
    },
    onBinaryPart(connection, part, isLast) {
      notify(access, connection, (handler) => handler.onBinaryPart?.(connection, part, isLast));
    },
    onPing(connection, payload) {
      access.answerPing(connection, payload);
      notify(access, connection, (handler) => handler.onPing?.(connection, payload));
    },
    onPong(connection, payload) {
      notify(access, connection, (handler) => handler.onPong?.(connection, payload));
    },
    onClose: access.onCloseFrame,
    onEnd: access.onEnd,
    onReadError: access.fail,
    onHoldBack: access.holdBack,
    onTurnSpent: (_connection, reader) => interruptedReaders.add(reader),
    onShareUsed: (_connection, reader) => usedShares.add(reader),
  };
}

function watch<Connection>(access: ConnectionAccess<Connection>, connection: Connection, returned: unknown): void {
  if (returned === undefined) return;
  watchReturned(returned, (cause) => access.handlerFailed(connection, cause));
}

/** Handles the rejection of an async handler, which must not end the process. */
function watchReturned(returned: unknown, onRejected: (cause: unknown) => void): void {
  if (returned !== undefined && isPromiseLike(returned)) returned.then(undefined, onRejected);
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
