// Every limit and timeout of the engine: names, defaults, ranges. Resolved once, frozen, complete inside.
import { privateCloseCode, WebSocketCloseCode } from './close-codes.js';
import { WebSocketError } from './errors.js';
import { assertKnownNames } from './known-names.js';
import { isCloseCodeOnWire } from './message/close-payload.js';

/** How the compressor and decompressor of RFC 7692 are used. Every field has a default. */
export interface PerMessageDeflateOptions {
  /** The server forgets its window after each message; needed for PreparedMessage to compress once. Default true. */
  readonly serverNoContextTakeover?: boolean;
  /**
   * The client forgets its window after each message; the server then keeps no inflater for each connection, which costs about
   * 40 KB once a compressed message was received. A client offers it unless this is false. A server takes such an offer; with
   * true it also demands it of clients that did not offer it, which those on Tornado or Mojolicious do not accept.
   */
  readonly clientNoContextTakeover?: boolean;
  /** Window of the server's compressor, at most; 8-15 (2^n bytes). Default 15. */
  readonly serverMaxWindowBits?: number;
  /** Window of the client's compressor, 8-15; used only if the client says that it can. Default 15. */
  readonly clientMaxWindowBits?: number;
  /** Messages shorter than this go out uncompressed. Bytes, default 1 024. */
  readonly thresholdBytes?: number;
  /** zlib memory level of compressors, 1-9. Default 8. */
  readonly memoryLevel?: number;
  /** zlib compression level, 0-9. Default 1: of live messages most of the gain for a fraction of the time. */
  readonly level?: number;
  /** Large messages that may be inflated in zlib's thread pool at once, over all connections. Default 4. */
  readonly maxConcurrentInflates?: number;
}

export interface WebSocketOptions {
  /**
   * Bytes of all header lines of a handshake. Default 16 384; above: 431. A server that is to take more than 16 KiB needs
   * `http.createServer({ maxHeaderSize })` as well: node:http reads the headers first, and no more than that by itself.
   */
  readonly maxHeaderBytes?: number;
  /** Header lines of a handshake. Default 100; above: 431, and an answer with more is refused with `handshake_invalid`. */
  readonly maxHeaderCount?: number;
  /** From dialling to the verified answer. Default 10 000. */
  readonly handshakeTimeoutMs?: number;
  /** Bytes of one message after inflating, plus one for each fragment. Default 1 MiB; above: 1009. */
  readonly maxMessageBytes?: number;
  /** Bytes of unsent output per connection. Default 4 MiB; above: the connection fails with bufferOverflowCloseCode. */
  readonly maxBufferedBytes?: number;
  /** `onDrain` fires when bufferedBytes falls to this or below after having been above; above it the queue counts as full. Default 256 KiB. */
  readonly drainBytes?: number;
  /** Bytes handed to the operating system at a time. Default 256 KiB. */
  readonly maxSocketWriteBytes?: number;
  /** From our Close frame to the end of TCP. Default 5 000. */
  readonly closeTimeoutMs?: number;
  /** This many pings within one second close with 1008. Default 1 000. */
  readonly maxPingsPerSecond?: number;
  /** A ping goes out this often, ahead of queued data. Default 25 000; 0 = no heartbeat. */
  readonly heartbeatMs?: number;
  /**
   * Silence of heartbeatMs plus this ends the connection. Default 20 000. A peer whose kernel still holds output of ours is
   * alive while that shrinks, and has four times as long while it does not; eight times where /proc/net/tcp is missing.
   */
  readonly heartbeatGraceMs?: number;
  /** A peer with a full queue that takes less than this over slowReaderMs is closed. Default 1 024; 0 = never. */
  readonly minDrainBytesPerSecond?: number;
  /** Over how long the drain rate is measured. Default 60 000. Longer for a peer that takes nothing: see heartbeatGraceMs. */
  readonly slowReaderMs?: number;
  /** Default 4003. */
  readonly heartbeatCloseCode?: number;
  /** Default 4004. */
  readonly slowReaderCloseCode?: number;
  /** Default 1008. */
  readonly bufferOverflowCloseCode?: number;
  /** `auto` writes to the libuv handle where that is possible; `stream` always uses `socket.write`. Default `auto`. */
  readonly socketWrites?: 'auto' | 'stream';
  /** RFC 7692. Default false. */
  readonly perMessageDeflate?: boolean | PerMessageDeflateOptions;
}

export type ResolvedPerMessageDeflateOptions = Omit<Required<PerMessageDeflateOptions>, 'clientNoContextTakeover'> & {
  /** Undefined: as the client offers; a client offers it. */
  readonly clientNoContextTakeover: boolean | undefined;
};

export type ResolvedWebSocketOptions = Omit<Required<WebSocketOptions>, 'perMessageDeflate'> & {
  readonly perMessageDeflate: ResolvedPerMessageDeflateOptions | false;
};

interface NumberRule {
  readonly fallback: number;
  readonly min: number;
  readonly max: number;
}

const GIB = 1024 ** 3;
const DAY_MS = 86_400_000;

