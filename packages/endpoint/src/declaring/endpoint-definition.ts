// A declared endpoint: path, options and handlers, checked. However it was declared, the container sees only this.

import { EndpointError } from '../errors.js';
import type { HandshakeRequest } from '../handshake/handshake-request.js';
import { refuseUnknownNames } from '../known-names.js';
import { isThenable } from '../messages/awaiting.js';
import type { DecodedOf, DecoderEntry } from '../messages/decoders.js';
import type { EncodableOf, EncoderEntry } from '../messages/encoders.js';
import { PathTemplate } from '../paths/path-template.js';
import { refuseContradictions } from './delivery.js';
import type { EndpointConfig } from './endpoint-config.js';
import {
  type EndpointOptions,
  endpointOptionNames,
  type ResolvedEndpointOptions,
  resolveEndpointOptions,
} from './endpoint-options.js';
import { type EndpointHandlers, type HandlerKind, type HandlerTable, handlerNames } from './handlers.js';

import { type MessageRoutes, messageRoutes } from './message-routes.js';
import { refuseNoHandler } from './missing-handler.js';

/** A class whose instances each serve one connection, or, with `instance: 'shared'`, all of them. */
export type EndpointClass<Instance extends object = object> = new (...parameters: never[]) => Instance;

/** A declared endpoint, ready for `container.add`. Made by {@link defineEndpoint} and by `@ServerEndpoint`. */
export class EndpointDefinition<Path extends string = string> implements EndpointConfig<Path> {
  /** The class's name, or the path of an endpoint without a class. */
  readonly name: string;
  readonly path: Path;
  readonly template: PathTemplate;
  readonly options: ResolvedEndpointOptions;
  readonly handlers: HandlerTable;
  /** Where messages go, unless a session has handlers of its own. */
  readonly routes: MessageRoutes;
  readonly #source: EndpointClass | object;
  /** The instance that all sessions share, once there is one. */
  #shared: object | PromiseLike<object> | undefined;

  constructor(path: Path, source: EndpointClass | object, handlers: HandlerTable, options: EndpointOptions) {
    this.name = (typeof source === 'function' && source.name) || path;
    this.path = path;
    this.template = new PathTemplate(path);
    this.options = resolveEndpointOptions(options, `endpoint ${this.name}`);
    this.handlers = handlers;
    this.#source = source;
    this.routes = messageRoutes(handlers, this.options.codecs);
    refuseContradictions(handlers, this.options.codecs, `endpoint ${this.name}`);
    this.#refuseImpossibleInstances();
  }

  /**
   * `this` of the handlers of one connection: an instance of the class, new or shared, or the object the endpoint was
   * declared with.
   */
  instantiate(request: HandshakeRequest): object | PromiseLike<object> {
    const source = this.#source;
    if (typeof source !== 'function') return source;
    const endpointClass = source as EndpointClass;
    if (this.options.instance !== 'shared') return this.#makeInstance(endpointClass, request);
    this.#shared ??= this.#makeShared(endpointClass, request);
    return this.#shared;
  }

  #makeShared(endpointClass: EndpointClass, request: HandshakeRequest): object | PromiseLike<object> {
    const made = this.#makeInstance(endpointClass, request);
    if (!this.isInstantiatedByConfigurator || !isThenable(made)) return made;
    // The sessions that open meanwhile wait for the same one; if it fails, the next session tries again.
    const shared = Promise.resolve(made);
    shared.catch(() => {
      this.#shared = undefined;
    });
    return shared as PromiseLike<object>;
  }

  #makeInstance(endpointClass: EndpointClass, request: HandshakeRequest): object | PromiseLike<object> {
    const { configurator } = this.options;
    return configurator.createInstance === undefined
      ? new endpointClass()
      : configurator.createInstance(endpointClass, request);
  }

  /** Whether each connection has an instance of its own. */
  get instance(): 'per-connection' | 'shared' {
    return this.options.instance ?? (typeof this.#source === 'function' ? 'per-connection' : 'shared');
  }

  /** True when {@link instantiate} may answer with a promise. */
  get isInstantiatedByConfigurator(): boolean {
    return this.options.configurator.createInstance !== undefined;
  }

  #refuseImpossibleInstances(): void {
    const source = this.#source;
    if (typeof source === 'function') {
      if (source.length === 0 || this.isInstantiatedByConfigurator) return;
      throw new EndpointError(
        'CONSTRUCTOR_NEEDS_ARGUMENTS',
        `endpoint ${this.name}: the constructor takes ${source.length} argument(s); give a configurator with createInstance`,
      );
    }
    if (this.isInstantiatedByConfigurator) {
      throw new EndpointError(
        'INVALID_OPTION',
        `endpoint ${this.name}: createInstance is for classes; this endpoint is an object`,
      );
    }
    if (this.options.instance === 'per-connection') {
      throw new EndpointError(
        'INVALID_OPTION',
        `endpoint ${this.name}: instance "per-connection" is for classes; this endpoint is an object`,
      );
    }
  }
}

