// The options of dial, and their checks.
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { ConnectionHandler, WebSocketConnection } from '../connection/connection.js';
import { WebSocketError } from '../errors.js';
import type { ResolvedWebSocketOptions, WebSocketOptions } from '../options.js';
import { assertHandler, assertList, assertSettings } from './settings.js';
import { isToken } from './subprotocol.js';

export interface DialOptions {
  /** Called from the first event on, which may come before the promise of `dial` is awaited. */
  readonly handler: ConnectionHandler;
  /** Limits and timeouts; those of `resolveWebSocketOptions`, or raw ones. Default: all defaults. */
  readonly options?: ResolvedWebSocketOptions | WebSocketOptions;
  /** Offered to the server, the preferred one first. */
  readonly subprotocols?: readonly string[];
  /** Further request headers: Authorization, Origin, Cookie … */
  readonly headers?: Readonly<Record<string, string>>;
  /** For wss: ca, cert, servername, rejectUnauthorized … */
  readonly tls?: TlsOptions;
  /** Aborts the attempt. */
  readonly signal?: AbortSignal;
  /** Becomes `connection.data` before any event. */
  readonly data?: unknown;
  /** Sees what was sent and what came back, before it is judged: for logs and cookies. A throw rejects the attempt. */
  readonly onAnswer?: (answer: IncomingMessage, request: ClientRequest) => void;
  /** The connection is open; called before any event of it and before the promise is resolved. A throw rejects the attempt. */
  readonly onOpen?: (connection: WebSocketConnection) => void;
}

const names = [
  'handler',
  'options',
  'subprotocols',
  'headers',
  'tls',
  'signal',
  'data',
  'onAnswer',
  'onOpen',
] as const satisfies readonly (keyof DialOptions)[];

/** @throws WebSocketError `invalid_option`, `invalid_subprotocol` */
export function assertDialOptions(settings: DialOptions): void {
  assertSettings(settings, names, 'dial');
  const { handler, subprotocols = [], headers, tls, signal, onAnswer, onOpen } = settings;
  assertHandler(handler, 'dial');
  assertList(subprotocols);
  for (const name of subprotocols) {
    if (typeof name === 'string' && isToken(name) && subprotocols.indexOf(name) === subprotocols.lastIndexOf(name))
      continue;
    throw new WebSocketError('invalid_subprotocol', `${JSON.stringify(name)} is no token, or named twice`);
  }
  // A Headers or a Map would be sent as no header at all.
  assertOption(headers, 'headers', 'an object of names and values', (value) => !(Symbol.iterator in value));
  assertOption(tls, 'tls', 'an object', () => true);
  assertOption(signal, 'signal', 'an AbortSignal', (value) => 'addEventListener' in value);
  for (const [name, callback] of Object.entries({ onAnswer, onOpen })) {
    if (callback === undefined || typeof callback === 'function') continue;
    throw new WebSocketError('invalid_option', `${name} must be a function, not ${String(callback)}`);
  }
}

function assertOption(value: unknown, name: string, what: string, isRight: (value: object) => boolean): void {
  if (value === undefined || (typeof value === 'object' && value !== null && isRight(value))) return;
  throw new WebSocketError('invalid_option', `${name} must be ${what}, not ${String(value)}`);
}
