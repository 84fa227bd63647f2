// A declared endpoint: path, options and handlers, checked. However it was declared, the container sees only this.

import { EndpointError } from '../errors.js';
import type { HandshakeRequest } from '../handshake/handshake-request.js';
import type { DecodedOf, DecoderEntry } from '../messages/decoders.js';
import type { EncodableOf, EncoderEntry } from '../messages/encoders.js';
import { assertKnownNames, kindOf } from '../option-checks.js';
import { PathTemplate } from '../paths/path-template.js';
import { isThenable } from '../promises.js';
import { assertHandlersOfClass, assertNoOnMessage, functionIsNoEndpoint } from './endpoint-class.js';
import type { EndpointConfig } from './endpoint-options.js';
import {
  type EndpointOptions,
  endpointOptionNames,
  type ResolvedEndpointOptions,
  resolveEndpointOptions,
} from './endpoint-options.js';
import { type EndpointHandlers, type HandlerTable, handlerNames, handlerTable } from './handlers.js';
import { type DeclaredHandlers, handlersByName, handlersOfObject } from './instance-handlers.js';
import { assertOneHandlerEach, type MessageRoutes, messageRoutes } from './message-routes.js';

/** A class whose instances each serve one connection, or, with `instance: 'shared'`, all of them. */
export type EndpointClass<Instance extends object = object> = new (...parameters: never[]) => Instance;

/** What serves a session: `this` of its handlers, and which of them its events go to. */
export interface ServingInstance {
  readonly instance: object;
  readonly routes: MessageRoutes;
}

/** A declared endpoint, ready for `container.add`. Made by {@link defineEndpoint} and by `@ServerEndpoint`. */
export class EndpointDefinition<Path extends string = string> implements EndpointConfig<Path> {
  /** The class's name, or the path of an endpoint without a class. */
  readonly name: string;
  readonly path: Path;
  readonly template: PathTemplate;
  readonly options: ResolvedEndpointOptions;
  /** Where messages go, as far as the declaration says. */
  readonly routes: MessageRoutes;
  readonly #handlers: DeclaredHandlers;
  readonly #source: EndpointClass | object;
  /** Of the instance that all sessions share, once there is one. */
  #shared: ServingInstance | Promise<ServingInstance> | undefined;

  constructor(path: Path, source: EndpointClass | object, handlers: DeclaredHandlers, options: EndpointOptions) {
    this.name = (typeof source === 'function' && source.name) || path;
    this.path = path;
    this.template = new PathTemplate(path);
    this.options = resolveEndpointOptions(options, `endpoint ${this.name}`);
    this.#handlers = handlers;
    this.#source = source;
    this.routes = messageRoutes(handlers.table, this.options.codecs);
    assertOneHandlerEach(handlers.table, this.options.codecs, `endpoint ${this.name}`);
    this.#assertInstantiable();
  }

  /**
   * What serves one connection: an instance of the class, new or shared, or the object the endpoint was declared with.
   * A promise where the configurator gives one.
   * @throws EndpointError (or rejects) invalid_instance, and duplicate_handler or missing_decoder for handlers that only
   *   the instance has; what the constructor or the configurator throws
   */
  instantiate(request: HandshakeRequest): ServingInstance | Promise<ServingInstance> {
    if (this.instance !== 'shared') return this.#make(request);
    this.#shared ??= this.#makeShared(request);
    return this.#shared;
  }

