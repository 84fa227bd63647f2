// The server's side of the opening handshake, RFC 6455 §4.2, on the `upgrade` event of any http.Server.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ConnectionHandler } from '../connection/connection.js';
import { WebSocketConnection } from '../connection/connection.js';
import { WebSocketError } from '../errors.js';
import { PerMessageDeflate } from '../extension/permessage-deflate.js';
import { type ResolvedWebSocketOptions, resolveWebSocketOptions, type WebSocketOptions } from '../options.js';
import { acceptKey } from './accept-key.js';
import { type CheckedHandshake, checkHandshake } from './check-handshake.js';
import { type HandshakeRefusal, refuseHandshake } from './refusal.js';
import { assertHandler, assertList, assertSettings } from './settings.js';
import { isToken, selectSubprotocol } from './subprotocol.js';

export interface AcceptSettings {
  /**
   * Limits and timeouts: those of `resolveWebSocketOptions`, or raw ones, which are resolved anew for each connection.
   * Default: all defaults.
   */
  readonly options?: ResolvedWebSocketOptions | WebSocketOptions;
  readonly handler: ConnectionHandler;
  /** The subprotocol that was chosen; must be one of those offered. Default: none. */
  readonly subprotocol?: string | undefined;
  /** Further header lines of the answer: cookies and the like. Those of the handshake itself cannot be set. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Becomes `connection.data` before any event. */
  readonly data?: unknown;
}

export interface AcceptOptions extends Omit<AcceptSettings, 'subprotocol'> {
  /** Subprotocols spoken here, the preferred one first. Default: none. */
  readonly subprotocols?: readonly string[];
}

// RFC 6455 §4.2.2 sets these; another value beside would contradict it.
const OWN_HEADERS = new Set([
  'upgrade',
  'connection',
  'sec-websocket-accept',
  'sec-websocket-protocol',
  'sec-websocket-extensions',
  'content-length',
  'transfer-encoding',
]);

const settingNames = [
  'options',
  'handler',
  'subprotocols',
  'headers',
  'data',
] as const satisfies readonly (keyof AcceptOptions)[];

/**
 * Checks an upgrade request and answers it: with 101 and a connection, or with a refusal that it also returns. Never throws
 * for what the peer sent. Handlers are first called after the current turn.
 * @throws WebSocketError `invalid_option`, `invalid_subprotocol` for settings that cannot be; nothing has been written then
 *
 * @example
 * const options = resolveWebSocketOptions({ maxMessageBytes: 65_536 });
 * const handler = { onText: (connection, text) => connection.sendText(text) };
 * server.on('upgrade', (request, socket, head) => accept(request, socket, head, { options, handler }));
 */
export function accept(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  settings: AcceptOptions,
): WebSocketConnection | HandshakeRefusal {
  assertSettings(settings, settingNames, 'accept');
  assertHandler(settings.handler, 'accept');
  const { subprotocols = [] } = settings;
  assertList(subprotocols);
  const options = resolveWebSocketOptions(settings.options);
  const checked = checkHandshake(request, options);
  if (!checked.isAccepted) {
    refuseHandshake(socket, checked);
    return checked;
  }
  const subprotocol = selectSubprotocol(checked.offeredSubprotocols, subprotocols);
  return acceptChecked(checked, socket, head, { ...settings, options, subprotocol });
}

/**
 * The second half of `accept`, for callers that decide between `checkHandshake` and the answer: writes the 101.
 * @throws WebSocketError `invalid_subprotocol`, `invalid_option` (a header line, the options, no handler); nothing has been
 * written then
 */
export function acceptChecked(
  handshake: CheckedHandshake,
  socket: Duplex,
  head: Buffer,
  settings: AcceptSettings,
): WebSocketConnection {
  const { subprotocol, handler } = settings;
  const options = resolveWebSocketOptions(settings.options);
  assertHandler(handler, 'acceptChecked');
  if (subprotocol !== undefined && !handshake.offeredSubprotocols.includes(subprotocol)) {
    throw new WebSocketError('invalid_subprotocol', `${subprotocol} was not offered by the client`);
  }
  const deflate = handshake.deflate;
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptKey(handshake.key)}`,
  ];
  if (subprotocol !== undefined) lines.push(`Sec-WebSocket-Protocol: ${subprotocol}`);
  if (deflate !== undefined) lines.push(`Sec-WebSocket-Extensions: ${deflate.header}`);
  addHeaderLines(lines, settings.headers ?? {});
  prepareSocket(socket);
  socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  const connection = new WebSocketConnection({
    role: 'server',
    socket,
    head,
    options,
    handler,
    subprotocol: subprotocol ?? '',
    extensions: deflate?.header ?? '',
    deflate:
      deflate === undefined || options.perMessageDeflate === false
        ? undefined
        : new PerMessageDeflate('server', deflate.parameters, options.perMessageDeflate),
  });
  connection.data = settings.data;
  return connection;
}

/** HTTP's time limits end here, and small frames must not wait for acknowledgements (Nagle). */
export function prepareSocket(socket: Duplex): void {
  const candidate = socket as Partial<{ setTimeout(ms: number): void; setNoDelay(on: boolean): void }>;
  candidate.setTimeout?.(0);
  candidate.setNoDelay?.(true);
}

function addHeaderLines(lines: string[], headers: Readonly<Record<string, string | readonly string[]>>): void {
  for (const [name, value] of Object.entries(headers)) {
    const isOwn = OWN_HEADERS.has(name.toLowerCase());
    for (const text of typeof value === 'string' ? [value] : value) {
      // A line break in a value would end the header and begin another one.
      if (isOwn || !isToken(name) || !/^[\t\x20-\x7e\x80-\xff]*$/.test(text)) {
        throw new WebSocketError('invalid_option', `the header ${JSON.stringify(name)} cannot be added to a handshake`);
      }
      lines.push(`${name}: ${text}`);
    }
  }
}
