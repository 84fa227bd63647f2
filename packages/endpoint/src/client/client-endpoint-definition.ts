// Declaring an endpoint that connects to servers instead of being connected to.

import { assertNoOnMessage } from '../declaring/endpoint-class.js';
import type { EndpointClass, EndpointDefinition } from '../declaring/endpoint-definition.js';
import { defineEndpoint, refuseSecondOptions } from '../declaring/endpoint-definition.js';
import { type EndpointHandlers, handlerNames } from '../declaring/handlers.js';
import { EndpointError } from '../errors.js';
import type { DecodedOf, DecoderEntry } from '../messages/decoders.js';
import type { EncodableOf, EncoderEntry } from '../messages/encoders.js';
import { assertKnownNames } from '../option-checks.js';
import {
  type ClientEndpointOptions,
  clientEndpointOptionNames,
  type ResolvedClientEndpointOptions,
  resolveClientEndpointOptions,
} from './client-options.js';

/** Client sessions have no path template; where one has to stand, and in reports of endpoints without a class, stands this. */
export const clientPath = '/client';
export type ClientPath = typeof clientPath;

/** A declared client endpoint, ready for `container.connect`. Made by {@link defineClientEndpoint} and `@ClientEndpoint`. */
export class ClientEndpointDefinition {
  /** What runs the handlers: the same as for a server's sessions. */
  readonly endpoint: EndpointDefinition<ClientPath>;
  readonly options: ResolvedClientEndpointOptions;

  constructor(endpoint: EndpointDefinition<ClientPath>, options: ResolvedClientEndpointOptions) {
    this.endpoint = endpoint;
    this.options = options;
  }

  /** The class's name, or `/client` without a class. */
  get name(): string {
    return this.endpoint.name;
  }
}

/** Handlers and options of a client endpoint in one object. */
export type ClientEndpointObject<
  Decoders extends readonly DecoderEntry[] = readonly DecoderEntry[],
  Encoders extends readonly EncoderEntry[] = readonly EncoderEntry[],
> = EndpointHandlers<ClientPath, DecodedOf<Decoders>, EncodableOf<Encoders>> &
  WithCodecs<ClientEndpointOptions, Decoders, Encoders>;

/** Options of which the codecs are known by type: what the handlers may take and return depends on them. */
type WithCodecs<Options, Decoders, Encoders> = Omit<Options, 'decoders' | 'encoders'> & {
  readonly decoders?: Decoders;
  readonly encoders?: Encoders;
};

/**
 * Declares a client endpoint without decorators: a class with the handlers as methods, of which each connection gets its
 * own instance, or one object with handlers and options. The handlers are those of a server's endpoint.
 * ```ts
 * const ticker = defineClientEndpoint({ onText: (text) => console.log(text), reconnect: true });
 * const connection = await container.connect(ticker, 'wss://example.org/quotes');
 * ```
 * @throws EndpointError as {@link defineEndpoint}
 */
export function defineClientEndpoint<
  const Decoders extends readonly DecoderEntry[],
  const Encoders extends readonly EncoderEntry[],
  Instance extends EndpointHandlers<ClientPath, DecodedOf<Decoders>, EncodableOf<Encoders>> = never,
>(
  // One signature for both, as of defineEndpoint.
  endpoint: ClientEndpointObject<Decoders, Encoders> | EndpointClass<Instance>,
  ...options: [Instance] extends [never]
    ? []
    : [options?: WithCodecs<ClientEndpointOptions<Instance>, Decoders, Encoders>]
): ClientEndpointDefinition;
export function defineClientEndpoint(source: object | EndpointClass, options?: object): ClientEndpointDefinition {
  if (typeof source === 'function') {
    const endpointClass = source as EndpointClass<EndpointHandlers<ClientPath>>;
    const { endpoint, client } = resolveClientEndpointOptions(
      options === undefined ? {} : options,
      `client endpoint ${endpointClass.name}`,
    );
    return new ClientEndpointDefinition(defineEndpoint(clientPath, endpointClass, endpoint), client);
  }
  if (typeof source !== 'object' || source === null) {
    throw new EndpointError('not_an_endpoint', 'client endpoint: expected an object with handlers or a class');
  }
  if (options !== undefined) refuseSecondOptions('client endpoint');
  assertNoOnMessage(source, 'client endpoint');
  assertKnownNames(source, [...Object.values(handlerNames), ...clientEndpointOptionNames], 'client endpoint');
  const named = source as Readonly<Record<string, unknown>>;
  const given = clientEndpointOptionNames.filter((name) => named[name] !== undefined);
  const optionsOf = Object.fromEntries(given.map((name) => [name, named[name]]));
  const { endpoint, client } = resolveClientEndpointOptions(optionsOf, 'client endpoint');
  const handlers = Object.values(handlerNames).filter((name) => named[name] !== undefined);
  const bound = Object.fromEntries(handlers.map((name) => [name, boundTo(source, named[name])]));
  return new ClientEndpointDefinition(defineEndpoint(clientPath, { ...bound, ...endpoint }), client);
}

/** Handlers are called on the object that was given, whatever else it holds. */
function boundTo(source: object, handler: unknown): unknown {
  return typeof handler === 'function' ? handler.bind(source) : handler;
}
