// The listeners on a socket: one set of functions for all sockets, which find the socket's owner in a property of the socket.
import type { Duplex } from 'node:stream';

export interface SocketEvents<Owner> {
  onData(owner: Owner, chunk: Buffer): void;
  /** The peer ended its side of TCP. */
  onEnd(owner: Owner): void;
  onError(owner: Owner, cause: Error): void;
  /** The socket is closed; nothing follows. */
  onClosed(owner: Owner): void;
}

interface OwnedSocket<Owner> extends Duplex {
  [ownerOfSocket]?: Owner;
}

const ownerOfSocket = Symbol('longwire.connection');

/** Binds a socket to its owner; `head` was received after the handshake and is read first. */
export type SocketBinder<Owner> = (owner: Owner, socket: Duplex, head: Buffer) => void;

/** Returns the function that binds sockets to owners. No closure per socket, to keep idle connections small. */
export function socketBinder<Owner>(events: SocketEvents<Owner>): SocketBinder<Owner> {
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
  function readEnded(owner: Owner, head: Buffer): void {
    if (head.length > 0) events.onData(owner, head);
    events.onEnd(owner);
  }
  return (owner, socket, head) => {
    const hasEnded = socket.readableEnded;
    if (head.length > 0 && !hasEnded) socket.unshift(head);
    // The peer may end its side before its data has been read; this side ends when the owner decides.
    socket.allowHalfOpen = true;
    (socket as OwnedSocket<Owner>)[ownerOfSocket] = owner;
    socket.on('error', onError);
    socket.on('close', onClose);
    socket.on('end', onEnd);
    // Last: this listener starts the flow of data.
    socket.on('data', onData);
    // The peer may have closed before the caller accepted: events that were emitted by then are not repeated by Node.
    if (socket.destroyed) process.nextTick(() => events.onClosed(owner));
    else if (hasEnded) process.nextTick(readEnded, owner, head);
  };
}
