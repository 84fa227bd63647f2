// One session at work: takes the engine's events to the endpoint's handlers, from the opening to the end.
import type { CloseDetails, WebSocketConnection } from '@longwire/websocket';
import type { UnhandledErrorContext } from '../container/unhandled-error.js';
import type { EndpointDefinition, ServingInstance } from '../declaring/endpoint-definition.js';
import type { HandlerKind } from '../declaring/handlers.js';
import type { MessageHandlerOptions } from '../declaring/message-handler.js';
import type { MessageRoutes } from '../declaring/message-routes.js';
import { EndpointError } from '../errors.js';
import { encode } from '../messages/encoding.js';
import type { NoEncoder } from '../messages/no-encoder.js';
import { runObserved } from '../observing/observed-session.js';
import type { GuardedObserver } from '../observing/observer.js';
import { Arrivals } from './arrivals.js';
import { type CloseCause, type CloseReason, closeReasonOf } from './close-reason.js';
import type { ConnectionEvents } from './connection-events.js';
import { HandlerRunner, maxWaitingMessages, type RunnerHost } from './handler-runner.js';
import { IdleTimeout } from './idle-timeout.js';
import { Brake, ReadingBrake } from './reading-brake.js';
import { closeBecause, noteEnd, type Session, sendResult } from './session.js';
import type { AnyMessageHandler, SessionControl } from './session-control.js';
import { SessionHandlers } from './session-handlers.js';
import { ToldErrors } from './told-errors.js';

/** What the dispatcher needs of the endpoint it belongs to. */
export interface DispatcherHost {
  readonly definition: EndpointDefinition;
  openSessions(): Iterable<Session>;
  readonly observer: GuardedObserver | undefined;
  /** Takes a fault that no error handler took. Never throws. */
  reportUnhandled(error: unknown, context: UnhandledErrorContext): void;
  /** The session's connection is over. Called once. */
  ended(session: Session, reason: CloseReason): void;
  /** And its last handler has settled. Called once, after that. */
  finished(): void;
}

/** Between the engine's events, the handlers of the endpoint, and what a session asks for. Nothing throws into the engine. */
export class SessionDispatcher implements SessionControl<Session>, ConnectionEvents, RunnerHost {
  readonly #host: DispatcherHost;
  readonly #connection: WebSocketConnection;
  readonly #handlers: SessionHandlers;
  readonly #runner: HandlerRunner;
  readonly #answersPing: boolean;
  readonly noteSent: SessionControl['noteSent'];
  #session!: Session;
  #instance: object | undefined;
  #isOpening = true;
  /** What came while the instance was made. The open handler may still choose who takes it. */
  #early: (() => void)[] | undefined;
  #arrivals: Arrivals | undefined;
  #brake: ReadingBrake | undefined;
  #told: ToldErrors | undefined;
  #idle: IdleTimeout | undefined;
  #closeReason: CloseReason | undefined;
  #closeCause: CloseCause | undefined;
  #hasEndedHere = false;
  #hasFailedToOpen = false;
  #hasDestroyed = false;
  #isDestroying = false;
  #hasFinished = false;

