// The listeners on a socket: one set of functions for all sockets, which find the socket's owner on the socket itself.
import type { Duplex } from 'node:stream';

export interface SocketEvents<Owner> {
  onData(owner: Owner, chunk: Buffer): void;
  /** The peer ended its side of TCP. */
  onEnd(owner: Owner): void;
  onError(owner: Owner, cause: Error): void;
  /** The socket is gone; nothing follows. */
  onClosed(owner: Owner): void;
}

interface OwnedSocket<Owner> extends Duplex {
  [ownerOfSocket]?: Owner;
}

const ownerOfSocket = Symbol('longwire.connection');

/** Makes the function that binds sockets to owners. No closure per socket: an idle connection costs memory that counts. */
export function socketBinder<Owner>(events: SocketEvents<Owner>): (owner: Owner, socket: Duplex) => void {
  function onData(this: OwnedSocket<Owner>, chunk: Buffer): void {
    events.onData(this[ownerOfSocket]!, chunk);
  }
  function onEnd(this: OwnedSocket<Owner>): void {
    events.onEnd(this[ownerOfSocket]!);
  }
  function onError(this: OwnedSocket<Owner>, cause: Error): void {
    events.onError(this[ownerOfSocket]!, cause);
  }
  function onClose(this: OwnedSocket<Owner>): void {
    events.onClosed(this[ownerOfSocket]!);
  }
  return (owner, socket) => {
    (socket as OwnedSocket<Owner>)[ownerOfSocket] = owner;
    socket.on('error', onError);
    socket.on('close', onClose);
    socket.on('end', onEnd);
    // Last: this is what starts the flow.
    socket.on('data', onData);
  };
}
