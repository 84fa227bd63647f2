// The options of one endpoint, checked and completed when it is declared, and what its handlers see of them.
import { type ResolvedWebSocketOptions, resolveWebSocketOptions, type WebSocketOptions } from '@longwire/websocket';
import { EndpointError } from '../errors.js';
import type { Configurator } from '../handshake/configurator.js';
import { type ResolvedConfigurator, resolveConfigurator } from '../handshake/resolve-configurator.js';
import { Codecs } from '../messages/codecs.js';
import type { DecoderEntry } from '../messages/decoders.js';
import type { EncoderEntry } from '../messages/encoders.js';
import { assertKnownNames, assertWholeNumber, maxTimerMs, sessionRanges } from '../option-checks.js';

export interface EndpointOptions<Instance extends object = object> {
  /**
   * Subprotocols this endpoint speaks, best first. Default none; a client that offers none of them is served without
   * one.
   */
  readonly subprotocols?: readonly string[];
  /** Hooks into handshake and instance making: an object, or a class that is constructed once, here. */
  readonly configurator?: Configurator<Instance> | (new () => Configurator<Instance>);
  /** What makes objects of messages, in the order in which they are asked. Default none. */
  readonly decoders?: readonly DecoderEntry[];
  /** What makes messages of objects, in the order in which they are asked. Default none. */
  readonly encoders?: readonly EncoderEntry[];
  /**
   * `shared`: one instance of the class serves all sessions; it is made when the first one opens. Default
   * `per-connection`. An endpoint that is an object is always shared.
   */
  readonly instance?: 'per-connection' | 'shared';
  /**
   * Calls message handlers the moment messages arrive, also while earlier ones have not settled, without an order
   * between their ends and without a bound on how many run. Default false: one at a time, in order, and at most 16
   * messages wait before reading pauses.
   */
  readonly concurrent?: boolean;
  /**
   * A session in which no message goes either way for so long ends with 1001. Pings and pongs do not count, nor does
   * what `textPing` answers. 0-604 800 000, default 0: never.
   */
  readonly idleTimeoutMs?: number;
  /**
   * Bytes of one text message, inflated, plus one for each fragment, also if it comes in parts or as a stream; above it
   * the session ends with 1009. Default 1 MiB.
   */
  readonly maxTextBytes?: number;
  /** As maxTextBytes, for binary messages. */
  readonly maxBinaryBytes?: number;
  /**
   * A handler whose promise has not settled for so long is a warning, once for each handler of the endpoint: until it
   * settles, the other handlers of its session wait. Milliseconds, default 30 000; 0: never.
   */
  readonly handlerWarningMs?: number;
  /** True: a text message that is `ping` and nothing else is answered with `pong` and reaches no handler. Default false. */
  readonly textPing?: boolean;
  /** The engine's other limits, timeouts and compression for the sessions of this endpoint. */
  readonly limits?: Omit<WebSocketOptions, 'maxMessageBytes'>;
}

export const endpointOptionNames = [
  'subprotocols',
  'configurator',
  'decoders',
  'encoders',
  'instance',
  'concurrent',
  'idleTimeoutMs',
  'maxTextBytes',
  'maxBinaryBytes',
  'handlerWarningMs',
  'textPing',
  'limits',
] as const satisfies readonly (keyof EndpointOptions)[];

/** An endpoint's options, checked and complete. */
export interface ResolvedEndpointOptions {
  readonly subprotocols: readonly string[];
  readonly configurator: ResolvedConfigurator;
  readonly codecs: Codecs;
  /** Undefined: as it is natural for a class or an object. */
  readonly instance: 'per-connection' | 'shared' | undefined;
  readonly concurrent: boolean;
  readonly idleTimeoutMs: number;
  readonly maxTextBytes: number;
  readonly maxBinaryBytes: number;
  readonly handlerWarningMs: number;
  readonly textPing: boolean;
  readonly webSocket: ResolvedWebSocketOptions;
}

/** The declaration of an endpoint, as `onOpen` gets it. All sessions of the endpoint share it. */
export interface EndpointConfig<Path extends string = string> {
  /** The class's name, or the path of an endpoint without a class. */
  readonly name: string;
  /** The endpoint's path template. */
  readonly path: Path;
  /** The options, checked and complete. */
  readonly options: ResolvedEndpointOptions;
}

const defaultMaxMessageBytes = 1_048_576;

// RFC 6455 §4.1 number 10: a subprotocol is a token as in RFC 9110 §5.6.2.
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/**
 * @throws EndpointError unknown_option, invalid_option, invalid_codec; WebSocketError for a limit of the engine. `where`
 * names the endpoint in messages.
 */
export function resolveEndpointOptions<Instance extends object>(
  options: EndpointOptions<Instance>,
  where: string,
): ResolvedEndpointOptions {
  const invalid = (reason: string): never => {
    throw new EndpointError('invalid_option', `${where}: ${reason}`);
  };
  if (typeof options !== 'object' || options === null) return invalid('options are an object');
  assertKnownNames(options, endpointOptionNames, where);

  const { subprotocols = [], concurrent = false, textPing = false, instance, limits = {} } = options;
  const { handlerWarningMs = 30_000 } = options;
  assertSubprotocols(subprotocols, invalid);
  if (typeof concurrent !== 'boolean') return invalid('concurrent is true or false');
  assertWholeNumber('handlerWarningMs', handlerWarningMs, { min: 0, max: maxTimerMs }, where);
  if (typeof textPing !== 'boolean') return invalid('textPing is true or false');
  if (instance !== undefined && instance !== 'per-connection' && instance !== 'shared') {
    return invalid('instance is "per-connection" or "shared"');
  }
  if (typeof limits !== 'object' || limits === null) return invalid('limits is an object');
  if ('maxMessageBytes' in limits)
    return invalid('maxMessageBytes is not one of limits; give maxTextBytes and maxBinaryBytes');
  const { decoders = [], encoders = [] } = options;
  if (!Array.isArray(decoders) || !Array.isArray(encoders)) return invalid('decoders and encoders are lists');

  const inRange = (name: keyof typeof sessionRanges, fallback: number): number => {
    const value = options[name] ?? fallback;
    assertWholeNumber(name, value, sessionRanges[name], where);
    return value;
  };
  const maxTextBytes = inRange('maxTextBytes', defaultMaxMessageBytes);
  const maxBinaryBytes = inRange('maxBinaryBytes', defaultMaxMessageBytes);
  const webSocket = resolveWebSocketOptions({ ...limits, maxMessageBytes: Math.max(maxTextBytes, maxBinaryBytes) });
  return Object.freeze({
    subprotocols: Object.freeze([...subprotocols]),
    configurator: resolveConfigurator(options.configurator, webSocket.handshakeTimeoutMs, where),
    codecs: new Codecs([...decoders], [...encoders], where),
    instance,
    concurrent,
    idleTimeoutMs: inRange('idleTimeoutMs', 0),
    maxTextBytes,
    maxBinaryBytes,
    handlerWarningMs,
    textPing,
    webSocket,
  });
}

function assertSubprotocols(subprotocols: readonly unknown[], invalid: (reason: string) => never): void {
  if (!Array.isArray(subprotocols)) invalid('subprotocols is a list of names');
  for (const name of subprotocols) {
    if (typeof name !== 'string' || !TOKEN.test(name)) invalid(`subprotocol ${JSON.stringify(name)} is no HTTP token`);
  }
  if (new Set(subprotocols).size !== subprotocols.length) invalid('a subprotocol is named twice');
}