function number(fallback: number, min: number, max: number): NumberRule {
  return { fallback, min, max };
}

const numberRules = {
  maxHeaderBytes: number(16_384, 256, 1_048_576),
  maxHeaderCount: number(100, 8, 2_000),
  handshakeTimeoutMs: number(10_000, 1, DAY_MS),
  maxMessageBytes: number(1_048_576, 1, 2 * GIB - 1),
  maxBufferedBytes: number(4 * 1_048_576, 1, 4 * GIB),
  drainBytes: number(262_144, 0, 4 * GIB),
  maxSocketWriteBytes: number(262_144, 1_024, GIB),
  closeTimeoutMs: number(5_000, 1, DAY_MS),
  maxPingsPerSecond: number(1_000, 1, 1_000_000_000),
  heartbeatMs: number(25_000, 0, DAY_MS),
  heartbeatGraceMs: number(20_000, 0, DAY_MS),
  minDrainBytesPerSecond: number(1_024, 0, GIB),
  slowReaderMs: number(60_000, 1, DAY_MS),
  heartbeatCloseCode: number(privateCloseCode.heartbeatMissed, 3000, 4999),
  slowReaderCloseCode: number(privateCloseCode.readerTooSlow, 3000, 4999),
  bufferOverflowCloseCode: number(WebSocketCloseCode.policyViolation, 1000, 4999),
} as const;

const deflateNumberRules = {
  serverMaxWindowBits: number(15, 8, 15),
  clientMaxWindowBits: number(15, 8, 15),
  thresholdBytes: number(1_024, 0, GIB),
  memoryLevel: number(8, 1, 9),
  level: number(1, 0, 9),
  maxConcurrentInflates: number(4, 1, 128),
} as const;

/** The names of all options. */
export const optionNames: readonly string[] = [...Object.keys(numberRules), 'socketWrites', 'perMessageDeflate'];
const deflateOptionNames = [...Object.keys(deflateNumberRules), 'serverNoContextTakeover', 'clientNoContextTakeover'];

/** Objects that were resolved. Each handshake looks here, so that no connection runs with unresolved options. */
const resolvedOptions = new WeakSet<object>();

/**
 * Fills in defaults, checks types and ranges, rejects unknown names, freezes the result.
 * Call it once per endpoint or client, so that all connections share the object. An object that it returned is returned unchanged.
 * @throws WebSocketError `invalid_option`; for an unknown name the message proposes the nearest known one
 */
export function resolveWebSocketOptions(input: WebSocketOptions = {}): ResolvedWebSocketOptions {
  if (resolvedOptions.has(input)) return input as ResolvedWebSocketOptions;
  assertKnownNames(input, optionNames, 'resolveWebSocketOptions');
  const socketWrites = input.socketWrites ?? 'auto';
  if (socketWrites !== 'auto' && socketWrites !== 'stream') {
    throw new WebSocketError('invalid_option', `socketWrites must be 'auto' or 'stream', not ${String(socketWrites)}`);
  }
  const numbers = resolveNumbers(input, numberRules, '');
  if (!isCloseCodeOnWire(numbers.bufferOverflowCloseCode)) {
    throw new WebSocketError('invalid_option', 'bufferOverflowCloseCode must be a code that may be sent');
  }
  const resolved = Object.freeze({
    ...numbers,
    socketWrites,
    perMessageDeflate: resolvePerMessageDeflate(input.perMessageDeflate ?? false),
  });
  resolvedOptions.add(resolved);
  return resolved;
}

function resolvePerMessageDeflate(input: boolean | PerMessageDeflateOptions): ResolvedPerMessageDeflateOptions | false {
  if (input === false) return false;
  const given = input === true ? {} : input;
  assertKnownNames(given, deflateOptionNames, 'perMessageDeflate');
  return Object.freeze({
    ...resolveNumbers(given, deflateNumberRules, 'perMessageDeflate.'),
    serverNoContextTakeover:
      boolean(given.serverNoContextTakeover, 'perMessageDeflate.serverNoContextTakeover') ?? true,
    clientNoContextTakeover: boolean(given.clientNoContextTakeover, 'perMessageDeflate.clientNoContextTakeover'),
  });
}

function boolean(value: unknown, name: string): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value;
  throw new WebSocketError('invalid_option', `${name} must be true or false, not ${String(value)}`);
}

function resolveNumbers<Name extends string>(
  input: object,
  rules: Readonly<Record<Name, NumberRule>>,
  prefix: string,
): Record<Name, number> {
  const given = input as Readonly<Record<string, unknown>>;
  const result = {} as Record<Name, number>;
  for (const name of Object.keys(rules) as Name[]) {
    const rule = rules[name];
    const value = given[name] ?? rule.fallback;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < rule.min || value > rule.max) {
      throw new WebSocketError(
        'invalid_option',
        `${prefix}${name} must be a whole number from ${rule.min} to ${rule.max}, not ${String(value)}`,
      );
    }
    result[name] = value;
  }
  return result;
}
