// The way in of one session: the events of its connection, on their way to the handlers.
import type { CloseDetails, ConnectionHandler, MessageKind, WebSocketConnection } from '@longwire/websocket';
import type { MessageRoutes } from '../declaring/message-routes.js';
import { EndpointError } from '../errors.js';
import { type HandlerRunner, maxWaitingMessages } from './handler-runner.js';
import type { IdleTimeout } from './idle-timeout.js';
import { IncomingParts } from './incoming-parts.js';
import type { SessionHandlers } from './session-handlers.js';

/** What a connection's `data` is: the input of its session. */
export interface ConnectionEvents {
  receiveText(text: string): void;
  receiveBinary(data: Uint8Array): void;
  receivePart(kind: 'text' | 'binary', part: string | Uint8Array, isLast: boolean): void;
  receiveSignal(kind: 'pong' | 'drain', value: Uint8Array | undefined): void;
  /** The connection failed, or the peer broke the protocol. */
  report(error: unknown): void;
  /** The last event. */
  closed(details: CloseDetails): void;
}

/** Gets what is not for a message handler. */
export interface InputEnd extends Pick<ConnectionEvents, 'report' | 'closed'> {
  /** Undefined while there was never a limit. */
  readonly idle: IdleTimeout | undefined;
  /** A message came of a kind that no handler is for, though there is one for the other kind. */
  unsupported(kind: MessageKind): void;
}

/** Who pauses reading: the program, events that wait for their handlers, a message that is read as a stream. Bits. */
export const PauseReason = { session: 1, queue: 2, stream: 4 } as const;

const nothingHeld: readonly (() => void)[] = [];

/**
 * Messages are held until the session has opened, since the open handler may still choose their handlers; then they are
 * delivered, and dropped once the session has ended here.
 */
export class SessionInput implements ConnectionEvents {
  readonly runner: HandlerRunner;
  readonly #connection: WebSocketConnection;
  readonly #end: InputEnd;
  /** What becomes of messages; until the session has opened, those that are held. */
  #state: 'deliver' | 'drop' | readonly (() => void)[] = nothingHeld;
  // Only sessions with handlers for parts or streams have one.
  #incoming: IncomingParts | undefined;
  #pauseReasons = 0;

  constructor(connection: WebSocketConnection, runner: HandlerRunner, end: InputEnd) {
    this.#connection = connection;
    this.runner = runner;
    this.#end = end;
    connection.handler = handlerFor(connection.handler, runner.handlers.routes);
  }

  /** Delivers to other handlers from now on. */
  useHandlers(handlers: SessionHandlers): void {
    const isSame = handlers.routes === this.#routes;
    this.runner.handlers = handlers;
    if (!isSame) this.#connection.handler = handlerFor(this.#connection.handler, handlers.routes);
  }

