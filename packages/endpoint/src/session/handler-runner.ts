// The order in which handlers of one session run: one at a time, or, in a concurrent endpoint, as events arrive.
import { type HandlerKind, handlerNames, isAnswered } from '../declaring/handlers.js';
import { IncomingStream } from '../messages/message-stream.js';
import { callObserved } from '../observing/observed-handler.js';
import type { GuardedObserver } from '../observing/observer.js';
import { isThenable } from '../promises.js';
import { EventQueue } from './event-queue.js';
import { type Session, senderOf } from './session.js';
import type { SessionHandlers } from './session-handlers.js';

/** Reading pauses while this many messages wait for their handler. */
export const maxWaitingMessages = 16;

/** What a runner asks of the lifecycle of its session, and reports to it. None of it is asked for each message. */
export interface RunnerHost {
  readonly endpoint: string;
  readonly observer: GuardedObserver | undefined;
  /** The open handler was called, or never will be; what it led to, and what came before, is next. */
  opened(): void;
  /** The program has ended the session: only close and error handlers are started. */
  readonly hasEndedHere: boolean;
  /** True if the error handler got this error already; asked once. */
  wasReported(error: unknown): boolean;
  /** The rest of a message is on its way to a handler that reads it: to pause now would be to wait for itself. */
  readonly mustReadOn: boolean;
  /** Too many events wait, or no longer. */
  holdBack(isHolding: boolean): void;
  /** A handler failed for which there is no error handler, or the opening one. */
  endWithFailure(): void;
  reportUnhandled(error: unknown, during: HandlerKind): void;
  /** A handler returned something that would be an answer if another handler had returned it. */
  resultIgnored(kind: HandlerKind, result: unknown): void;
  /** The close handler has finished, and nothing is pending. May be called again after later errors. */
  settled(): void;
}

/**
 * Events wait while the runner is busy: in an ordered endpoint while a handler runs or its promise is pending, in a
 * concurrent one only until `begin`. A handler of whole messages that returns nothing, text or bytes costs no promise,
 * no closure and no queue entry. Nothing here throws.
 */
export class HandlerRunner {
  /** Replaced when the session gets other handlers. */
  handlers: SessionHandlers;
  readonly #host: RunnerHost;
  readonly #session: Session;
  readonly #isOrdered: boolean;
  #instance: object | undefined;
  #isBusy = true;
  #waiting: EventQueue | undefined;
  #isHoldingBack = false;
  /** Handlers whose promises have not settled; in an ordered endpoint at most one. */
  #pending = 0;
  /** Error handlers among those and on the stack. */
  #errorHandlers = 0;
  /** In an ordered endpoint: what the next event waits for, though its handler has settled. */
  #unfinishedStream: IncomingStream | undefined;
  /** In a concurrent endpoint: the end, while handlers are pending. */
  #deferredClose: { readonly reason: unknown } | undefined;
  #hasClosed = false;

  constructor(host: RunnerHost, session: Session, handlers: SessionHandlers, isOrdered: boolean) {
    this.#host = host;
    this.#session = session;
    this.handlers = handlers;
    this.#isOrdered = isOrdered;
  }

  /** Errors go to the error handler, which exists, and which did not cause them itself. */
  get takesErrors(): boolean {
    return this.#instance !== undefined && this.#hasErrorHandler && this.#errorHandlers === 0;
  }

  get hasPending(): boolean {
    return this.#pending > 0;
  }

  get isHoldingBack(): boolean {
    return this.#isHoldingBack;
  }

  /** From here on there are handlers that can be called. */
  serve(instance: object, handlers: SessionHandlers): void {
    this.#instance = instance;
    this.handlers = handlers;
  }

