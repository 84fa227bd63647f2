// TCP connections from their first moment on: what is one too many of its address, or silent for too long, is closed before
// it costs more than a socket.

import type { Server } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';
import type { RefusalCounter, RefusalKind } from '../runtime/refusal-counter.js';
import type { ConnectionLimits } from '../session/limits/connection-limits.js';
import type { SilentConnections, TcpPeer } from '../session/limits/silent-connections.js';

export interface ConnectionGuardOptions {
  readonly limits: ConnectionLimits;
  /** Upgrades are taken out by their endpoint: another listener for them would answer those of unknown paths. */
  readonly silent: SilentConnections;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly refusals: RefusalCounter;
}

const LOG_INTERVAL_MS = 10_000;

/** Works on `https` servers as well: there, what is silent may also be in the middle of its TLS handshake. */
export function guardConnections(
  server: Server | TlsServer,
  { limits, silent, clock, logger, refusals }: ConnectionGuardOptions,
): void {
  const report = refusalReporter(server, { clock, logger, refusals });
  const known = new WeakSet<Socket>();
  server.on('connection', (socket: Socket) => {
    // An upgrade that is ignored (h2c) gives its connection back to the server, as if it were new.
    if (known.has(socket)) return;
    known.add(socket);
    const peer = peerOf(socket);
    socket.once('close', () => {
      limits.disconnected(peer.address);
      silent.remove(peer);
    });
    if (!limits.connected(peer.address)) {
      report('limits.connectionsPerAddress', 'limits.connectionsPerAddress');
      socket.destroy();
    } else if (silent.add(peer, () => socket.destroy())) {
      report('idleConnections', 'a share of limits.connections, or of limits.waiting, for those that are silent');
    }
  });
  server.on('request', ({ socket }) => silent.remove(peerOf(socket)));
  server.on('drop', () => report('limits.connections', 'limits.connections, or as many as the descriptors allow'));
}

/** The socket of a TLS connection and that of its requests are two; they have the same peer. */
function peerOf({ remoteAddress = '', remotePort = 0 }: Socket): TcpPeer {
  return { address: remoteAddress, port: remotePort };
}

/** A full server must say so in its log, but not once for each connection that it closes. */
function refusalReporter(
  server: Server | TlsServer,
  { clock, logger, refusals }: Pick<ConnectionGuardOptions, 'clock' | 'logger' | 'refusals'>,
): (kind: RefusalKind, limit: string) => void {
  let closed = 0;
  let lastReportMs = Number.NEGATIVE_INFINITY;
  return (kind, limit) => {
    refusals.count(kind);
    closed += 1;
    const nowMs = clock.monotonicMs();
    if (nowMs - lastReportMs < LOG_INTERVAL_MS) return;
    lastReportMs = nowMs;
    logger.warn({ closed, limit, maxConnections: server.maxConnections }, 'Connections are turned away');
    closed = 0;
  };
}
