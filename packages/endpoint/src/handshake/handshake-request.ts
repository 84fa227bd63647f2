// What a client asked for when it opened the connection: what configurators judge and what a session remembers.
import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { type ExtensionOffer, parseExtensions, parseSubprotocols } from '@longwire/websocket';
import { type ClientOrigin, isEncrypted } from '../proxies/trusted-proxies.js';
import type { Principal } from './authentication.js';
import { findPackedHeader, packHeaders, unpackHeaders } from './header-lines.js';

/** What a {@link HandshakeRequest} is made of. */
export interface HandshakeSource {
  readonly url: string;
  /** An object, or the lines as they came: names and values in turn. */
  readonly headers: IncomingHttpHeaders | readonly string[];
  readonly path: Readonly<Record<string, string>>;
  readonly peerAddress: string;
  /** Undefined for a request that was never sent. */
  readonly socket: Socket | undefined;
  /** Where the request comes from if that is not what the socket and the headers say: behind a trusted proxy. */
  readonly client: ClientOrigin | undefined;
}

/** What few requests have. */
interface RareParts {
  readonly client?: ClientOrigin;
  readonly principal?: Principal | undefined;
  readonly query?: URLSearchParams;
}

/** Says who the client is. */
export type Identify = (principal: Principal | undefined) => void;

/**
 * The opening request of one connection. Everything in it was written by the client, except the addresses, `secure` and
 * what a trusted proxy wrote. Node's request object is not kept.
 */
export class HandshakeRequest {
  /** The request target as received: path and query. */
  readonly url: string;
  /** The decoded values of the endpoint's path variables: of `/chat/{room}`, `request.path.room`. */
  readonly path: Readonly<Record<string, string>>;
  /** Address of the TCP peer, '' when it is gone already or connected through a Unix socket. */
  readonly peerAddress: string;
  // What can be derived from these is derived when it is asked for: most sessions ask for nothing.
  #headers: IncomingHttpHeaders | string;
  readonly #socket: Socket | undefined;
  #rare: RareParts | undefined;

  /** @param executor  gets the function that says who the client is, and that only the handshake may call */
  constructor(source: HandshakeSource, executor?: (identify: Identify) => void) {
    this.url = source.url;
    this.#headers = Array.isArray(source.headers)
      ? packHeaders(source.headers)
      : (source.headers as IncomingHttpHeaders);
    this.path = source.path;
    this.peerAddress = source.peerAddress;
    this.#socket = source.socket;
    if (source.client !== undefined) this.#rare = { client: source.client };
    executor?.((principal) => {
      this.#rare = { ...this.#rare, principal };
    });
  }

  /** Names in lower case; values as Node joins them. */
  get headers(): IncomingHttpHeaders {
    if (typeof this.#headers === 'string') this.#headers = unpackHeaders(this.#headers);
    return this.#headers;
  }

  /** The path of the target, as received, without query. */
  get requestedPath(): string {
    return requestedPathOf(this.url);
  }

  /** Address of this machine that the peer connected to, '' when the connection is over. */
  get localAddress(): string {
    return this.#socket?.localAddress ?? '';
  }

  /** Port of the TCP peer, 0 when it is gone already or connected through a Unix socket. */
  get peerPort(): number {
    return this.#socket?.remotePort ?? 0;
  }

  /** Address of the client: what a trusted proxy says (`trustedProxies` of the container), else the peer's. */
  get remoteAddress(): string {
    return this.#rare?.client === undefined ? this.peerAddress : this.#rare.client.remoteAddress;
  }

  /** True when the client's connection is TLS: to this process, or to a trusted proxy that says so. */
  get secure(): boolean {
    return this.#rare?.client === undefined ? isEncrypted(this.#socket) : this.#rare.client.secure;
  }

  /** Host and port that the client addressed: what a trusted proxy says, else the header `Host`. */
  get host(): string | undefined {
    return this.#rare?.client === undefined ? headerIn(this.#headers, 'host') : this.#rare.client.host;
  }

  /** Subprotocols in the client's order of preference (RFC 6455 §4.1 number 10). */
  get offeredSubprotocols(): readonly string[] {
    const offered = this.headers['sec-websocket-protocol'];
    return offered === undefined ? [] : (parseSubprotocols(offered) ?? []);
  }

  /** Extensions in the client's order of preference (RFC 6455 §9.1), known here or not. */
  get offeredExtensions(): readonly ExtensionOffer[] {
    const offered = this.headers['sec-websocket-extensions']?.trim() ?? '';
    return offered === '' ? [] : (parseExtensions(offered) ?? []);
  }

  /** The page a browser connects from; undefined from programs that send none. */
  get origin(): string | undefined {
    return headerIn(this.#headers, 'origin');
  }

  /** Who the client is, once the configurator's `authenticate` has said it. */
  get principal(): Principal | undefined {
    return this.#rare?.principal;
  }

  /** The query's parameters, decoded. Parsed when first asked for. */
  get query(): URLSearchParams {
    if (this.#rare?.query !== undefined) return this.#rare.query;
    const start = this.url.indexOf('?');
    const query = new URLSearchParams(start === -1 ? '' : this.url.slice(start + 1));
    this.#rare = { ...this.#rare, query };
    return query;
  }
}

function headerIn(headers: IncomingHttpHeaders | string, name: 'host' | 'origin'): string | undefined {
  return typeof headers === 'string' ? findPackedHeader(headers, name) : headers[name];
}

/** The path of a request target: origin form `/path?query`, or absolute form `http://host/path` (RFC 9112 §3.2). */
export function requestedPathOf(target: string): string {
  // What most clients send.
  if (target.startsWith('/') && !/[?#]/.test(target)) return target;
  const pathAndQuery = target.replace(/^https?:\/\/[^/?#]*/i, '');
  const end = pathAndQuery.search(/[?#]/);
  return (end === -1 ? pathAndQuery : pathAndQuery.slice(0, end)) || '/';
}
