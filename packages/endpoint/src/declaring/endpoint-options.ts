// The options of one endpoint, checked and completed when it is declared.
import { type ResolvedWebSocketOptions, resolveWebSocketOptions, type WebSocketOptions } from '@longwire/websocket';
import { EndpointError } from '../errors.js';
import type { Configurator } from '../handshake/configurator.js';
import { type ResolvedConfigurator, resolveConfigurator } from '../handshake/resolve-configurator.js';
import { refuseUnknownNames } from '../known-names.js';

export interface EndpointOptions<Instance extends object = object> {
  /**
   * Subprotocols this endpoint speaks, best first. Default none; a client that offers none of them is served without
   * one.
   */
  readonly subprotocols?: readonly string[];
  /** Hooks into handshake and instance making: an object, or a class that is constructed once, here. */
  readonly configurator?: Configurator<Instance> | (new () => Configurator<Instance>);
  /**
   * Calls message handlers the moment messages arrive, also while earlier ones have not settled, without an order
   * between their ends and without a bound on how many run. Default false: one at a time, in order, and at most 16
   * messages wait before reading pauses.
   */
  readonly concurrent?: boolean;
  /** Bytes of one message, inflated, plus one for each fragment; above it the session ends with 1009. Default 1 MiB. */
  readonly maxMessageBytes?: number;
  /** The engine's other limits, timeouts and compression for the sessions of this endpoint. */
  readonly limits?: Omit<WebSocketOptions, 'maxMessageBytes'>;
}

export const endpointOptionNames = ['subprotocols', 'configurator', 'concurrent', 'maxMessageBytes', 'limits'] as const;

export interface ResolvedEndpointOptions {
  readonly subprotocols: readonly string[];
  readonly configurator: ResolvedConfigurator;
  readonly concurrent: boolean;
  readonly webSocket: ResolvedWebSocketOptions;
}

// RFC 6455 §4.1 number 10: a subprotocol is a token as in RFC 9110 §5.6.2.
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/**
 * @throws EndpointError UNKNOWN_OPTION, INVALID_OPTION; WebSocketError for a limit of the engine. `where` names the
 * endpoint in messages.
 */
export function resolveEndpointOptions<Instance extends object>(
  options: EndpointOptions<Instance>,
  where: string,
): ResolvedEndpointOptions {
  const refuse = (reason: string): never => {
    throw new EndpointError('INVALID_OPTION', `${where}: ${reason}`);
  };
  if (typeof options !== 'object' || options === null) return refuse('options are an object');
  refuseUnknownNames(options, endpointOptionNames, where);

  const { subprotocols = [], concurrent = false, maxMessageBytes, limits = {} } = options;
  if (!Array.isArray(subprotocols)) return refuse('subprotocols is a list of names');
  for (const name of subprotocols) {
    if (typeof name !== 'string' || !TOKEN.test(name))
      return refuse(`subprotocol ${JSON.stringify(name)} is no HTTP token`);
  }
  if (new Set(subprotocols).size !== subprotocols.length) return refuse('a subprotocol is named twice');
  if (typeof concurrent !== 'boolean') return refuse('concurrent is true or false');
  if ('maxMessageBytes' in limits) return refuse('maxMessageBytes is an option of its own, not one of limits');

  const webSocket = resolveWebSocketOptions({
    ...limits,
    ...(maxMessageBytes === undefined ? {} : { maxMessageBytes }),
  });
  return Object.freeze({
    subprotocols: Object.freeze([...subprotocols]),
    configurator: resolveConfigurator(options.configurator, webSocket.handshakeTimeoutMs, where),
    concurrent,
    webSocket,
  });
}