  constructor(host: DispatcherHost, connection: WebSocketConnection) {
    const { options } = host.definition;
    this.#host = host;
    this.#connection = connection;
    this.#handlers = new SessionHandlers(host.definition, connection);
    this.#runner = new HandlerRunner(this, !options.concurrent);
    this.#answersPing = options.textPing;
    const messageSent = host.observer?.messageSent;
    this.noteSent = messageSent && ((kind, bytes) => messageSent(this.#session, kind, bytes));
    connection.maxTextBytes = options.maxTextBytes;
    connection.maxBinaryBytes = options.maxBinaryBytes;
  }

  get session(): Session {
    return this.#session;
  }

  get maxBufferedBytes(): number {
    return this.#host.definition.options.webSocket.maxBufferedBytes;
  }

  get closeTimeoutMs(): number {
    return this.#host.definition.options.webSocket.closeTimeoutMs;
  }

  /** Makes the instance and opens the session; events that arrive meanwhile wait. */
  start(session: Session): void {
    this.#session = session;
    const { definition } = this.#host;
    const { idleTimeoutMs } = definition.options;
    if (idleTimeoutMs > 0) session.idleTimeoutMs = idleTimeoutMs;
    try {
      const serving = definition.instantiate(session.handshake);
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

  receiveText(text: string): void {
    if (this.#isOpening) {
      this.#keep(() => this.receiveText(text));
      return;
    }
    if (this.#hasEndedHere) return;
    if (this.#answersPing && text === 'ping') {
      this.#connection.sendText('pong');
      return;
    }
    this.#idle?.note();
    const route = this.#handlers.routes.text;
    if (route === 'text') this.#runner.accept('text', text);
    else if (route !== undefined) this.#receivePart(route, text, true);
  }

  receiveBinary(data: Uint8Array): void {
    if (this.#isOpening) {
      this.#keep(() => this.receiveBinary(data));
      return;
    }
    if (this.#hasEndedHere) return;
    this.#idle?.note();
    const route = this.#handlers.routes.binary;
    if (route === 'binary') this.#runner.accept('binary', data);
    else if (route !== undefined) this.#receivePart(route, data, true);
  }

  receivePart(kind: 'text' | 'binary', part: string | Uint8Array, isLast: boolean): void {
    if (this.#isOpening) {
      this.#keep(() => this.receivePart(kind, part, isLast));
      return;
    }
    if (this.#hasEndedHere) return;
    if (this.#answersPing && isLast && part === 'ping' && this.#arrivals?.isInMessage !== true) {
      this.#connection.sendText('pong');
      return;
    }
    this.#idle?.note();
    const route = this.#handlers.routes[kind];
    // Undefined once the handler was taken away; a stream that has begun still gets its rest.
    if (route !== undefined || this.#arrivals?.isInMessage === true) this.#receivePart(route, part, isLast);
  }

  /** A pong or drain signal of the engine. */
  receive(kind: 'pong' | 'drain', value: Uint8Array | undefined): void {
    if (this.#isOpening) {
      this.#keep(() => this.receive(kind, value));
      return;
    }
    if (this.#hasEndedHere || this.#handlers.routes.handlers[kind] === undefined) return;
    this.#runner.accept(kind, value);
  }

  /** The engine's last event of this connection. */
  closed(connectionReason: CloseDetails): void {
    const reason = closeReasonOf(connectionReason, this.#closeCause);
    this.#closeReason = reason;
    this.#idle?.stop();
    this.#abortArrival(reason.error);
    noteEnd(this.#session);
    this.#host.ended(this.#session, reason);
    if (this.#hasFailedToOpen) this.#finish();
    else this.#runner.accept('close', reason);
  }

  report(error: unknown): void {
    if (this.#runner.isInErrorHandler || this.#instance === undefined || !this.hasErrorHandler) {
      this.reportUnhandled(error, 'session');
    } else {
      this.#runner.acceptError(error);
    }
  }

  reportOnce(error: unknown): void {
    this.#told ??= new ToldErrors();
    if (this.#told.has(error)) return;
    this.#told.add(error);
    this.report(error);
  }

  endedHere(cause: CloseCause): void {
    this.#closeCause ??= cause;
    this.#hasEndedHere = true;
    this.#idle?.stop();
    this.#abortArrival(undefined);
  }

  setIdleTimeout(timeoutMs: number): IdleTimeout {
    this.#idle ??= new IdleTimeout(() => closeBecause(this.#session, 'idle_timeout', 1001, 'idle timeout'));
    this.#idle.start(this.#hasEndedHere || this.#closeReason !== undefined ? 0 : timeoutMs);
    return this.#idle;
  }

  pauseReading(): void {
    this.#setBrake(Brake.session);
  }

  resumeReading(): void {
    this.#brake?.release(Brake.session);
  }

  openSessions(): Iterable<Session> {
    return this.#host.openSessions();
  }

  addMessageHandler(options: MessageHandlerOptions, handler: AnyMessageHandler): void {
    this.#handlers.add(options, handler);
  }

  removeMessageHandler(handler: AnyMessageHandler): boolean {
    return this.#handlers.remove(handler);
  }

  messageHandlers(): AnyMessageHandler[] {
    return this.#handlers.list();
  }

  opened(): void {
    this.#isOpening = false;
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const receive of early) receive();
    if (!this.#runner.isHoldingBack) this.#brake?.release(Brake.queue);
  }

  get hasErrorHandler(): boolean {
    return this.#handlers.routes.handlers.error !== undefined;
  }

  get hasEndedHere(): boolean {
    return this.#hasEndedHere;
  }

  get mustReadOn(): boolean {
    return this.#arrivals?.isBeingRead === true;
  }

  call(kind: HandlerKind, value: unknown): unknown {
    const { observer } = this.#host;
    if (observer === undefined || !this.#handlers.has(kind)) {
      return this.#handlers.call(kind, this.#instance!, this.#session, value);
    }
    if (kind === 'error') this.#tellObserver(observer, value);
    const run = (): unknown => this.#handlers.call(kind, this.#instance!, this.#session, value);
    return runObserved(observer, this.#session, kind, run);
  }

  #tellObserver({ failed }: GuardedObserver, error: unknown): void {
    const session = this.#session;
    const endpoint = this.#host.definition.name;
    failed?.(error, { endpoint, session, request: session.handshake, isHandled: true });
  }

  encode(value: unknown, noEncoder: NoEncoder): string | Uint8Array | Promise<string | Uint8Array> {
    return encode(this.#handlers.codecs, value, noEncoder);
  }

  answer(result: unknown): PromiseLike<unknown> | undefined {
    if (typeof result !== 'string' && !(result instanceof Uint8Array)) return sendResult(this.#session, result);
    this.#session.send(result);
    return undefined;
  }

  wasTold(error: unknown): boolean {
    return this.#told?.delete(error) === true;
  }

  holdBack(isHolding: boolean): void {
    if (isHolding) this.#setBrake(Brake.queue);
    else this.#brake?.release(Brake.queue);
  }

  endWithFailure(): void {
    // RFC 6455 §7.4.1: 1011, the server met a condition that keeps it from fulfilling the request.
    if (this.#session.isOpen) closeBecause(this.#session, 'handler_failed', 1011, 'internal error');
    this.#hasEndedHere = true;
  }

  reportUnhandled(error: unknown, during: UnhandledErrorContext['during']): void {
    const session = this.#session;
    this.#host.reportUnhandled(error, {
      during,
      endpoint: this.#host.definition.name,
      session,
      request: session.handshake,
    });
  }

  /** After the last handler: the session's decoders and encoders go, then the session. */
  settled(): void {
    if (!this.#hasDestroyed) {
      this.#hasDestroyed = true;
      const destroying = this.#handlers.destroyCodecs((error) => this.report(error));
      if (destroying !== undefined) {
        this.#isDestroying = true;
        void destroying.then(() => {
          this.#isDestroying = false;
          this.settled();
        });
      }
    }
    if (!this.#isDestroying && !this.#runner.hasPending) this.#finish();
  }

  #open({ instance, routes }: ServingInstance): void {
    try {
      this.#handlers.serveWith(routes);
    } catch (error) {
      this.#failedToOpen(error);
      return;
    }
    this.#instance = instance;
    const config = this.#host.definition;
    try {
      const starting = this.#handlers.codecs.init(this.#session);
      if (starting === undefined) {
        this.#runner.begin(config);
      } else {
        starting.then(
          () => this.#runner.begin(config),
          (error: unknown) => this.#runner.begin(config, { error }),
        );
      }
    } catch (error) {
      this.#runner.begin(config, { error });
    }
  }

  /** Without an instance there is no handler that could be called, not even OnError or OnClose. */
  #failedToOpen(error: unknown): void {
    this.#hasFailedToOpen = true;
    this.#runner.abandon();
    this.#isOpening = false;
    this.#early = undefined;
    this.reportUnhandled(error, 'instance');
    this.endWithFailure();
    if (this.#closeReason !== undefined) this.#finish();
  }

  #receivePart(
    route: MessageRoutes['text'] | MessageRoutes['binary'],
    part: string | Uint8Array,
    isLast: boolean,
  ): void {
    this.#arrivals ??= new Arrivals({
      pause: () => this.#setBrake(Brake.stream),
      resume: () => this.#brake?.release(Brake.stream),
    });
    const arrived = this.#arrivals.take(route, part, isLast);
    if (arrived !== undefined && route !== undefined) this.#runner.accept(route, arrived);
  }

  #abortArrival(cause: unknown): void {
    if (this.#arrivals === undefined) return;
    const message = 'the session ended before the message that was being read';
    this.#arrivals.abort(new EndpointError('session_ended', message, { cause }));
  }

  #keep(receive: () => void): void {
    this.#early ??= [];
    this.#early.push(receive);
    if (this.#early.length === maxWaitingMessages) this.#setBrake(Brake.queue);
  }

  #setBrake(reason: number): void {
    this.#brake ??= new ReadingBrake(this.#connection);
    this.#brake.set(reason);
  }

  #finish(): void {
    if (this.#hasFinished) return;
    this.#hasFinished = true;
    this.#host.finished();
  }
}
