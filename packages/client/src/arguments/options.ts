// The options of `connect`: checked, completed with defaults and frozen.

import { connectPath, fieldLimits, type Position, parseDeviceId, protocolTimes } from '@longwire/protocol';
import type { GetToken } from '../connection/token-provider.js';
import { LongwireError } from '../errors.js';
import type { DeviceStore } from '../platform/platform.js';
import type { AckMode } from '../reading/inbound.js';
import { assertOptionNames } from './option-names.js';
import { type PositionInput, positionFrom } from './position-input.js';

export interface ConnectOptions {
  /** The server: `wss://host`, or with the path of its WebSocket. http(s) means ws(s). Default in pages: their origin. */
  readonly url?: string | undefined;
  /** Returns the token of the user. Without it, the server must identify the user by a cookie. */
  readonly getToken?: GetToken | undefined;
  /** The name of the reading position on the server. Default: a random one that `deviceStore` keeps for each user. */
  readonly device?: string | undefined;
  /** Default: localStorage in browsers. In Node there is none unless given: see `fileDeviceStore`. */
  readonly deviceStore?: DeviceStore | undefined;
  /** Address → the position up to which the app has everything, stored with its own data. Replaces the server's cursor. */
  readonly positions?: Readonly<Record<string, PositionInput>> | undefined;
  /** Default `auto`: acknowledged when the `message` handlers have settled. `manual`: by `client.ack(message)`. */
  readonly ackMode?: AckMode | undefined;
  /**
   * Sets `bodyText` of every message: the exact JSON text of its body, which JSON.parse cannot always keep. Default false.
   */
  readonly keepBodyText?: boolean | undefined;
  /** The connecting program, for the server's logs. */
  readonly client?: { readonly name: string; readonly version?: string | undefined } | undefined;
  /** Upper limit of the wait before the first reconnect; doubles each time. Default 500. */
  readonly reconnectBaseMs?: number | undefined;
  /** Upper limit of every wait before a reconnect. Default 20 000. */
  readonly reconnectMaxMs?: number | undefined;
  /** From the start of an attempt to the sign-in. Default 15 000. */
  readonly connectTimeoutMs?: number | undefined;
  /** How long `close()` waits, first for running handlers, then for the server. Default 2 000. */
  readonly closeTimeoutMs?: number | undefined;
  /** Default 2 000. */
  readonly ackAfterMs?: number | undefined;
  /** Default 100. */
  readonly ackAfterEntries?: number | undefined;
  /** Number of pending sends; beyond it `outbox_full`. Default 1 000. */
  readonly maxPendingSends?: number | undefined;
  /** Memory of the pending sends. Default 16 MiB. */
  readonly maxPendingBytes?: number | undefined;
  /** Number of entries that wait for the app's handlers; further ones wait on the server. Default 10 000. */
  readonly maxQueuedEntries?: number | undefined;
  /** Characters of wire text that wait for the app's handlers; further ones wait on the server. Default 16 Mi. */
  readonly maxQueuedCharacters?: number | undefined;
}

type ResolvedNumbers = Record<keyof typeof numberRules, number>;

export type ResolvedClientOptions = Readonly<ResolvedNumbers> & {
  readonly url: string;
  readonly getToken: GetToken | undefined;
  readonly device: string | undefined;
  readonly deviceStore: DeviceStore | undefined;
  readonly positions: ReadonlyMap<string, Position>;
  readonly ackMode: AckMode;
  readonly keepBodyText: boolean;
  readonly client: { readonly name: string; readonly version?: string | undefined };
};

const numberRules = {
  reconnectBaseMs: { fallback: 500, min: 1 },
  reconnectMaxMs: { fallback: 20_000, min: 1 },
  connectTimeoutMs: { fallback: 15_000, min: 1 },
  closeTimeoutMs: { fallback: 2000, min: 0 },
  ackAfterMs: { fallback: protocolTimes.ackAfterMs, min: 0 },
  ackAfterEntries: { fallback: protocolTimes.ackAfterEntries, min: 1 },
  maxPendingSends: { fallback: 1000, min: 1 },
  maxPendingBytes: { fallback: 16 * 1024 * 1024, min: 1 },
  maxQueuedEntries: { fallback: 10_000, min: 1 },
  maxQueuedCharacters: { fallback: 16 * 1024 * 1024, min: 1 },
} as const;