  #makeShared(request: HandshakeRequest): ServingInstance | Promise<ServingInstance> {
    const made = this.#make(request);
    // The sessions that open meanwhile wait for the same one; if it fails, the next session tries again.
    if (made instanceof Promise) {
      made.catch(() => {
        this.#shared = undefined;
      });
    }
    return made;
  }

  #make(request: HandshakeRequest): ServingInstance | Promise<ServingInstance> {
    if (typeof this.#source !== 'function') return this.#serve(this.#source);
    const endpointClass = this.#source as EndpointClass;
    const { createInstance } = this.options.configurator;
    // An instance of a class may have a `then` of its own; only a configurator is asked for promises.
    if (createInstance === undefined) return this.#serve(new endpointClass());
    const made = createInstance(endpointClass, request);
    return isThenable(made) ? Promise.resolve(made).then((later) => this.#serve(later as object)) : this.#serve(made);
  }

  #serve(instance: object): ServingInstance {
    if (typeof instance !== 'object' || instance === null) {
      throw new EndpointError('invalid_instance', `createInstance gave ${String(instance)}, not an object`);
    }
    const handlers = this.#handlers.of(instance);
    if (handlers === this.#handlers.table) return { instance, routes: this.routes };
    const { codecs } = this.options;
    assertOneHandlerEach(handlers, codecs, `endpoint ${this.name}`);
    return { instance, routes: messageRoutes(handlers, codecs) };
  }

  /** Whether each connection has an instance of its own. */
  get instance(): 'per-connection' | 'shared' {
    return this.options.instance ?? (typeof this.#source === 'function' ? 'per-connection' : 'shared');
  }

  #assertInstantiable(): void {
    const source = this.#source;
    const isInstantiatedByConfigurator = this.options.configurator.createInstance !== undefined;
    if (typeof source === 'function') {
      if (source.length === 0 || isInstantiatedByConfigurator) return;
      throw new EndpointError(
        'constructor_needs_arguments',
        `endpoint ${this.name}: the constructor takes ${source.length} argument(s); give a configurator with createInstance`,
      );
    }
    if (isInstantiatedByConfigurator) {
      throw new EndpointError(
        'invalid_option',
        `endpoint ${this.name}: createInstance is for classes; this endpoint is an object`,
      );
    }
    if (this.options.instance === 'per-connection') {
      throw new EndpointError(
        'invalid_option',
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

/** The options of an endpoint that is a class. */
type ClassOptions<Instance extends object, Decoders, Encoders> = Omit<
  EndpointOptions<Instance>,
  'decoders' | 'encoders'
> &
  CodecOptions<Decoders, Encoders>;

/**
 * Declares an endpoint without decorators: a class with the handlers as methods, of which each connection gets its own
 * instance, or one object with handlers and options, which all connections share.
 * ```ts
 * container.add(defineEndpoint('/echo/{name}', { onText: (message, session) => `${session.path.name}: ${message}` }));
 * ```
 * @throws EndpointError invalid_template, unknown_option, invalid_option, invalid_handler, duplicate_handler,
 *   missing_handler, missing_decoder, invalid_codec, constructor_needs_arguments
 */
export function defineEndpoint<
  const Path extends string,
  const Decoders extends readonly DecoderEntry[],
  const Encoders extends readonly EncoderEntry[],
  Instance extends EndpointHandlers<NoInfer<Path>, DecodedOf<Decoders>, EncodableOf<Encoders>> = never,
>(
  path: Path,
  // One signature for both: of several, compilers explain a mistake by one that was not meant.
  endpoint: EndpointObject<NoInfer<Path>, Decoders, Encoders> | EndpointClass<Instance>,
  ...options: [Instance] extends [never] ? [] : [options?: ClassOptions<Instance, Decoders, Encoders>]
): EndpointDefinition<Path>;
export function defineEndpoint<const Path extends string>(
  path: Path,
  source: object | EndpointClass,
  options?: object,
): EndpointDefinition<Path> {
  const where = `endpoint ${path}`;
  if (typeof source === 'function' && source.prototype !== undefined) {
    const endpointClass = source as EndpointClass;
    const handlers = programmaticHandlers(source.prototype as object, where);
    assertHandlersOfClass(endpointClass, handlers, where);
    return new EndpointDefinition(
      path,
      endpointClass,
      handlersByName(handlers, where),
      options === undefined ? {} : options,
    );
  }
  if (typeof source === 'function') throw functionIsNoEndpoint(where);
  if (typeof source !== 'object' || source === null) {
    throw new EndpointError('not_an_endpoint', `${where}: expected an object with handlers or a class`);
  }
  if (options !== undefined) refuseSecondOptions(where);
  assertNoOnMessage(source, where);
  assertKnownNames(source, [...Object.values(handlerNames), ...endpointOptionNames], where);
  const named = source as EndpointOptions;
  const given = Object.fromEntries(
    endpointOptionNames.filter((name) => named[name] !== undefined).map((name) => [name, named[name]]),
  );
  return new EndpointDefinition(path, source, handlersOfObject(programmaticHandlers(source, where)), given);
}

/**
 * An object has its options beside its handlers. Others that were not read might have been what keeps strangers out.
 * @throws EndpointError invalid_option
 */
export function refuseSecondOptions(where: string): never {
  throw new EndpointError(
    'invalid_option',
    `${where}: options beside an object would not be read; write them in it, { onText, idleTimeoutMs: 60_000 }`,
  );
}

/** The handlers an object or prototype has under their programmatic names. */
function programmaticHandlers(source: object, where: string): HandlerTable {
  const named = source as Readonly<Record<string, unknown>>;
  return handlerTable((kind) => {
    const handler = named[handlerNames[kind]];
    if (handler === undefined || typeof handler === 'function') return handler;
    throw new EndpointError('invalid_handler', `${where}: ${handlerNames[kind]} is a function, not ${kindOf(handler)}`);
  });
}
