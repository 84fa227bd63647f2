// The Origin header: which page opens this connection, RFC 6454 and RFC 6455 §10.2. Pages of other sites send cookies too, so a
// server that trusts cookies must check it (cross-site WebSocket hijacking).

export interface OriginParts {
  readonly scheme: string;
  /** In lower case, IPv6 in brackets. */
  readonly hostname: string;
  /** With the default of the scheme filled in. */
  readonly port: number;
}

const DEFAULT_PORTS: ReadonlyMap<string, number> = new Map([
  ['http', 80],
  ['https', 443],
  ['ws', 80],
  ['wss', 443],
]);

/** Undefined for `null`, for anything but an origin (with a path, a user, a query), and for schemes without a port. */
export function parseOrigin(origin: string): OriginParts | undefined {
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/?#@\\\s]+)$/i.exec(origin);
  if (match === null) return undefined;
  const scheme = match[1]!.toLowerCase();
  const fallbackPort = DEFAULT_PORTS.get(scheme);
  const authority = fallbackPort === undefined ? undefined : parseAuthority(match[2]!, fallbackPort);
  return authority && { scheme, ...authority };
}

/**
 * Whether the page comes from the very host and port the request is addressed to. For a request without an Origin, which no
 * page of a browser sends, `undefined`: the caller decides.
 * @param host the Host header
 * @param isSecure the connection came over TLS, here or at a trusted proxy
 */
export function isSameOrigin(
  origin: string | undefined,
  host: string | undefined,
  isSecure: boolean,
): boolean | undefined {
  if (origin === undefined) return undefined;
  const page = parseOrigin(origin);
  const own = host === undefined ? undefined : parseAuthority(host, isSecure ? 443 : 80);
  if (page === undefined || own === undefined) return false;
  const isSameScheme = page.scheme === (isSecure ? 'https' : 'http');
  return isSameScheme && page.hostname === own.hostname && page.port === own.port;
}

function parseAuthority(authority: string, fallbackPort: number): Omit<OriginParts, 'scheme'> | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/i.exec(authority);
  if (match === null) return undefined;
  const port = match[2] === undefined ? fallbackPort : Number(match[2]);
  return port > 65_535 ? undefined : { hostname: match[1]!.toLowerCase(), port };
}