const otherNames = ['url', 'getToken', 'device', 'deviceStore', 'positions', 'ackMode', 'keepBodyText', 'client'];
const SDK_NAME = 'longwire-js';
const SDK_VERSION = '0.1.0';

/**
 * @param pageUrl  the origin of the page; undefined outside of pages
 * @throws LongwireError `invalid_field`: an unknown option, or one out of its range
 */
export function resolveClientOptions(input: ConnectOptions, pageUrl: string | undefined): ResolvedClientOptions {
  assertOptionNames(input, [...otherNames, ...Object.keys(numberRules)]);
  const {
    ackMode = 'auto',
    keepBodyText = false,
    getToken,
    device,
    deviceStore,
    client = { name: SDK_NAME, version: SDK_VERSION },
    positions = {},
  } = input;
  assert(ackMode === 'auto' || ackMode === 'manual', "ackMode must be 'auto' or 'manual'");
  assert(typeof keepBodyText === 'boolean', 'keepBodyText must be true or false');
  assert(getToken === undefined || isFunction(getToken), 'getToken must be a function');
  assert(
    device === undefined || parseDeviceId(device) !== undefined,
    `device must be 1-${fieldLimits.nameBytes} bytes in NFC without white space, control characters or "/"`,
  );
  assert(
    deviceStore === undefined || (isFunction(deviceStore?.load) && isFunction(deviceStore.save)),
    'deviceStore must have load and save',
  );
  assert(typeof client?.name === 'string', 'client must have a name');
  assert(Object.prototype.toString.call(positions) === '[object Object]', 'positions must be an object by address');
  return Object.freeze({
    ...resolveNumbers(input),
    url: gatewayUrl(input.url ?? pageUrl),
    getToken,
    device,
    deviceStore,
    positions: resolvePositions(positions),
    ackMode,
    keepBodyText,
    client,
  });
}

/** `https://host` → `wss://host` + `connectPath`; a URL with a path keeps it. */
function gatewayUrl(url: string | undefined): string {
  const parts = /^(ws|http)(s?):\/\/([^/?#\s]+)([^?#\s]*)(\?[^#\s]*)?$/i.exec(url ?? '');
  const port = Number(/:([^:@\]]*)$/.exec(parts?.[3] ?? '')?.[1] ?? 1);
  if (parts === null || !(port >= 1 && port <= 65_535)) {
    throw new LongwireError('invalid_field', `url must be like wss://host or https://host:8443, got ${url ?? 'none'}`);
  }
  const [, , secure = '', host = '', path = '', query = ''] = parts;
  return `ws${secure.toLowerCase()}://${host}${path === '' || path === '/' ? connectPath : path}${query}`;
}

function resolveNumbers(input: ConnectOptions): ResolvedNumbers {
  const numbers = {} as ResolvedNumbers;
  for (const name of Object.keys(numberRules) as (keyof typeof numberRules)[]) {
    const { fallback, min } = numberRules[name];
    const value: unknown = input[name] ?? fallback;
    assert(Number.isSafeInteger(value) && Number(value) >= min, `${name} must be an integer of at least ${min}`);
    numbers[name] = Number(value);
  }
  return numbers;
}

function resolvePositions(positions: Readonly<Record<string, PositionInput>>): ReadonlyMap<string, Position> {
  const resolved = new Map<string, Position>();
  for (const [channel, position] of Object.entries(positions)) {
    resolved.set(channel, positionFrom(position, `positions: ${channel}`));
  }
  return resolved;
}

function assert(isValid: boolean, message: string): void {
  if (!isValid) throw new LongwireError('invalid_field', message);
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}
