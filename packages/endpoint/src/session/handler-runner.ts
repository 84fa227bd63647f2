// The order in which handlers of one session run: one at a time, or, in a concurrent endpoint, as events arrive.
import { type HandlerKind, handlerNames, isAnswered } from '../declaring/handlers.js';
import { IncomingStream } from '../messages/message-stream.js';
import { callObserved } from '../observing/observed-handler.js';
import type { GuardedObserver } from '../observing/observer.js';
import { isThenable } from '../promises.js';
import { EventQueue } from './event-queue.js';
import { type PendingEvents, type PendingHandler, PendingHandlers, type PendingLimits } from './pending-handlers.js';
import { type Session, senderOf } from './session.js';
import type { SessionHandlers } from './session-handlers.js';

/** Reading pauses while this many messages wait for their handler. */
export const maxWaitingMessages = 16;

// A handler that does not settle must not keep the peer's Close frame from being read. Behind a stalled one more is read, up
// to either of these, so that a peer that closes is answered unless more than that was sent before.
const maxReadAheadMessages = 256;
const maxReadAheadBytes = 65_536;

/** What a runner asks of the lifecycle of its session, and reports to it. None of it is asked for each message. */
export interface RunnerHost {
  readonly session: Session;
  readonly endpoint: string;
  readonly observer: GuardedObserver | undefined;
  readonly pendingLimits: PendingLimits;
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
  /** A handler has not settled for so long that it should be reported. */
  handlerOverdue(kind: HandlerKind): void;
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
export class HandlerRunner implements PendingEvents {
  /** Replaced when the session gets other handlers. */
  handlers: SessionHandlers;
  /** Undefined until there is one: only then there are handlers that can be called. */
  instance: object | undefined = undefined;
  readonly #host: RunnerHost;
  #isBusy = true;
  #waiting: EventQueue | undefined;
  /** Handlers whose promises have not settled; in an ordered endpoint at most one. Undefined while there never was one. */
  #pending: PendingHandlers | undefined;
  /** Error handlers among those and on the stack. */
  #errorHandlers = 0;
  /** In an ordered endpoint: what the next event waits for, though its handler has settled. */
  #unfinishedStream: IncomingStream | undefined;
  /** `closed`: the close handler has been called, or never will be. */
  #phase: 'opening' | 'begun' | 'closed' = 'opening';

  constructor(host: RunnerHost, handlers: SessionHandlers) {
    this.#host = host;
    this.handlers = handlers;
  }

  /** Errors go to the error handler, which exists, and which did not cause them itself. */
  get takesErrors(): boolean {
    return this.instance !== undefined && this.#hasErrorHandler && this.#errorHandlers === 0;
  }

  get hasPending(): boolean {
    return this.#pending !== undefined && this.#pending.size > 0;
  }

  get isHoldingBack(): boolean {
    return this.#waiting?.isHeldBack === true;
  }

