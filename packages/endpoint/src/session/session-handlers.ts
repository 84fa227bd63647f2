// Which handlers a session has, declared or added, and how one is called: with the message, or with what decoders make of it.
import type { ConnectionHandler, WebSocketConnection } from '@longwire/websocket';
import type { EndpointDefinition } from '../declaring/endpoint-definition.js';
import { callHandler, type HandlerKind, type HandlerTable } from '../declaring/handlers.js';
import type { MessageHandlerOptions } from '../declaring/message-handler.js';
import { type MessageRoutes, messageRoutes } from '../declaring/message-routes.js';
import type { Codecs, SessionCodecs } from '../messages/codecs.js';
import { decodeAndHandle } from '../messages/decoding.js';
import { AddedHandlers } from './added-handlers.js';
import { handlerFor } from './connection-events.js';
import type { Session } from './session.js';
import type { AnyMessageHandler } from './session-control.js';

export class SessionHandlers {
  /** Read for each message; replaced by those of the instance, and when handlers are added or removed. */
  routes: MessageRoutes;
  readonly #connection: WebSocketConnection;
  /** The connection's handler for messages that come whole. */
  readonly #wholeHandler: ConnectionHandler;
  readonly #declared: Codecs;
  #codecs: SessionCodecs | undefined;
  #added: AddedHandlers | undefined;

  /** Lets the connection deliver messages as the handlers want them. */
  constructor({ routes, options }: EndpointDefinition, connection: WebSocketConnection) {
    this.routes = routes;
    this.#connection = connection;
    this.#wholeHandler = connection.handler;
    this.#declared = options.codecs;
    connection.handler = handlerFor(connection.handler, routes);
  }

  /** The instance is there: from here on its handlers count, and those that were added meanwhile. */
  serveWith(routes: MessageRoutes): void {
    if (routes === this.routes) return;
    this.#handleWith(this.#added?.over(routes.handlers) ?? routes.handlers);
  }

  /** The decoders and encoders of the session, made when first asked for. */
  get codecs(): SessionCodecs {
    this.#codecs ??= this.#declared.forSession();
    return this.#codecs;
  }

  /** Whether an event reaches anybody. */
  has(kind: HandlerKind): boolean {
    return this.routes.handlers[kind] !== undefined || this.#isDecoded(kind);
  }

  call(kind: HandlerKind, instance: object, session: Session, value: unknown): unknown {
    const { handlers } = this.routes;
    if (!this.#isDecoded(kind)) return callHandler(handlers, kind, instance, session, value);
    return decodeAndHandle(this.codecs, value as string | Uint8Array, {
      takeObject: (object) => callHandler(handlers, 'object', instance, session, object),
      takeRaw:
        handlers[kind] === undefined ? undefined : (message) => callHandler(handlers, kind, instance, session, message),
    });
  }

  /** @throws EndpointError duplicate_handler, missing_decoder, invalid_handler, invalid_option, unknown_option */
  add(options: MessageHandlerOptions, handler: AnyMessageHandler): void {
    this.#added ??= new AddedHandlers(this.#declared);
    this.#handleWith(this.#added.add(this.routes.handlers, options, handler));
  }

  /** False if there is no such handler among those that were added. */
  remove(handler: AnyMessageHandler): boolean {
    const rest = this.#added?.remove(this.routes.handlers, handler);
    if (rest !== undefined) this.#handleWith(rest);
    return rest !== undefined;
  }

  /** Those that were added. */
  list(): AnyMessageHandler[] {
    return this.#added?.list() ?? [];
  }

  /** Ends the decoders and encoders, if there are any. A promise, which never rejects, if one of them takes its time. */
  destroyCodecs(report: (error: unknown) => void): undefined | Promise<unknown> {
    return this.#codecs?.destroy(report);
  }

  #isDecoded(kind: HandlerKind): boolean {
    return (kind === 'text' && this.routes.decodesText) || (kind === 'binary' && this.routes.decodesBinary);
  }

  #handleWith(handlers: HandlerTable): void {
    this.routes = messageRoutes(handlers, this.#declared);
    this.#connection.handler = handlerFor(this.#wholeHandler, this.routes);
  }
}
