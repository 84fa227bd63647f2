// The options of a client endpoint, and those of one connection; checked and completed.
import type { IncomingHttpHeaders } from 'node:http';
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { EndpointClass } from '../declaring/endpoint-definition.js';
import { type EndpointOptions, endpointOptionNames } from '../declaring/endpoint-options.js';
import { EndpointError } from '../errors.js';
import { assertKnownNames } from '../option-checks.js';
import { type ReconnectOptions, type ResolvedReconnectOptions, resolveReconnectOptions } from './reconnecting.js';

type Awaitable<Value> = Value | PromiseLike<Value>;

/** Header lines by name. Those of the handshake itself cannot be set. */
export type ClientHeaders = Readonly<Record<string, string>>;

/** The server's answer to the handshake. */
export interface ClientAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders;
}

/** Options of `container.connect` for one connection; it goes before what the endpoint declares. */
export interface ClientConnectionOptions {
  /** Subprotocols to offer, the preferred one first. Default: those of the endpoint. */
  readonly subprotocols?: readonly string[];
  /**
   * Further request headers, added to those of the endpoint: Authorization, Cookie … A function is asked before each
   * attempt, so that a token can be a fresh one; a throw fails that attempt.
   */
  readonly headers?: ClientHeaders | (() => Awaitable<ClientHeaders>);
  /** For wss: ca, cert, servername, rejectUnauthorized … */
  readonly tls?: TlsOptions;
  /** True or options: come back after an end that was not wanted. Default false. */
  readonly reconnect?: boolean | ReconnectOptions;
  /** Gives up connecting; without effect once connected. */
  readonly signal?: AbortSignal;
}

/** The options of a server's endpoint that make sense for a client, and those of its connections. */
export interface ClientEndpointOptions<Instance extends object = object>
  extends Omit<EndpointOptions<Instance>, 'configurator'>,
    Omit<ClientConnectionOptions, 'signal'> {
  /** Makes the instance whose handlers serve a connection, as a server's {@link Configurator}. Default: `new EndpointClass()`. */
  readonly createInstance?: (endpointClass: EndpointClass<Instance>) => Awaitable<Instance>;
  /**
   * Sees the server's answer before the session opens, and may leave notes for the handlers in its properties. A throw
   * fails the attempt.
   */
  readonly afterResponse?: (answer: ClientAnswer, userProperties: Map<string, unknown>) => void;
}

const connectOptionNames = ['subprotocols', 'headers', 'tls', 'reconnect', 'signal'] as const;

const sharedOptionNames = endpointOptionNames.filter((name) => name !== 'configurator');
const clientOptionNames = [
  ...sharedOptionNames,
  'headers',
  'tls',
  'reconnect',
  'createInstance',
  'afterResponse',
] as const;

/** The names of all options of a client endpoint. */
export const clientEndpointOptionNames: readonly (keyof ClientEndpointOptions)[] = clientOptionNames;

/** What one endpoint declares for all its connections. */
export interface ResolvedClientEndpointOptions {
  readonly headers: () => Awaitable<ClientHeaders>;
  readonly tls: TlsOptions | undefined;
  readonly reconnect: ResolvedReconnectOptions | undefined;
  readonly afterResponse: ClientEndpointOptions['afterResponse'];
}

/** What one connection goes by. */
export interface ResolvedClientConnectionOptions extends ResolvedClientEndpointOptions {
  readonly subprotocols: readonly string[];
  readonly signal: AbortSignal | undefined;
}

/** Splits the options into those that the handlers run by and those of the connections. @throws as `defineEndpoint` */
export function resolveClientEndpointOptions(
  options: ClientEndpointOptions,
  where: string,
): { endpoint: EndpointOptions; client: ResolvedClientEndpointOptions } {
  if (typeof options !== 'object' || options === null) {
    throw new EndpointError('invalid_option', `${where}: options are an object`);
  }
  assertKnownNames(options, clientOptionNames, where);
  const { headers, tls, reconnect = false, createInstance, afterResponse, ...shared } = options;
  for (const [name, hook] of Object.entries({ createInstance, afterResponse })) {
    if (hook === undefined || typeof hook === 'function') continue;
    throw new EndpointError('invalid_option', `${where}: ${name} is a function`);
  }
  const configurator = createInstance && {
    createInstance: (endpointClass: EndpointClass) => createInstance(endpointClass),
  };
  return {
    endpoint: configurator === undefined ? shared : { ...shared, configurator },
    client: Object.freeze({
      headers: headersSource(headers, where),
      tls,
      reconnect: resolveReconnectOptions(reconnect, where),
      afterResponse,
    }),
  };
}

/** @throws EndpointError unknown_option, invalid_option */
export function resolveClientConnectionOptions(
  given: ClientConnectionOptions,
  declared: ResolvedClientEndpointOptions,
  subprotocols: readonly string[],
  where: string,
): ResolvedClientConnectionOptions {
  assertKnownNames(given, connectOptionNames, where);
  const further = headersSource(given.headers, where);
  return {
    ...declared,
    headers: async () => ({ ...(await declared.headers()), ...(await further()) }),
    tls: given.tls === undefined ? declared.tls : { ...declared.tls, ...given.tls },
    reconnect: given.reconnect === undefined ? declared.reconnect : resolveReconnectOptions(given.reconnect, where),
    subprotocols: given.subprotocols ?? subprotocols,
    signal: given.signal,
  };
}

function headersSource(headers: ClientConnectionOptions['headers'], where: string): () => Awaitable<ClientHeaders> {
  if (typeof headers === 'function') return headers;
  if (headers !== undefined && (typeof headers !== 'object' || headers === null)) {
    throw new EndpointError('invalid_option', `${where}: headers is an object or a function that gives one`);
  }
  return () => headers ?? {};
}
