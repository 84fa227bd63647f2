// Which web pages may connect when nobody decides otherwise. RFC 6455 §10.2; browsers apply no same-origin rule to
// WebSocket.
import { isLoopbackOrigin, isSameOrigin } from '@longwire/websocket';
import type { HandshakeRequest } from './handshake-request.js';

/**
 * True for a page of the host and port that were connected to, and for clients that send no Origin, which are no
 * browsers. Everything else is refused: other hosts, other ports, `null`, origins that are neither http nor https, and
 * an http page on a TLS connection.
 */
export function isSameHostOrigin(origin: string | undefined, request: HandshakeRequest): boolean {
  if (origin === undefined) return true;
  const { host } = request.headers;
  if (isSameOrigin(origin, host, true)) return true;
  // Without TLS here, a proxy may still have ended it: then the page is https and this connection is not. Only the
  // opposite is known to be wrong.
  return !request.secure && isSameOrigin(origin, host, false) === true;
}

/**
 * {@link isSameHostOrigin}, or a page of this machine whose request arrived on a loopback address. For development
 * only.
 */
export function isSameHostOrLoopbackOrigin(origin: string | undefined, request: HandshakeRequest): boolean {
  if (isSameHostOrigin(origin, request)) return true;
  return (
    isLoopbackAddress(request.localAddress) && isLoopbackAddress(request.remoteAddress) && isLoopbackOrigin(origin)
  );
}

function isLoopbackAddress(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\.\d+\.\d+\.\d+$/.test(address);
}
