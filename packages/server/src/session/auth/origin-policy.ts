// Which web pages may open a connection: the server's own, and those on the list.

/**
 * Whether a handshake with this Origin may go on. Without one it is no browser, and its credentials decide.
 * @param origin  the Origin header, or undefined
 * @param host  the Host header, or undefined
 * @param allowedOrigins  origins as browsers spell them (`https://app.example.org`, no default port)
 */
export function isOriginAllowed(
  origin: string | undefined,
  host: string | undefined,
  allowedOrigins: readonly string[],
): boolean {
  if (origin === undefined) return true;
  // `null` (a sandboxed frame, a file, a redirect) is everybody's origin.
  const url = URL.canParse(origin) ? new URL(origin) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) return false;
  // An Origin is scheme, host and port and nothing else (RFC 6454 §6.1); what has more was not made by a browser.
  if (url.origin !== origin.toLowerCase()) return false;
  if (allowedOrigins.includes(url.origin)) return true;
  // Behind a proxy that ends TLS the scheme is not known here, so host and port decide.
  const own =
    host !== undefined && URL.canParse(`${url.protocol}//${host}`) ? new URL(`${url.protocol}//${host}`) : undefined;
  return own !== undefined && own.host === url.host && own.username === '' && own.pathname === '/';
}
