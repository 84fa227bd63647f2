// Declaring an endpoint that connects to servers instead of being connected to.
import type { EndpointClass, EndpointDefinition } from '../declaring/endpoint-definition.js';
import { defineEndpoint } from '../declaring/endpoint-definition.js';
import type { EndpointHandlers } from '../declaring/handlers.js';
import { handlerNames } from '../declaring/handlers.js';
import { EndpointError } from '../errors.js';
import { refuseUnknownNames } from '../known-names.js';
import {
  type ClientEndpointOptions,
  clientEndpointOptionNames,
  type ResolvedClientOptions,
  resolveClientOptions,
} from './client-options.js';

/** Client sessions have no path template; where one has to stand, and in reports of endpoints without a class, stands this. */
export const clientPath = '/client';
export type ClientPath = typeof clientPath;

/** A declared client endpoint, ready for `container.connect`. Made by {@link defineClientEndpoint} and `@ClientEndpoint`. */
export class ClientEndpointDefinition {
  /** What runs the handlers: the same as for a server's sessions. */
  readonly endpoint: EndpointDefinition<ClientPath>;
  readonly options: ResolvedClientOptions;

  constructor(endpoint: EndpointDefinition<ClientPath>, options: ResolvedClientOptions) {
    this.endpoint = endpoint;
    this.options = options;
  }

  /** The class's name, or `/client` without a class. */
  get name(): string {
    return this.endpoint.name;
  }
}

/** Handlers and options of a client endpoint in one object. */
export type ClientEndpointObject = EndpointHandlers<ClientPath> & ClientEndpointOptions;

/**
 * Declares a client endpoint without decorators: a class with the handlers as methods, of which each connection gets its
 * own instance, or one object with handlers and options. The handlers are those of a server's endpoint.
 * ```ts
 * const ticker = defineClientEndpoint({ onText: (text) => console.log(text), reconnect: true });
 * const connection = await container.connect(ticker, 'wss://example.org/quotes');
 * ```
 * @throws EndpointError as {@link defineEndpoint}
 */
export function defineClientEndpoint(endpoint: ClientEndpointObject): ClientEndpointDefinition;
export function defineClientEndpoint<Instance extends EndpointHandlers<ClientPath>>(
  endpointClass: EndpointClass<Instance>,
  options?: ClientEndpointOptions<Instance>,
): ClientEndpointDefinition;
export function defineClientEndpoint(
  source: ClientEndpointObject | EndpointClass<EndpointHandlers<ClientPath>>,
  options: object = {},
): ClientEndpointDefinition {
  if (typeof source === 'function') {
    const resolved = resolveClientOptions(options, `client endpoint ${source.name}`);
    return new ClientEndpointDefinition(defineEndpoint(clientPath, source, resolved.endpoint), resolved.client);
  }
  if (typeof source !== 'object' || source === null) {
    throw new EndpointError('NOT_AN_ENDPOINT', 'client endpoint: expected an object with handlers or a class');
  }
  refuseUnknownNames(source, [...Object.values(handlerNames), ...clientEndpointOptionNames], 'client endpoint');
  const given = clientEndpointOptionNames.filter((name) => source[name] !== undefined);
  const resolved = resolveClientOptions(
    Object.fromEntries(given.map((name) => [name, source[name]])),
    'client endpoint',
  );
  const handlers = Object.values(handlerNames).filter((name) => source[name] !== undefined);
  // Handlers are called on the object that was given, whatever else it holds.
  const bound = handlers.map((name) => [name, boundHandler(source, name)] as const);
  const object = { ...Object.fromEntries(bound), ...resolved.endpoint };
  return new ClientEndpointDefinition(defineEndpoint(clientPath, object), resolved.client);
}

function boundHandler(source: ClientEndpointObject, name: keyof EndpointHandlers): unknown {
  const handler: unknown = source[name];
  return typeof handler === 'function' ? handler.bind(source) : handler;
}
