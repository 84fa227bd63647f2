// What a client asked for when it opened the connection: what configurators judge and what a session remembers.
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';

/**
 * The opening request of one connection. Everything in it was written by the client, except the address and `secure`.
 * Node's own objects are not kept: a session holds the headers and nothing of the request.
 */
export class HandshakeRequest {
  /** The request target as received: path and query. */
  readonly url: string;
  /** The path of the target, as received, without query. */
  readonly requestedPath: string;
  /** Names in lower case; values as Node joins them. */
  readonly headers: IncomingHttpHeaders;
  /** Address of the TCP peer, '' when it is gone already. Behind a proxy this is the proxy's. */
  readonly remoteAddress: string;
  /** Address of this machine that the client connected to. */
  readonly localAddress: string;
  /** True when the connection to this process is TLS. */
  readonly secure: boolean;
  /** Subprotocols in the client's order of preference (RFC 6455 §4.1 number 10). */
  readonly offeredSubprotocols: readonly string[];
  #query: URLSearchParams | undefined;

  constructor(request: IncomingMessage, offeredSubprotocols: readonly string[]) {
    this.url = request.url ?? '/';
    this.requestedPath = requestedPathOf(this.url);
    this.headers = request.headers;
    this.remoteAddress = request.socket.remoteAddress ?? '';
    this.localAddress = request.socket.localAddress ?? '';
    this.secure = (request.socket as Partial<TLSSocket>).encrypted === true;
    this.offeredSubprotocols = offeredSubprotocols;
  }

  /** The page a browser connects from; undefined from programs that send none. */
  get origin(): string | undefined {
    return this.headers.origin;
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