  /** Runs the open handler, or its failure, and then what has come meanwhile. */
  begin(config: unknown, failure?: { readonly error: unknown }): void {
    // The session has ended meanwhile, and was not waited for.
    if (this.#phase === 'closed') return;
    this.#phase = 'begun';
    const isDone = failure === undefined ? this.#perform('open', config) : this.#failed('open', failure.error);
    this.#host.opened();
    if (isDone || !this.handlers.isOrdered) this.#performWaiting();
  }

  /** There is no instance, and will be none: what waits is dropped. */
  abandon(): void {
    this.#waiting?.clear();
  }

  accept(kind: HandlerKind, value: unknown): void {
    if (this.#isBusy) {
      this.#wait(kind, value);
    } else if (this.handlers.isOrdered) {
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
    const isFull = this.#isFull(this.#waiting);
    if (isFull && this.#host.mustReadOn) {
      // A long stream lets any number of pongs arrive. As pings may (RFC 6455 §5.5.3), all but some go unnoticed.
      if (kind === 'pong') return;
    } else if (isFull && !this.#waiting.isHeldBack) {
      this.#holdBack(this.#waiting, true);
    }
    this.#waiting.push(kind, value);
  }

  #isFull({ length, bytes }: EventQueue): boolean {
    if (this.#pending?.hasStalled !== true) return length >= maxWaitingMessages - 1;
    return length >= maxReadAheadMessages - 1 || (length >= maxWaitingMessages - 1 && bytes >= maxReadAheadBytes);
  }

  stalled(): void {
    if (this.#waiting?.isHeldBack === true && !this.#isFull(this.#waiting)) this.#holdBack(this.#waiting, false);
  }

  overdue(kind: HandlerKind): void {
    this.#host.handlerOverdue(kind);
  }

  deadlineReached(): void {
    this.closeNow();
  }

  /** Lets the close handler wait for pending handlers no longer than this. */
  closeWithin(withinMs: number): void {
    if (this.isCloseWaiting) this.#pendingHandlers.setDeadline(withinMs);
  }

  /** The connection is over, and the close handler waits for others. */
  get isCloseWaiting(): boolean {
    return this.#waiting?.hasClose === true;
  }

  /** If the close handler waits for others, it runs now. What those return is ignored, their errors are reported. */
  closeNow(): void {
    const close = this.#waiting?.takeClose();
    if (close === undefined) return;
    this.#waiting?.clear();
    this.#pending?.giveUp();
    this.#errorHandlers = 0;
    if (this.#phase === 'opening') {
      this.#phase = 'closed';
      this.#host.settled();
    } else if (this.#perform('close', close.value)) {
      this.#performWaiting();
    }
  }

  #holdBack(waiting: EventQueue, isHolding: boolean): void {
    waiting.isHeldBack = isHolding;
    this.#host.holdBack(isHolding);
  }

  /**
   * Performs what waits until a handler of an ordered endpoint is pending. Stays busy, so that what reading on lets in
   * queues behind.
   */
  #performWaiting(): void {
    const waiting = this.#waiting;
    for (let event = waiting?.shift(); event !== undefined; event = waiting?.shift()) {
      if (waiting!.isHeldBack && waiting!.length < maxWaitingMessages) this.#holdBack(waiting!, false);
      if (this.#host.hasEndedHere && event.kind !== 'close' && event.kind !== 'error') continue;
      const isDone = this.#perform(event.kind, event.value);
      if (!isDone && this.handlers.isOrdered) return;
      // In a concurrent endpoint the close is last, and may go back to wait for what is pending.
      if (event.kind === 'close') break;
    }
    this.#isBusy = false;
  }

  /** Calls one handler. True when it is done, and whatever it led to; false while a promise is pending. */
  #perform(kind: HandlerKind, value: unknown): boolean {
    if (kind === 'close' && this.hasPending) {
      // Only in a concurrent endpoint: the last handler to settle performs the close.
      this.#waiting ??= new EventQueue();
      this.#waiting.push(kind, value);
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
    if (observer === undefined) return this.handlers.call(kind, this.instance!, this.#host.session, value);
    if (!this.handlers.has(kind)) return undefined;
    return callObserved(observer, this.#host.endpoint, this.#host.session, kind, value, () =>
      this.handlers.call(kind, this.instance!, this.#host.session, value),
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
      return senderOf(this.#host.session).sendResult(result, handlerNames[kind]);
    }
    this.#host.session.send(result);
    return undefined;
  }

  #await(kind: HandlerKind, value: unknown, promise: PromiseLike<unknown>): false {
    const pending = this.#pendingHandlers.add(kind);
    Promise.resolve(promise).then(
      (later) => this.#fulfilled(pending, value, later),
      (error: unknown) => this.#rejected(pending, value, error),
    );
    return false;
  }

  get #pendingHandlers(): PendingHandlers {
    this.#pending ??= new PendingHandlers(this.#host.pendingLimits, this);
    return this.#pending;
  }

  #fulfilled(pending: PendingHandler, value: unknown, result: unknown): void {
    if (!this.#settled(pending, value)) return;
    const { kind } = pending;
    let isDone = true;
    try {
      const answering = result === undefined ? undefined : this.#answer(kind, value, result);
      if (answering !== undefined) {
        this.#await(kind, undefined, answering);
        return;
      }
      this.#done(kind);
    } catch (error) {
      isDone = this.#failed(kind, error);
    }
    if (isDone) this.#continue();
  }

  #rejected(pending: PendingHandler, value: unknown, error: unknown): void {
    const { kind } = pending;
    if (!this.#settled(pending, value)) this.#host.reportUnhandled(error, kind);
    else if (this.#failed(kind, error)) this.#continue();
  }

  /** False if the session has ended without waiting for this handler. */
  #settled(pending: PendingHandler, value: unknown): boolean {
    if (!this.#pending!.delete(pending)) return false;
    this.#passOver(value);
    return true;
  }

  /** What a handler has left unread of its message is passed over; the next event waits for its end. */
  #passOver(value: unknown): void {
    if (!(value instanceof IncomingStream)) return;
    value.passOver();
    if (this.handlers.isOrdered && !value.hasEnded) this.#unfinishedStream = value;
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
    if (kind === 'close') this.#phase = 'closed';
    if (wasReported) this.#done(kind);
    const isDone = wasReported || this.#perform('error', error);
    // As in Jakarta WebSocket a session stays open after an error that was reported to its handler; one that never opened is
    // of no use.
    if (kind === 'open') host.endWithFailure();
    return isDone;
  }

  #done(kind: HandlerKind): void {
    if (kind === 'error') this.#errorHandlers--;
    if (kind === 'close') this.#phase = 'closed';
    if (this.#phase === 'closed' && !this.hasPending) this.#host.settled();
  }

  #continue(): void {
    const stream = this.#unfinishedStream;
    if (stream !== undefined && !stream.hasEnded) {
      stream.whenEnded(() => this.#continue());
      return;
    }
    this.#unfinishedStream = undefined;
    if (this.handlers.isOrdered) {
      this.#performWaiting();
    } else if (!this.hasPending) {
      const close = this.#waiting?.takeClose();
      if (close !== undefined) this.#perform('close', close.value);
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
