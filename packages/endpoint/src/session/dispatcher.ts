// Runs the handlers of one session: one at a time and in order, or, in a concurrent endpoint, as events arrive.
import type { CloseReason, WebSocketConnection } from '@longwire/websocket';
import type { UnhandledErrorContext } from '../container/unhandled-error.js';
import type { EndpointDefinition } from '../declaring/endpoint-definition.js';
import { callHandler, type HandlerKind, type HandlerTable } from '../declaring/handlers.js';
import { EndpointError } from '../errors.js';
import type { Session, SessionControl } from './session.js';

/** Reading pauses while this many messages wait for their handler. */
export const maxWaitingMessages = 16;

/** What the dispatcher needs of the endpoint it belongs to. */
export interface DispatcherHost {
  readonly definition: EndpointDefinition;
  openSessions(): Iterable<Session>;
  /** Takes a fault that no error handler took. Never throws. */
  reportUnhandled(error: unknown, context: UnhandledErrorContext): void;
  /** The session's connection is over. Called once. */
  ended(session: Session): void;
  /** And its last handler has settled. Called once, after that. */
  finished(): void;
}

/** One event that waits: what it is and its first argument, if it has one. */
interface WaitingEvent {
  readonly kind: HandlerKind;
  readonly value: unknown;
}

/**
 * Events wait while `#isBusy`: in an ordered endpoint while a handler runs or its promise is pending, in a concurrent
 * one only until its instance exists. A handler that returns nothing costs no promise, no closure and no queue entry.
 * Nothing here throws into the engine.
 */
export class SessionDispatcher implements SessionControl {
  readonly #host: DispatcherHost;
  readonly #connection: WebSocketConnection;
  readonly #handlers: HandlerTable;
  readonly #isOrdered: boolean;
  #session!: Session;
  #instance: object | undefined;
  #isBusy = true;
  #waiting: WaitingEvent[] | undefined;
  /** Handlers whose promises have not settled; in an ordered endpoint at most one. */
  #pending = 0;
  /**
   * Error handlers among those and on the stack: a send that fails inside of one goes to the container, not to it
   * again.
   */
  #errorHandlers = 0;
  #closeReason: CloseReason | undefined;
  #hasEndedHere = false;
  #hasFailedToOpen = false;
  #hasClosed = false;
  #hasFinished = false;
  #isPausedByQueue = false;
  #isPausedBySession = false;

  constructor(host: DispatcherHost, connection: WebSocketConnection) {
    this.#host = host;
    this.#connection = connection;
    this.#handlers = host.definition.handlers;
    this.#isOrdered = !host.definition.options.concurrent;
  }

  get session(): Session {
    return this.#session;
  }

  /** Makes the instance and opens the session; events that arrive meanwhile wait. */
  start(session: Session): void {
    this.#session = session;
    const { definition } = this.#host;
    try {
      const made = definition.instantiate(session.handshake);
      // An instance of a class may have a `then` of its own; only a configurator is asked for promises.
      if (definition.isInstantiatedByConfigurator && isThenable(made)) {
        Promise.resolve(made).then(
          (instance) => this.#open(instance),
          (error: unknown) => this.#failedToOpen(error),
        );
      } else {
        this.#open(made);
      }
    } catch (error) {
      this.#failedToOpen(error);
    }
  }