  /** Runs the open handler, or its failure, and then what has come meanwhile. */
  begin(config: unknown, failure?: { readonly error: unknown }): void {
    const isDone = failure === undefined ? this.#perform('open', config) : this.#failed('open', failure.error);
    this.#host.opened();
    if (isDone || !this.#isOrdered) this.#performWaiting();
  }

  /** There is no instance, and will be none: what waits reaches nobody. */
  abandon(): void {
    this.#waiting?.clear();
  }

  accept(kind: HandlerKind, value: unknown): void {
    if (this.#isBusy) {
      this.#wait(kind, value);
    } else if (this.#isOrdered) {
      this.#isBusy = true;
      if (this.#perform(kind, value)) this.#performWaiting();
    } else {
      this.#perform(kind, value);
    }
  }

  acceptError(error: unknown): void {
    if (this.#waiting?.isRepeating(error)) return;
    this.accept('error', error);
  }

  #wait(kind: HandlerKind, value: unknown): void {
    this.#waiting ??= new EventQueue();
    const isFull = this.#waiting.length >= maxWaitingMessages - 1;
    if (isFull && this.#host.mustReadOn) {
      // A long stream lets any number of pongs arrive. As pings may (RFC 6455 §5.5.3), all but some go unnoticed.
      if (kind === 'pong') return;
    } else if (isFull && !this.#isHoldingBack) {
      this.#holdBack(true);
    }
    this.#waiting.push(kind, value);
  }

  #holdBack(isHolding: boolean): void {
    this.#isHoldingBack = isHolding;
    this.#host.holdBack(isHolding);
  }

  /**
   * Performs what waits until a handler of an ordered endpoint is pending. Stays busy, so that what reading on lets in
   * queues behind.
   */
  #performWaiting(): void {
    for (let event = this.#waiting?.shift(); event !== undefined; event = this.#waiting?.shift()) {
      if (this.#isHoldingBack && this.#waiting!.length < maxWaitingMessages) this.#holdBack(false);
      if (this.#host.hasEndedHere && event.kind !== 'close' && event.kind !== 'error') continue;
      if (!this.#perform(event.kind, event.value) && this.#isOrdered) return;
    }
    this.#isBusy = false;
  }

  /** Calls one handler. True when it is done, and whatever it led to; false while a promise is pending. */
  #perform(kind: HandlerKind, value: unknown): boolean {
    if (kind === 'close' && this.#pending > 0) {
      // Only in a concurrent endpoint: the last handler to settle performs the close.
      this.#deferredClose = { reason: value };
      return false;
    }
    if (kind === 'error') this.#errorHandlers++;
    try {
      const result = this.#call(kind, value);
      if (isStream(kind)) return this.#await(kind, value, result as PromiseLike<unknown>);
      if (result !== undefined) {
        const pending = isThenable(result) ? result : this.#answer(kind, value, result);
        if (pending !== undefined) return this.#await(kind, value, pending);
      }
    } catch (error) {
      if (isStream(kind)) return this.#await(kind, value, Promise.reject(error));
      return this.#failed(kind, error);
    }
    this.#done(kind);
    return true;
  }

  get #hasErrorHandler(): boolean {
    return this.handlers.routes.handlers.error !== undefined;
  }

  #call(kind: HandlerKind, value: unknown): unknown {
    const { observer } = this.#host;
    if (observer === undefined) return this.handlers.call(kind, this.#instance!, this.#session, value);
    if (!this.handlers.has(kind)) return undefined;
    return callObserved(observer, this.#host.endpoint, this.#session, kind, value, () =>
      this.handlers.call(kind, this.#instance!, this.#session, value),
    );
  }

  /** Sends what the handler returned, if it is an answer. Returns a promise while an encoder is working on it. */
  #answer(kind: HandlerKind, value: unknown, result: unknown): PromiseLike<unknown> | undefined {
    if (!isAnswered(kind, value)) {
      if (looksLikeAnAnswer(result)) this.#host.resultIgnored(kind, result);
      return undefined;
    }
    if (result === null) return undefined;
    if (typeof result !== 'string' && !(result instanceof Uint8Array)) {
      return senderOf(this.#session).sendResult(result, handlerNames[kind]);
    }
    this.#session.send(result);
    return undefined;
  }

  #await(kind: HandlerKind, value: unknown, pending: PromiseLike<unknown>): false {
    this.#pending++;
    Promise.resolve(pending).then(
      (later) => this.#fulfilled(kind, value, later),
      (error: unknown) => this.#rejected(kind, value, error),
    );
    return false;
  }

  #fulfilled(kind: HandlerKind, value: unknown, result: unknown): void {
    this.#pending--;
    this.#passOver(value);
    let isDone = true;
    try {
      const pending = result === undefined ? undefined : this.#answer(kind, value, result);
      if (pending !== undefined) {
        this.#await(kind, undefined, pending);
        return;
      }
      this.#done(kind);
    } catch (error) {
      isDone = this.#failed(kind, error);
    }
    if (isDone) this.#continue();
  }

  #rejected(kind: HandlerKind, value: unknown, error: unknown): void {
    this.#pending--;
    this.#passOver(value);
    if (this.#failed(kind, error)) this.#continue();
  }

  /** What a handler has left unread of its message is passed over; the next event waits for its end. */
  #passOver(value: unknown): void {
    if (!(value instanceof IncomingStream)) return;
    value.passOver();
    if (this.#isOrdered && !value.hasEnded) this.#unfinishedStream = value;
  }

  /** A handler threw or rejected. True when the error handler is done as well. */
  #failed(kind: HandlerKind, error: unknown): boolean {
    const host = this.#host;
    const wasReported = host.wasReported(error);
    if (kind === 'error' || !this.#hasErrorHandler) {
      if (!wasReported) host.reportUnhandled(error, kind);
      host.endWithFailure();
      this.#done(kind);
      return true;
    }
    if (kind === 'close') this.#hasClosed = true;
    if (wasReported) this.#done(kind);
    const isDone = wasReported || this.#perform('error', error);
    // As in Jakarta WebSocket a session stays open after an error that its handler was told; one that never opened is
    // of no use.
    if (kind === 'open') host.endWithFailure();
    return isDone;
  }

  #done(kind: HandlerKind): void {
    if (kind === 'error') this.#errorHandlers--;
    if (kind === 'close') this.#hasClosed = true;
    if (this.#hasClosed && this.#pending === 0) this.#host.settled();
  }

  #continue(): void {
    const stream = this.#unfinishedStream;
    if (stream !== undefined && !stream.hasEnded) {
      stream.whenEnded(() => this.#continue());
      return;
    }
    this.#unfinishedStream = undefined;
    if (this.#isOrdered) {
      this.#performWaiting();
    } else if (this.#deferredClose !== undefined && this.#pending === 0) {
      const { reason } = this.#deferredClose;
      this.#deferredClose = undefined;
      this.#perform('close', reason);
    }
  }
}

/** In JavaScript any handler may return anything; `(session) => sessions.add(session)` means nothing by it. */
function looksLikeAnAnswer(result: unknown): boolean {
  if (typeof result === 'string' || result instanceof Uint8Array) return true;
  return typeof result === 'object' && result !== null && Object.getPrototypeOf(result) === Object.prototype;
}

/** Such a handler is always waited for: its message has to end as well. */
function isStream(kind: HandlerKind): boolean {
  return kind === 'textStream' || kind === 'binaryStream';
}