  get #routes(): MessageRoutes {
    return this.runner.handlers.routes;
  }

  /** The program has ended the session, or it could not be opened. */
  get isDropping(): boolean {
    return this.#state === 'drop';
  }

  receiveText(text: string): void {
    if (this.#state !== 'deliver') {
      this.#postpone(() => this.receiveText(text));
      return;
    }
    if (this.runner.handlers.answersPing && text === 'ping') {
      this.#connection.sendText('pong');
      return;
    }
    this.#end.idle?.note();
    const route = this.#routes.text;
    if (route === 'text') this.runner.accept('text', text);
    else if (route !== undefined) this.#receivePart(route, text, true);
    else if (this.#routes.binary !== undefined) this.#end.unsupported('text');
  }

  receiveBinary(data: Uint8Array): void {
    if (this.#state !== 'deliver') {
      this.#postpone(() => this.receiveBinary(data));
      return;
    }
    this.#end.idle?.note();
    const route = this.#routes.binary;
    if (route === 'binary') this.runner.accept('binary', data);
    else if (route !== undefined) this.#receivePart(route, data, true);
    else if (this.#routes.text !== undefined) this.#end.unsupported('binary');
  }

  receivePart(kind: 'text' | 'binary', part: string | Uint8Array, isLast: boolean): void {
    if (this.#state !== 'deliver') {
      this.#postpone(() => this.receivePart(kind, part, isLast));
      return;
    }
    if (this.runner.handlers.answersPing && isLast && part === 'ping' && this.#incoming?.isInMessage !== true) {
      this.#connection.sendText('pong');
      return;
    }
    this.#end.idle?.note();
    const route = this.#routes[kind];
    // Undefined once the handler was removed; a stream that has begun still gets its rest.
    if (route !== undefined || this.#incoming?.isInMessage === true) this.#receivePart(route, part, isLast);
  }

  receiveSignal(kind: 'pong' | 'drain', value: Uint8Array | undefined): void {
    if (this.#state !== 'deliver') {
      this.#postpone(() => this.receiveSignal(kind, value));
      return;
    }
    if (this.#routes.handlers[kind] !== undefined) this.runner.accept(kind, value);
  }

  report(error: unknown): void {
    this.#end.report(error);
  }

  closed(details: CloseDetails): void {
    this.#end.closed(details);
  }

  /** The session has opened: delivers what was held, and from now on what comes. */
  deliver(): void {
    if (typeof this.#state !== 'string') {
      const held = this.#state;
      this.#state = 'deliver';
      for (const receive of held) receive();
    }
    if (!this.runner.isHoldingBack) this.resume(PauseReason.queue);
  }

  /** Drops what was held and what still comes. */
  drop(): void {
    this.#state = 'drop';
  }

  /** The rest of a message that is being read will not come. */
  abortMessage(cause: unknown): void {
    if (this.#incoming === undefined) return;
    const message = 'the session ended before the message that was being read';
    this.#incoming.abort(new EndpointError('session_ended', message, { cause }));
  }

  /** The rest of a message is on its way to a handler that reads it: to pause now would be to wait for itself. */
  get mustReadOn(): boolean {
    return this.#incoming?.isBeingRead === true;
  }

  /** Reading stops while there is any reason against it. */
  pause(reason: number): void {
    this.#pauseReasons |= reason;
    this.#connection.pause();
  }

  resume(reason: number): void {
    if (this.#pauseReasons === 0) return;
    this.#pauseReasons &= ~reason;
    if (this.#pauseReasons === 0) this.#connection.resume();
  }

  #postpone(receive: () => void): void {
    if (typeof this.#state === 'string') return;
    this.#state = [...this.#state, receive];
    if (this.#state.length === maxWaitingMessages) this.pause(PauseReason.queue);
  }

  #receivePart(
    route: MessageRoutes['text'] | MessageRoutes['binary'],
    part: string | Uint8Array,
    isLast: boolean,
  ): void {
    this.#incoming ??= new IncomingParts({
      pause: () => this.pause(PauseReason.stream),
      resume: () => this.resume(PauseReason.stream),
    });
    const arrived = this.#incoming.take(route, part, isLast);
    if (arrived !== undefined && route !== undefined) this.runner.accept(route, arrived);
  }
}

/** One object for the connections of all endpoints: each finds its session's input in its connection. */
export const connectionHandler: ConnectionHandler = {
  onText: (connection, text) => eventsOf(connection).receiveText(text),
  onBinary: (connection, data) => eventsOf(connection).receiveBinary(data),
  onPong: (connection, payload) => eventsOf(connection).receiveSignal('pong', payload),
  onDrain: (connection) => eventsOf(connection).receiveSignal('drain', undefined),
  onError: (connection, error) => eventsOf(connection).report(error),
  onClose: (connection, details) => eventsOf(connection).closed(details),
};

const onTextPart: ConnectionHandler['onTextPart'] = (connection, part, isLast) =>
  eventsOf(connection).receivePart('text', part, isLast);
const onBinaryPart: ConnectionHandler['onBinaryPart'] = (connection, part, isLast) =>
  eventsOf(connection).receivePart('binary', part, isLast);

// The engine delivers in parts when it finds these callbacks. By the handler without them, and which of them it has.
const variantsOf = new WeakMap<ConnectionHandler, Map<number, ConnectionHandler>>();
const wholeOf = new WeakMap<ConnectionHandler, ConnectionHandler>();

/** `handler`, or one like it that gets in parts the messages that the routes want so. */
export function handlerFor(handler: ConnectionHandler, routes: MessageRoutes): ConnectionHandler {
  const whole = wholeOf.get(handler) ?? handler;
  const wantsText = routes.text === 'textPart' || routes.text === 'textStream';
  const wantsBinary = routes.binary === 'binaryPart' || routes.binary === 'binaryStream';
  if (!wantsText && !wantsBinary) return whole;
  const variants = variantsOf.get(whole) ?? new Map<number, ConnectionHandler>();
  variantsOf.set(whole, variants);
  const key = (wantsText ? 1 : 0) + (wantsBinary ? 2 : 0);
  let variant = variants.get(key);
  if (variant === undefined) {
    variant = Object.create(whole) as ConnectionHandler;
    if (wantsText) variant.onTextPart = onTextPart;
    if (wantsBinary) variant.onBinaryPart = onBinaryPart;
    variants.set(key, variant);
    wholeOf.set(variant, whole);
  }
  return variant;
}

function eventsOf(connection: WebSocketConnection): ConnectionEvents {
  return connection.data as ConnectionEvents;
}