  /** A message, pong or drain signal of the engine. */
  receive(kind: 'text' | 'binary' | 'pong' | 'drain', value: string | Uint8Array | undefined): void {
    if (this.#hasEndedHere || this.#handlers[kind] === undefined) return;
    this.#accept(kind, value);
  }

  /** The engine's last event of this connection. */
  closed(reason: CloseReason): void {
    this.#closeReason = reason;
    this.#host.ended(this.#session);
    if (this.#hasFailedToOpen) this.#finish();
    else this.#accept('close', reason);
  }

  report(error: unknown): void {
    if (this.#errorHandlers > 0 || this.#instance === undefined || this.#handlers.error === undefined) {
      this.#reportUnhandled(error, 'session');
      return;
    }
    // A session whose handler never settles must not collect the failures of everybody who still sends to it.
    if (isSessionEnded(error) && this.#waiting?.some((event) => isSessionEnded(event.value))) return;
    this.#accept('error', error);
  }

  endedHere(): void {
    this.#hasEndedHere = true;
  }

  pauseReading(): void {
    this.#isPausedBySession = true;
    this.#connection.pause();
  }

  resumeReading(): void {
    this.#isPausedBySession = false;
    if (!this.#isPausedByQueue) this.#connection.resume();
  }

  openSessions(): Iterable<Session> {
    return this.#host.openSessions();
  }

  #open(instance: object): void {
    if (typeof instance !== 'object' || instance === null) {
      this.#failedToOpen(
        new EndpointError('INVALID_INSTANCE', `createInstance gave ${String(instance)}, not an object`),
      );
      return;
    }
    this.#instance = instance;
    if (this.#perform('open', undefined) || !this.#isOrdered) this.#performWaiting();
  }

  /** Without an instance there is no handler that could be called, not even OnError or OnClose. */
  #failedToOpen(error: unknown): void {
    this.#hasFailedToOpen = true;
    this.#waiting = undefined;
    this.#reportUnhandled(error, 'instance');
    this.#endWithFailure();
    if (this.#closeReason !== undefined) this.#finish();
  }

  #accept(kind: HandlerKind, value: unknown): void {
    if (this.#isBusy) {
      this.#wait(kind, value);
    } else if (this.#isOrdered) {
      this.#isBusy = true;
      if (this.#perform(kind, value)) this.#performWaiting();
    } else {
      this.#perform(kind, value);
    }
  }

  #wait(kind: HandlerKind, value: unknown): void {
    this.#waiting ??= [];
    const isBehindClose = this.#waiting.at(-1)?.kind === 'close';
    // OnClose comes after everything, also after the error of a reply that came too late.
    this.#waiting.splice(isBehindClose ? -1 : this.#waiting.length, 0, { kind, value });
    if (this.#waiting.length >= maxWaitingMessages && !this.#isPausedByQueue) {
      this.#isPausedByQueue = true;
      this.#connection.pause();
    }
  }

  /**
   * Performs what waits until a handler of an ordered endpoint is pending. Stays busy, so that what `resume` lets in
   * queues behind.
   */
  #performWaiting(): void {
    for (let event = this.#waiting?.shift(); event !== undefined; event = this.#waiting?.shift()) {
      if (this.#isPausedByQueue && this.#waiting!.length < maxWaitingMessages) {
        this.#isPausedByQueue = false;
        if (!this.#isPausedBySession) this.#connection.resume();
      }
      if (this.#hasEndedHere && event.kind !== 'close' && event.kind !== 'error') continue;
      if (!this.#perform(event.kind, event.value) && this.#isOrdered) return;
    }
    this.#isBusy = false;
  }

  /** Calls one handler. True when it is done, and whatever it led to; false while a promise is pending. */
  #perform(kind: HandlerKind, value: unknown): boolean {
    // Only in a concurrent endpoint can something be pending here: the last handler to settle performs the close.
    if (kind === 'close' && this.#pending > 0) return false;
    if (kind === 'error') this.#errorHandlers++;
    try {
      const result = callHandler(this.#handlers, kind, this.#instance!, this.#session, value);
      if (result !== undefined && !this.#sendAtOnce(kind, result)) {
        const settled = Promise.resolve(result);
        settled.then(
          (later) => this.#fulfilled(kind, later),
          (error: unknown) => this.#rejected(kind, error),
        );
        this.#pending++;
        return false;
      }
    } catch (error) {
      return this.#failed(kind, error);
    }
    this.#done(kind);
    return true;
  }

  #sendAtOnce(kind: HandlerKind, result: unknown): boolean {
    if (kind !== 'text' && kind !== 'binary') return false;
    if (typeof result !== 'string' && !(result instanceof Uint8Array)) return false;
    this.#session.send(result);
    return true;
  }

  #fulfilled(kind: HandlerKind, result: unknown): void {
    this.#pending--;
    const isReply = (kind === 'text' || kind === 'binary') && result !== undefined && result !== null;
    if (isReply && !this.#sendAtOnce(kind, result)) {
      const message = `a message handler returned ${typeof result}; a string, a Uint8Array or nothing can be sent`;
      if (!this.#failed(kind, new EndpointError('INVALID_RESULT', message))) return;
    } else {
      this.#done(kind);
    }
    this.#continue();
  }

  #rejected(kind: HandlerKind, error: unknown): void {
    this.#pending--;
    if (this.#failed(kind, error)) this.#continue();
  }

  /** A handler threw or rejected. True when the error handler is done as well. */
  #failed(kind: HandlerKind, error: unknown): boolean {
    const hasErrorHandler = this.#handlers.error !== undefined;
    if (kind === 'error' || !hasErrorHandler) {
      this.#reportUnhandled(error, kind);
      this.#endWithFailure();
      this.#done(kind);
      return true;
    }
    if (kind === 'close') this.#hasClosed = true;
    const isDone = this.#perform('error', error);
    // As in Jakarta WebSocket a session stays open after an error that its handler was told; one that never opened is
    // of no use.
    if (kind === 'open') this.#endWithFailure();
    return isDone;
  }

  #done(kind: HandlerKind): void {
    if (kind === 'error') this.#errorHandlers--;
    if (kind === 'close') this.#hasClosed = true;
    if (this.#hasClosed && this.#pending === 0) this.#finish();
  }

  #continue(): void {
    if (this.#isOrdered) this.#performWaiting();
    else if (this.#closeReason !== undefined && !this.#hasClosed) this.#perform('close', this.#closeReason);
  }

  #finish(): void {
    if (this.#hasFinished) return;
    this.#hasFinished = true;
    this.#host.finished();
  }

  #endWithFailure(): void {
    // RFC 6455 §7.4.1: 1011, the server met a condition that keeps it from fulfilling the request.
    if (this.#session.isOpen) this.#session.close(1011, 'internal error');
    this.#hasEndedHere = true;
  }

  #reportUnhandled(error: unknown, during: UnhandledErrorContext['during']): void {
    const session = this.#session;
    this.#host.reportUnhandled(error, {
      during,
      endpoint: this.#host.definition.name,
      session,
      request: session.handshake,
    });
  }
}

function isThenable(made: object): boolean {
  return typeof (made as Partial<PromiseLike<object>> | undefined | null)?.then === 'function';
}

function isSessionEnded(value: unknown): boolean {
  return value instanceof EndpointError && value.code === 'SESSION_ENDED';
}
