// The server's checks of an opening handshake, RFC 6455 §4.2.1: pure, nothing is written yet.

import { type ExtensionOffer, parseExtensions } from '../extension/extension-header.js';
import { acceptDeflateOffer, type DeflateAgreement } from '../extension/negotiation.js';
import { type ResolvedWebSocketOptions, resolveWebSocketOptions, type WebSocketOptions } from '../options.js';
import { isHandshakeKey } from './accept-key.js';
import { type HandshakeRefusal, refusal, upgradeRefusal, VERSION_HEADER } from './refusal.js';
import { parseSubprotocols } from './subprotocol.js';

/** The parts of a request that are checked; an `http.IncomingMessage` has them. */
export interface ClientHandshake {
  readonly method?: string | undefined;
  readonly httpVersion: string;
  /** Names and values in turn, as received. */
  readonly rawHeaders: readonly string[];
}

/** A handshake that may be accepted. */
export interface CheckedHandshake {
  readonly isAccepted: true;
  readonly key: string;
  readonly offeredSubprotocols: readonly string[];
  /** All of them in the client's order, including unknown ones. */
  readonly offeredExtensions: readonly ExtensionOffer[];
  /** The extension that would be answered; without it the connection is not compressed. */
  readonly deflate: DeflateAgreement | undefined;
}

// With a second one of these, two readers of the request could see different values.
const SINGLE_HEADERS = ['host', 'origin', 'sec-websocket-key', 'sec-websocket-version', 'content-length'];

/**
 * Checks a request to upgrade. Never throws for what the peer sent and takes time linear in the headers' length. Origin and
 * path are left to the caller. A caller that waits before `acceptChecked` must listen to the socket's `error` event.
 * @throws WebSocketError `invalid_option`
 */
export function checkHandshake(
  request: ClientHandshake,
  given?: ResolvedWebSocketOptions | WebSocketOptions,
): CheckedHandshake | HandshakeRefusal {
  const options = resolveWebSocketOptions(given);
  const headers = readHeaders(request.rawHeaders, options);
  if (!(headers instanceof Map)) return headers;
  const fault = checkRequestLine(request, headers) ?? checkUpgrade(headers);
  if (fault !== undefined) return fault;
  const key = headers.get('sec-websocket-key');
  if (key === undefined || !isHandshakeKey(key)) return bad('Sec-WebSocket-Key must be 16 bytes in base64');
  const protocolHeader = headers.get('sec-websocket-protocol');
  const offeredSubprotocols = protocolHeader === undefined ? [] : parseSubprotocols(protocolHeader);
  if (offeredSubprotocols === undefined) return bad('Sec-WebSocket-Protocol must be a list of different tokens');
  const offers = readExtensions(headers.get('sec-websocket-extensions'));
  if (offers === undefined) return bad('Sec-WebSocket-Extensions breaks the grammar of RFC 6455 section 9.1');
  const { perMessageDeflate } = options;
  const deflate = perMessageDeflate === false ? undefined : acceptDeflateOffer(offers, perMessageDeflate);
  return { isAccepted: true, key, offeredSubprotocols, offeredExtensions: offers, deflate };
}

function readHeaders(
  raw: readonly string[],
  options: ResolvedWebSocketOptions,
): Map<string, string> | HandshakeRefusal {
  // A Map, so that a name such as __proto__ is safe.
  const headers = new Map<string, string>();
  if (raw.length / 2 > options.maxHeaderCount) return refusal(431, 'Too many header lines');
  let bytes = 0;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    const value = raw[i + 1]!;
    // Separator and line end: 4 bytes.
    bytes += name.length + value.length + 4;
    const before = headers.get(name);
    if (before !== undefined && SINGLE_HEADERS.includes(name)) return bad(`The header ${name} must stand only once`);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return bytes > options.maxHeaderBytes ? refusal(431, 'The header lines are too long') : headers;
}

function checkRequestLine(request: ClientHandshake, headers: Map<string, string>): HandshakeRefusal | undefined {
  if (request.method !== 'GET')
    return refusal(405, 'A WebSocket handshake is a GET', { ...VERSION_HEADER, Allow: 'GET' });
  if (request.httpVersion !== '1.1') return bad('A WebSocket handshake needs HTTP/1.1');
  if (!headers.has('host')) return bad('The header Host is missing');
  // A body would be read as HTTP by one and as frames by another on the way: request smuggling.
  if (headers.has('transfer-encoding') || (headers.get('content-length') ?? '0').trim() !== '0') {
    return bad('A WebSocket handshake has no body');
  }
  return undefined;
}

function checkUpgrade(headers: Map<string, string>): HandshakeRefusal | undefined {
  if (!hasListItem(headers.get('upgrade'), 'websocket')) return upgradeRefusal('This is a WebSocket address');
  if (!hasListItem(headers.get('connection'), 'upgrade')) return bad('The header Connection must contain Upgrade');
  const version = headers.get('sec-websocket-version');
  if (version?.trim() !== '13') return upgradeRefusal('Sec-WebSocket-Version must be 13');
  return undefined;
}

function hasListItem(header: string | undefined, item: string): boolean {
  const value = header?.toLowerCase() ?? '';
  // A list of one is by far the most frequent.
  return value === item || value.split(',').some((part) => part.trim() === item);
}

function readExtensions(header: string | undefined): readonly ExtensionOffer[] | undefined {
  return header === undefined || header.trim() === '' ? [] : parseExtensions(header.trim());
}

function bad(body: string): HandshakeRefusal {
  return refusal(400, body, VERSION_HEADER);
}
