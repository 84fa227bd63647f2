// One session from its opening to its end: makes its parts, opens it, sends its errors to where they belong, ends it.
import { type CloseDetails, type MessageKind, WebSocketCloseCode, type WebSocketConnection } from '@longwire/websocket';
import type { UnhandledErrorContext } from '../container/unhandled-error.js';
import type { EndpointDefinition, ServingInstance } from '../declaring/endpoint-definition.js';
import { type HandlerKind, handlerNames } from '../declaring/handlers.js';
import type { MessageHandlerOptions } from '../declaring/message-handler.js';
import type { HandshakeRequest } from '../handshake/handshake-request.js';
import { closeFor, isRefusal } from '../handshake/refusals.js';
import { encode } from '../messages/encoding.js';
import type { GuardedObserver } from '../observing/observer.js';
import { kindOf } from '../option-checks.js';
import type { WarningsOnce } from '../warnings.js';
import { type CloseCause, type CloseReason, closeReasonOf } from './close-reason.js';
import { HandlerRunner, type RunnerHost } from './handler-runner.js';
import { IdleTimeout } from './idle-timeout.js';
import type { PendingLimits } from './pending-handlers.js';
import { Session, senderOf, type UserProperties } from './session.js';
import type { AnyMessageHandler, SessionControl } from './session-control.js';
import type { SessionHandlers } from './session-handlers.js';
import { type InputEnd, PauseReason, SessionInput } from './session-input.js';
import { SessionSender } from './session-sender.js';

/** What the sessions of an endpoint share, and report to. */
export interface SessionHost {
  readonly definition: EndpointDefinition;
  /** The handlers that the endpoint declares. */
  readonly handlers: SessionHandlers;
  readonly observer: GuardedObserver | undefined;
  readonly warnings: WarningsOnce;
  openSessions(): Iterable<Session>;
  /** Takes an error that no error handler took. Never throws. */
  reportUnhandled(error: unknown, context: UnhandledErrorContext): void;
  readonly pendingLimits: PendingLimits;
  /** The session's connection is over. Called once. */
  ended(session: Session, reason: CloseReason): void;
  /** Its close handler waits for handlers that have not settled. */
  closing(lifecycle: SessionLifecycle): void;
  /** Its last handler has settled, or is not waited for any longer. Called once, after `ended`. */
  finished(lifecycle: SessionLifecycle): void;
}

/** What is known of a session when its connection is there. */
export interface OpenedSession {
  readonly handshake: HandshakeRequest;
  readonly userProperties: UserProperties | undefined;
}

/** Nothing here is called for each message: those go from the input through the runner to the sender. */
export class SessionLifecycle implements SessionControl<Session>, RunnerHost, InputEnd {
  readonly session: Session;
  readonly input: SessionInput;
  readonly #host: SessionHost;
  #reportedErrors: ReportedErrors | undefined;
  #closeCause: CloseCause | undefined;
  /**
   * There is no instance that could serve it; the connection is over; the codecs of the session are ending; they have
   * ended; nothing waits for the session.
   */
  #stage: 'connected' | 'failed' | 'over' | 'ending' | 'ended' | 'finished' = 'connected';
  idle: IdleTimeout | undefined;

  constructor(host: SessionHost, connection: WebSocketConnection, { handshake, userProperties }: OpenedSession) {
    const { options } = host.definition;
    const messageSent = host.observer?.messageSent;
    const noteSent = messageSent && ((kind: MessageKind, bytes: number) => messageSent(this.session, kind, bytes));
    this.#host = host;
    this.session = new Session(new SessionSender(connection, this, noteSent), handshake, userProperties);
    this.input = new SessionInput(connection, new HandlerRunner(this, host.handlers), this);
    connection.maxTextBytes = options.maxTextBytes;
    connection.maxBinaryBytes = options.maxBinaryBytes;
  }

  /** Makes the instance and opens the session; events that arrive meanwhile wait. */
  start(): void {
    const { definition } = this.#host;
    const { idleTimeoutMs } = definition.options;
    if (idleTimeoutMs > 0) this.setIdleTimeout(idleTimeoutMs);
    try {
      const serving = definition.instantiate(this.session.handshake);
      if (serving instanceof Promise) {
        serving.then(
          (later) => this.#open(later),
          (error: unknown) => this.#failedToOpen(error),
        );
      } else {
        this.#open(serving);
      }
    } catch (error) {
      this.#failedToOpen(error);
    }
  }

