// What is written to a socket first: the answer to its handshake, whoever gives it.
import type { Duplex } from 'node:stream';

/**
 * Calls `tell` with the first thing that is written to `socket`, as text, before it is written. For debugging only: it
 * stands in the way of `write` and `end` until then, because acceptance and refusals of every kind go that way.
 */
export function onFirstWrite(socket: Duplex, tell: (text: string) => void): void {
  const stepAside = (): void => {
    delete (socket as Partial<Duplex>).write;
    delete (socket as Partial<Duplex>).end;
  };
  const watch = (chunk: unknown): void => {
    stepAside();
    if (typeof chunk === 'string') tell(chunk);
    else if (chunk instanceof Uint8Array) tell(Buffer.from(chunk).toString('utf8'));
  };
  const { write, end } = socket;
  socket.write = ((...given: unknown[]): boolean => {
    watch(given[0]);
    return Reflect.apply(write, socket, given) as boolean;
  }) as Duplex['write'];
  socket.end = ((...given: unknown[]): Duplex => {
    watch(given[0]);
    return Reflect.apply(end, socket, given) as Duplex;
  }) as Duplex['end'];
}
