// A declared endpoint: path, options and handlers, checked. However it was declared, the container sees only this.

import { EndpointError } from '../errors.js';
import type { HandshakeRequest } from '../handshake/handshake-request.js';
import { refuseUnknownNames } from '../known-names.js';
import { PathTemplate } from '../paths/path-template.js';
import {
  type EndpointOptions,
  endpointOptionNames,
  type ResolvedEndpointOptions,
  resolveEndpointOptions,
} from './endpoint-options.js';
import { type EndpointHandlers, type HandlerKind, type HandlerTable, handlerNames } from './handlers.js';

/** A class whose instances each serve one connection. */
export type EndpointClass<Instance extends object = object> = new (...parameters: never[]) => Instance;

/** A declared endpoint, ready for `container.add`. Made by {@link defineEndpoint} and by `@ServerEndpoint`. */
export class EndpointDefinition<Path extends string = string> {
  /** The class's name, or the path of an endpoint without a class. */
  readonly name: string;
  readonly path: Path;
  readonly template: PathTemplate;
  readonly options: ResolvedEndpointOptions;
  readonly handlers: HandlerTable;
  readonly #source: EndpointClass | object;

  constructor(path: Path, source: EndpointClass | object, handlers: HandlerTable, options: EndpointOptions) {
    this.name = (typeof source === 'function' && source.name) || path;
    this.path = path;
    this.template = new PathTemplate(path);
    this.options = resolveEndpointOptions(options, `endpoint ${this.name}`);
    this.handlers = handlers;
    this.#source = source;
    this.#refuseImpossibleInstances();
  }

  /**
   * `this` of the handlers of one connection: a new instance of the class, or the object the endpoint was declared
   * with.
   */
  instantiate(request: HandshakeRequest): object | PromiseLike<object> {
    const source = this.#source;
    if (typeof source !== 'function') return source;
    const { configurator } = this.options;
    const endpointClass = source as EndpointClass;
    return configurator.createInstance === undefined
      ? new endpointClass()
      : configurator.createInstance(endpointClass, request);
  }

  /** Whether each connection has an instance of its own. */
  get instance(): 'per-connection' | 'shared' {
    return typeof this.#source === 'function' ? 'per-connection' : 'shared';
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
  }
}

/** Handlers and options of an endpoint in one object. */
export type EndpointObject<Path extends string> = EndpointHandlers<Path> & EndpointOptions;

/**
 * Declares an endpoint without decorators: a class with the handlers as methods, of which each connection gets its own
 * instance, or one object with handlers and options, which all connections share.
 * ```ts
 * container.add(defineEndpoint('/echo/{name}', { onText: (message, session) => `${session.path.name}: ${message}` }));
 * ```
 * @throws EndpointError INVALID_TEMPLATE, UNKNOWN_OPTION, INVALID_OPTION, INVALID_HANDLER, CONSTRUCTOR_NEEDS_ARGUMENTS
 */
export function defineEndpoint<const Path extends string>(
  path: Path,
  endpoint: EndpointObject<Path>,
): EndpointDefinition<Path>;
export function defineEndpoint<const Path extends string, Instance extends EndpointHandlers<Path>>(
  path: Path,
  endpointClass: EndpointClass<Instance>,
  options?: EndpointOptions<Instance>,
): EndpointDefinition<Path>;
export function defineEndpoint<const Path extends string>(
  path: Path,
  source: EndpointObject<Path> | EndpointClass<EndpointHandlers<Path>>,
  options: object = {},
): EndpointDefinition<Path> {
  const where = `endpoint ${path}`;
  if (typeof source === 'function') {
    return new EndpointDefinition(path, source, programmaticHandlers(source.prototype as object, where), options);
  }
  if (typeof source !== 'object' || source === null) {
    throw new EndpointError('NOT_AN_ENDPOINT', `${where}: expected an object with handlers or a class`);
  }
  refuseUnknownNames(source, [...Object.values(handlerNames), ...endpointOptionNames], where);
  const given = Object.fromEntries(
    endpointOptionNames.filter((name) => source[name] !== undefined).map((name) => [name, source[name]]),
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
    close: find('close'),
    error: find('error'),
    drain: find('drain'),
  };
  // Declarations are checked at compile time by the types of defineEndpoint and the decorators; here they are only
  // functions.
  return table as unknown as HandlerTable;
}
