// Which handlers a session has, declared or added, and how one is called: with the message, or with what decoders make of it.
import type { EndpointDefinition } from '../declaring/endpoint-definition.js';
import { callHandler, type HandlerKind, type HandlerTable } from '../declaring/handlers.js';
import type { MessageHandlerOptions } from '../declaring/message-handler.js';
import { assertOneHandlerEach, handlerKindOf, type MessageRoutes, messageRoutes } from '../declaring/message-routes.js';
import { EndpointError } from '../errors.js';
import type { Codecs, SessionCodecs } from '../messages/codecs.js';
import { decodeAndHandle } from '../messages/decoding.js';
import { kindOf } from '../option-checks.js';
import type { Session } from './session.js';
import type { AnyMessageHandler } from './session-control.js';

type AddedHandlers = ReadonlyMap<HandlerKind, AnyMessageHandler>;

/** What an endpoint declares for all its sessions. */
interface Declared {
  readonly codecs: Codecs;
  readonly isOrdered: boolean;
  readonly answersPing: boolean;
}

interface AdditionHistory {
  readonly added: AddedHandlers;
  readonly hasRemoved: boolean;
}

const noneAdded: AddedHandlers = new Map();
const where = 'addMessageHandler';

/**
 * Never changes: a session whose handlers change gets another one. Sessions share that of their endpoint as long as they
 * have nothing of their own: no codecs of classes, no instance with other handlers, no added handlers.
 */
export class SessionHandlers {
  readonly routes: MessageRoutes;
  readonly #declared: Declared;
  readonly #codecs: SessionCodecs | undefined;
  readonly #added: AddedHandlers;
  /** A handler that was added has been removed. */
  readonly hasRemoved: boolean;

  private constructor(
    routes: MessageRoutes,
    declared: Declared,
    codecs: SessionCodecs | undefined,
    { added, hasRemoved }: AdditionHistory,
  ) {
    this.routes = routes;
    this.#declared = declared;
    this.#codecs = codecs;
    this.#added = added;
    this.hasRemoved = hasRemoved;
  }

  /** Those that the endpoint declares. */
  static declared({ routes, options }: EndpointDefinition): SessionHandlers {
    const { codecs, concurrent, textPing } = options;
    const declared = { codecs, isOrdered: !concurrent, answersPing: textPing };
    return new SessionHandlers(routes, declared, codecs.shared, { added: noneAdded, hasRemoved: false });
  }

  /** One handler at a time, in order. */
  get isOrdered(): boolean {
    return this.#declared.isOrdered;
  }

  /** The text `ping` is answered with `pong`. */
  get answersPing(): boolean {
    return this.#declared.answersPing;
  }

  /** The same with the codecs of one session, made now if there are classes among them. @throws what their constructors throw */
  withCodecs(): SessionHandlers {
    if (this.#codecs !== undefined) return this;
    return new SessionHandlers(this.routes, this.#declared, this.#declared.codecs.forSession(), this.#history);
  }

  /**
   * The same with the handlers of an instance, and those that were added before.
   * @throws EndpointError duplicate_handler, missing_decoder
   */
  withInstance(routes: MessageRoutes): SessionHandlers {
    if (routes === this.routes) return this;
    if (this.#added.size === 0) return new SessionHandlers(routes, this.#declared, this.#codecs, this.#history);
    for (const kind of this.#added.keys()) assertNone(routes.handlers, kind);
    return this.#withTable({ ...routes.handlers, ...Object.fromEntries(this.#added) }, this.#history);
  }

  /** @throws EndpointError duplicate_handler, missing_decoder, invalid_handler, invalid_option, unknown_option */
  with(options: MessageHandlerOptions, handler: AnyMessageHandler): SessionHandlers {
    if (typeof options !== 'object' || options === null) {
      throw new EndpointError('invalid_option', `${where}: options such as { kind: "text" } come first`);
    }
    const kind = handlerKindOf(options, where);
    if (typeof handler !== 'function') {
      throw new EndpointError('invalid_handler', `${where}: a handler is a function, not ${kindOf(handler)}`);
    }
    assertNone(this.routes.handlers, kind);
    const added = new Map([...this.#added, [kind, handler]]);
    return this.#withTable({ ...this.routes.handlers, [kind]: handler }, { added, hasRemoved: this.hasRemoved });
  }

  /** The same without a handler that was added; undefined if it was not. */
  without(handler: AnyMessageHandler): SessionHandlers | undefined {
    const kind = [...this.#added].find(([, added]) => added === handler)?.[0];
    if (kind === undefined) return undefined;
    const rest = new Map(this.#added);
    rest.delete(kind);
    return this.#withTable({ ...this.routes.handlers, [kind]: undefined }, { added: rest, hasRemoved: true });
  }

  /** Those that were added. */
  added(): AnyMessageHandler[] {
    return [...this.#added.values()];
  }

  /** The codecs of the session; only after {@link withCodecs}. */
  get codecs(): SessionCodecs {
    return this.#codecs!;
  }

  /** Runs what the codecs of this session alone do at its end. A promise, which never rejects, if one takes its time. */
  destroyCodecs(report: (error: unknown) => void): undefined | Promise<unknown> {
    return this.#codecs?.destroy(report);
  }

  /** Whether there is a handler or decoder for such an event. */
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

  #isDecoded(kind: HandlerKind): boolean {
    return (kind === 'text' && this.routes.decodesText) || (kind === 'binary' && this.routes.decodesBinary);
  }

  get #history(): AdditionHistory {
    return { added: this.#added, hasRemoved: this.hasRemoved };
  }

  #withTable(table: HandlerTable, history: AdditionHistory): SessionHandlers {
    assertOneHandlerEach(table, this.#declared.codecs, where);
    return new SessionHandlers(messageRoutes(table, this.#declared.codecs), this.#declared, this.#codecs, history);
  }
}

function assertNone(table: HandlerTable, kind: HandlerKind): void {
  if (table[kind] === undefined) return;
  throw new EndpointError('duplicate_handler', `${where}: the session has a handler for "${kind}" already`);
}