  #open({ instance, routes }: ServingInstance): void {
    let handlers: SessionHandlers;
    try {
      handlers = this.input.runner.handlers.withInstance(routes);
    } catch (error) {
      this.#failedToOpen(error);
      return;
    }
    this.input.runner.instance = instance;
    this.input.useHandlers(handlers);
    const config = this.#host.definition;
    try {
      const starting = this.#handlersWithCodecs().codecs.init(this.session);
      if (starting === undefined) {
        this.input.runner.begin(config);
      } else {
        starting.then(
          () => this.input.runner.begin(config),
          (error: unknown) => this.input.runner.begin(config, { error }),
        );
      }
    } catch (error) {
      this.input.runner.begin(config, { error });
    }
  }

  /** Without an instance there is no handler that could be called, not even onError or onClose. */
  #failedToOpen(error: unknown): void {
    const isOver = this.#stage === 'over';
    this.#stage = 'failed';
    this.input.runner.abandon();
    if (isRefusal(error)) {
      const { code, reason } = closeFor(error);
      senderOf(this.session).close('closed', code, reason);
    } else {
      this.reportUnhandled(error, 'instance');
      this.endWithFailure();
    }
    if (isOver) this.#finish();
  }

  opened(): void {
    this.input.deliver();
  }

  // What the session and its sender ask.

  get template(): string {
    return this.#host.definition.path;
  }

  get maxBufferedBytes(): number {
    return this.#host.definition.options.webSocket.maxBufferedBytes;
  }

  get closeTimeoutMs(): number {
    return this.#host.definition.options.webSocket.closeTimeoutMs;
  }

  encode(value: unknown): string | Uint8Array | Promise<string | Uint8Array> | undefined {
    return encode(this.#handlersWithCodecs().codecs, value);
  }

  setIdleTimeout(timeoutMs: number): void {
    this.idle ??= new IdleTimeout(() => {
      senderOf(this.session).close('idle_timeout', WebSocketCloseCode.goingAway, 'idle timeout');
    });
    this.idle.start(this.hasEndedHere || this.#stage !== 'connected' ? 0 : timeoutMs);
  }

  pauseReading(): void {
    this.input.pause(PauseReason.session);
  }

  resumeReading(): void {
    this.input.resume(PauseReason.session);
  }

  openSessions(): Iterable<Session> {
    return this.#host.openSessions();
  }

  addMessageHandler(options: MessageHandlerOptions, handler: AnyMessageHandler): void {
    this.input.useHandlers(this.input.runner.handlers.with(options, handler));
  }

  removeMessageHandler(handler: AnyMessageHandler): void {
    const rest = this.input.runner.handlers.without(handler);
    if (rest !== undefined) this.input.useHandlers(rest);
  }

  messageHandlers(): AnyMessageHandler[] {
    return this.input.runner.handlers.added();
  }

  /** The codecs of classes are made when they are first asked for. */
  #handlersWithCodecs(): SessionHandlers {
    this.input.runner.handlers = this.input.runner.handlers.withCodecs();
    return this.input.runner.handlers;
  }

  // Where errors go.

  report(error: unknown): void {
    if (this.input.runner.takesErrors) this.input.runner.acceptError(error);
    else this.reportUnhandled(error, 'session');
  }

  reportOnce(error: unknown): void {
    this.#reportedErrors ??= new ReportedErrors();
    if (this.#reportedErrors.has(error)) return;
    this.#reportedErrors.add(error);
    this.report(error);
  }

  wasReported(error: unknown): boolean {
    return this.#reportedErrors?.delete(error) === true;
  }

  reportUnhandled(error: unknown, during: UnhandledErrorContext['during']): void {
    const { session } = this;
    this.#host.reportUnhandled(error, { during, endpoint: this.endpoint, session, request: session.handshake });
  }

  handlerOverdue(kind: HandlerKind): void {
    const { endpoint, pendingLimits } = this;
    const handler = handlerNames[kind];
    this.#host.warnings.once('handler_pending', `${handler} of ${endpoint}`, () => {
      const waiting = this.#host.definition.options.concurrent
        ? ''
        : ', and everything else of its session waits for it';
      const message = `endpoint ${endpoint}: ${handler} has not settled for ${pendingLimits.overdueMs / 1_000} s${waiting}`;
      return { message: `${message}; if it may take so long, give the endpoint another handlerWarningMs`, endpoint };
    });
  }

  resultIgnored(kind: HandlerKind, result: unknown): void {
    const { endpoint } = this;
    const handler = handlerNames[kind];
    this.#host.warnings.once('result_ignored', `${handler} of ${endpoint}`, () => {
      const which = kind === 'textPart' || kind === 'binaryPart' ? ' before the last part of a message' : '';
      const advice = 'it is not sent; call session.send(…) or session.sendObject(…)';
      return { message: `endpoint ${endpoint}: ${handler} returned ${kindOf(result)}${which}; ${advice}`, endpoint };
    });
  }

  // What the runner asks.

  get endpoint(): string {
    return this.#host.definition.name;
  }

  get observer(): GuardedObserver | undefined {
    return this.#host.observer;
  }

  get pendingLimits(): PendingLimits {
    return this.#host.pendingLimits;
  }

  get hasEndedHere(): boolean {
    return this.input.isDropping;
  }

  get mustReadOn(): boolean {
    return this.input.mustReadOn;
  }

  holdBack(isHolding: boolean): void {
    if (isHolding) this.input.pause(PauseReason.queue);
    else this.input.resume(PauseReason.queue);
  }

  // The end.

  endedHere(cause: CloseCause): void {
    this.#closeCause ??= cause;
    this.idle?.stop();
    this.input.drop();
    this.input.abortMessage(undefined);
  }

  endWithFailure(): void {
    // RFC 6455 §7.4.1: 1011, the server met a condition that keeps it from fulfilling the request.
    if (this.session.isOpen)
      senderOf(this.session).close('handler_failed', WebSocketCloseCode.internalError, 'internal error');
    this.input.drop();
  }

  /** RFC 6455 §7.4.1: 1003, a type of data that the endpoint cannot accept. */
  unsupported(kind: MessageKind): void {
    // A session that takes its handlers away wants to miss messages meanwhile.
    if (this.input.runner.handlers.hasRemoved) return;
    const reason = `${kind} messages are not accepted here`;
    senderOf(this.session).close('unsupported_data', WebSocketCloseCode.unsupportedData, reason);
  }

  /** The connection's last event. */
  closed(details: CloseDetails): void {
    const reason = closeReasonOf(details, this.#closeCause);
    const hasFailed = this.#stage === 'failed';
    this.#stage = 'over';
    this.idle?.stop();
    this.input.abortMessage(reason.error);
    senderOf(this.session).noteEnd();
    this.#host.ended(this.session, reason);
    if (hasFailed) {
      this.#finish();
      return;
    }
    this.input.runner.accept('close', reason);
    if (!this.input.runner.isCloseWaiting) return;
    this.input.runner.closeWithin(this.closeTimeoutMs);
    this.#host.closing(this);
  }

  /** Runs the close handler, if it waits for others. */
  closeNow(): void {
    this.input.runner.closeNow();
  }

  /** After the last handler: the session's decoders and encoders end, then the session. */
  settled(): void {
    if (this.#stage === 'over') this.#endCodecs();
    if (this.#stage === 'ended' && !this.input.runner.hasPending) this.#finish();
  }

  #endCodecs(): void {
    // Before they are called: an error of theirs that its handler has taken leads here again.
    this.#stage = 'ending';
    const ending = this.input.runner.handlers.destroyCodecs((error) => this.report(error));
    if (ending === undefined) this.#stage = 'ended';
    void ending?.then(() => {
      this.#stage = 'ended';
      this.settled();
    });
  }

  #finish(): void {
    if (this.#stage === 'finished') return;
    this.#stage = 'finished';
    this.#host.finished(this);
  }
}

/** Errors that the error handler got, and that a handler may still fail with, because its caller got them too. */
class ReportedErrors {
  readonly #errors = new Set<unknown>();

  has(error: unknown): boolean {
    return this.#errors.has(error);
  }

  add(error: unknown): void {
    this.#errors.add(error);
    // One that was caught does not come back: 16 are enough to remember.
    if (this.#errors.size > 16) this.#errors.delete(this.#errors.values().next().value);
  }

  delete(error: unknown): boolean {
    return this.#errors.delete(error);
  }
}