/** The options that name codecs; what the codecs are for shows in the types of the handlers. */
interface CodecOptions<Decoders, Encoders> {
  readonly decoders?: Decoders;
  readonly encoders?: Encoders;
}

/** Handlers and options of an endpoint in one object. */
export type EndpointObject<
  Path extends string,
  Decoders extends readonly DecoderEntry[] = readonly DecoderEntry[],
  Encoders extends readonly EncoderEntry[] = readonly EncoderEntry[],
> = EndpointHandlers<Path, DecodedOf<Decoders>, EncodableOf<Encoders>> &
  Omit<EndpointOptions, 'decoders' | 'encoders'> &
  CodecOptions<Decoders, Encoders>;

/**
 * Declares an endpoint without decorators: a class with the handlers as methods, of which each connection gets its own
 * instance, or one object with handlers and options, which all connections share.
 * ```ts
 * container.add(defineEndpoint('/echo/{name}', { onText: (message, session) => `${session.path.name}: ${message}` }));
 * ```
 * @throws EndpointError INVALID_TEMPLATE, UNKNOWN_OPTION, INVALID_OPTION, INVALID_HANDLER, DUPLICATE_HANDLER,
 *   MISSING_HANDLER, MISSING_DECODER, INVALID_CODEC, CONSTRUCTOR_NEEDS_ARGUMENTS
 */
export function defineEndpoint<
  const Path extends string,
  const Decoders extends readonly DecoderEntry[],
  const Encoders extends readonly EncoderEntry[],
>(path: Path, endpoint: EndpointObject<NoInfer<Path>, Decoders, Encoders>): EndpointDefinition<Path>;
export function defineEndpoint<
  const Path extends string,
  Instance extends EndpointHandlers<NoInfer<Path>, DecodedOf<Decoders>, EncodableOf<Encoders>>,
  const Decoders extends readonly DecoderEntry[],
  const Encoders extends readonly EncoderEntry[],
>(
  path: Path,
  endpointClass: EndpointClass<Instance>,
  options?: Omit<EndpointOptions<Instance>, 'decoders' | 'encoders'> & CodecOptions<Decoders, Encoders>,
): EndpointDefinition<Path>;
export function defineEndpoint<const Path extends string>(
  path: Path,
  source: object | EndpointClass,
  options: object = {},
): EndpointDefinition<Path> {
  const where = `endpoint ${path}`;
  if (typeof source === 'function' && source.prototype !== undefined) {
    const endpointClass = source as EndpointClass;
    const handlers = programmaticHandlers(source.prototype as object, where);
    refuseNoHandler(endpointClass, handlers, where);
    return new EndpointDefinition(path, endpointClass, handlers, options);
  }
  if (typeof source !== 'object' || source === null) {
    throw new EndpointError('NOT_AN_ENDPOINT', `${where}: expected an object with handlers or a class`);
  }
  refuseUnknownNames(source, [...Object.values(handlerNames), ...endpointOptionNames], where);
  const named = source as EndpointOptions;
  const given = Object.fromEntries(
    endpointOptionNames.filter((name) => named[name] !== undefined).map((name) => [name, named[name]]),
  );
  return new EndpointDefinition(path, source, programmaticHandlers(source, where), given);
}

/** The handlers an object or prototype has under their programmatic names. */
function programmaticHandlers(source: object, where: string): HandlerTable {
  const named = source as Readonly<Record<string, unknown>>;
  return handlerTable((kind) => {
    const handler = named[handlerNames[kind]];
    if (handler === undefined || typeof handler === 'function') return handler;
    throw new EndpointError('INVALID_HANDLER', `${where}: ${handlerNames[kind]} is a function, not ${typeof handler}`);
  });
}

/** A table with one field for each kind, always in the same order, so that all tables have one shape. */
export function handlerTable(find: (kind: HandlerKind) => unknown): HandlerTable {
  const table: Record<HandlerKind, unknown> = {
    open: find('open'),
    text: find('text'),
    binary: find('binary'),
    pong: find('pong'),
    object: find('object'),
    textPart: find('textPart'),
    binaryPart: find('binaryPart'),
    textStream: find('textStream'),
    binaryStream: find('binaryStream'),
    close: find('close'),
    error: find('error'),
    drain: find('drain'),
  };
  // Declarations are checked at compile time by the types of defineEndpoint and the decorators; here they are only
  // functions.
  return table as unknown as HandlerTable;
}
