// The address of a socket's peer, asked of the libuv handle: `socket.remoteAddress` keeps an object on the socket for as long
// as it is open, 80 bytes for each of thousands of connections. Where the handle is missing or different, it is used.
import type { Socket } from 'node:net';

interface AddressHandle {
  getpeername?: (result: { address?: unknown }) => number;
}

/** '' when the peer has gone, or is connected through a Unix socket. */
export function peerAddressOf(socket: Socket): string {
  const handle = (socket as { _handle?: AddressHandle | null })._handle;
  if (typeof handle?.getpeername === 'function') {
    const result: { address?: unknown } = {};
    if (handle.getpeername(result) === 0 && typeof result.address === 'string') return result.address;
  }
  return socket.remoteAddress ?? '';
}
