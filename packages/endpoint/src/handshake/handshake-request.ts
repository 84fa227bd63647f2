// What a client asked for when it opened the connection: what configurators judge and what a session remembers.
import type { IncomingHttpHeaders } from 'node:http';
import type { ExtensionOffer } from '@longwire/websocket';
import type { Principal } from './authentication.js';

/** What a {@link HandshakeRequest} is made of. */
export interface HandshakeFacts {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly path: Readonly<Record<string, string>>;
  readonly peerAddress: string;
  readonly localAddress: string;
  readonly remoteAddress: string;
  readonly secure: boolean;
  readonly host: string | undefined;
  readonly offeredSubprotocols: readonly string[];
  readonly offeredExtensions: readonly ExtensionOffer[];
}

/** Says who the client is. Apart from the class, because only the handshake may say it. */
export let identify: (request: HandshakeRequest, principal: Principal | undefined) => void;

/**
 * The opening request of one connection. Everything in it was written by the client, except the addresses, `secure` and
 * what a trusted proxy wrote. Node's own objects are not kept: a session holds the headers and nothing of the request.
 */
export class HandshakeRequest {
  /** The request target as received: path and query. */
  readonly url: string;
  /** The path of the target, as received, without query. */
  readonly requestedPath: string;
  /** Names in lower case; values as Node joins them. */
  readonly headers: IncomingHttpHeaders;
  /** The decoded values of the endpoint's path variables: of `/chat/{room}`, `request.path.room`. */
  readonly path: Readonly<Record<string, string>>;
  /** Address of the TCP peer, '' when it is gone already or connected through a Unix socket. */
  readonly peerAddress: string;
  /** Address of this machine that the peer connected to. */
  readonly localAddress: string;
  /** Address of the client: what a trusted proxy says (`trustedProxies` of the container), else the peer's. */
  readonly remoteAddress: string;
  /** True when the client's connection is TLS: to this process, or to a trusted proxy that says so. */
  readonly secure: boolean;
  /** Host and port that the client addressed: what a trusted proxy says, else the header `Host`. */
  readonly host: string | undefined;
  /** Subprotocols in the client's order of preference (RFC 6455 §4.1 number 10). */
  readonly offeredSubprotocols: readonly string[];
  /** Extensions in the client's order of preference (RFC 6455 §9.1), known here or not. */
  readonly offeredExtensions: readonly ExtensionOffer[];
  #principal: Principal | undefined;
  #query: URLSearchParams | undefined;

  static {
    identify = (request, principal) => {
      request.#principal = principal;
    };
  }

  constructor(facts: HandshakeFacts) {
    this.url = facts.url;
    this.requestedPath = requestedPathOf(facts.url);
    this.headers = facts.headers;
    this.path = facts.path;
    this.peerAddress = facts.peerAddress;
    this.localAddress = facts.localAddress;
    this.remoteAddress = facts.remoteAddress;
    this.secure = facts.secure;
    this.host = facts.host;
    this.offeredSubprotocols = facts.offeredSubprotocols;
    this.offeredExtensions = facts.offeredExtensions;
  }

  /** The page a browser connects from; undefined from programs that send none. */
  get origin(): string | undefined {
    return this.headers.origin;
  }

  /** Who the client is, once the configurator's `authenticate` has said it. */
  get principal(): Principal | undefined {
    return this.#principal;
  }

  /** The query's parameters, decoded. Parsed when first asked for. */
  get query(): URLSearchParams {
    if (this.#query === undefined) {
      const start = this.url.indexOf('?');
      this.#query = new URLSearchParams(start === -1 ? '' : this.url.slice(start + 1));
    }
    return this.#query;
  }
}

/** The path of a request target: origin form `/path?query`, or absolute form `http://host/path` (RFC 9112 §3.2). */
export function requestedPathOf(target: string): string {
  const pathAndQuery = target.replace(/^https?:\/\/[^/?#]*/i, '');
  const end = pathAndQuery.search(/[?#]/);
  return (end === -1 ? pathAndQuery : pathAndQuery.slice(0, end)) || '/';
}
