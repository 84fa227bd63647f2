// Opening and closing the listening socket, with errors in plain words.

import type { Server } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import { type AddressInfo, createServer, isIPv6, type Server as PlainServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { ServerError } from '../errors.js';

export interface ListeningAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * Listens. Resolves with where, the port known also when it was 0, once connections are taken.
 * @throws ServerError `port_taken`, `host_unknown`, `not_permitted`, `listen_failed`
 */
export function listen(server: PlainServer, { host, port }: ListeningAddress): Promise<ListeningAddress> {
  return new Promise((resolve, reject) => {
    const onError = (cause: NodeJS.ErrnoException) => reject(listenError(cause, host, port));
    server.once('error', onError);
    server.listen({ host, port }, () => {
      server.off('error', onError);
      const address = server.address() as AddressInfo;
      resolve({ host: address.address, port: address.port });
    });
  });
}

/**
 * Listens and stops at once: whether the address is free, before anything is created for a server on it. Another program
 * may take it afterwards, so `listen` may still fail.
 * @throws ServerError `port_taken`, `host_unknown`, `not_permitted`, `listen_failed`
 */
export async function tryListening(address: ListeningAddress): Promise<void> {
  const server = createServer();
  await listen(server, address);
  await new Promise((resolve) => server.close(resolve));
}

/**
 * Stops listening, lets requests that are being answered end, and cuts what is left after `withinMs`. Resolves when no
 * connection is left; those that were upgraded must have been closed by their owner. Idempotent.
 */
export async function stopListening(server: Server | TlsServer, withinMs: number): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), withinMs);
  await closed;
  clearTimeout(cut);
}

/** Addresses to type into a browser; for a wildcard one for each interface, loopback first. */
export function listeningUrls({ host, port }: ListeningAddress, scheme: 'http' | 'https' = 'http'): string[] {
  const urlOf = (address: string) => `${scheme}://${isIPv6(address) ? `[${address}]` : address}:${port}`;
  if (host !== '0.0.0.0' && host !== '::') return [urlOf(host)];
  const isWanted = (family: string) => family === 'IPv4' || host === '::';
  const own = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    // Link-local addresses need the name of an interface beside them, which no browser takes.
    .filter(({ family, internal, address }) => isWanted(family) && !internal && !address.startsWith('fe80:'))
    .map(({ address }) => urlOf(address));
  return [urlOf('127.0.0.1'), ...own];
}

function listenError(cause: NodeJS.ErrnoException, host: string, port: number): ServerError {
  switch (cause.code) {
    case 'EADDRINUSE':
      return new ServerError(
        'port_taken',
        `Port ${port} on ${host} is taken, perhaps by another Longwire. Choose another with --port (0 takes a free one)`,
        { cause },
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ServerError('host_unknown', `This machine has no address ${host}. Choose one with --host`, { cause });
    case 'EACCES':
      return new ServerError(
        'not_permitted',
        `Port ${port} needs privileges that this process does not have. Choose one above 1023 with --port`,
        { cause },
      );
    default:
      return new ServerError('listen_failed', `Cannot listen on ${host}, port ${port}: ${cause.message}`, { cause });
  }
}
