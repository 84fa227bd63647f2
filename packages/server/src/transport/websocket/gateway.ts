// The messaging gateway: `GET /v1/connect` as an endpoint in the container, one instance per connection.

import {
  type CloseReason,
  type ConnectionRefusal,
  type ContainerObserver,
  defineEndpoint,
  type EndpointDefinition,
  type HandshakeRequest,
  refuse,
  type Session,
} from '@longwire/endpoint';
import {
  bearerSubprotocolPrefix,
  CloseCode,
  connectPath,
  randomId,
  StandardCloseCode,
  subprotocol,
} from '@longwire/protocol';
import type { Logger } from '../../runtime/logger.js';
import { fillRandom } from '../../runtime/random-source.js';
import type { RefusalCounter, RefusalKind } from '../../runtime/refusal-counter.js';
import { credentialFromHandshake, type HandshakeCredential } from '../../session/auth/handshake-credential.js';
import type { Authenticator } from '../../session/authenticate.js';
import { ClientSession, type SessionBounds } from '../../session/client-session.js';
import type { ConnectionLimits, ConnectionOrigin, HandshakeRefusal } from '../../session/limits/connection-limits.js';
import type { OutboxBudget } from '../../session/limits/outbox-budget.js';
import type { RefusalLog } from '../../session/limits/refusal-log.js';
import type { SilentConnections } from '../../session/limits/silent-connections.js';
import type { Router } from '../../session/router.js';
import type { SignIn } from '../../session/sign-in.js';
import { EndpointOutlet } from './endpoint-outlet.js';

export interface GatewayParts {
  readonly authenticator: Authenticator;
  readonly signIn: SignIn;
  readonly connectionLimits: ConnectionLimits;
  readonly silent: SilentConnections;
  readonly router: Router;
  readonly refusals: RefusalLog;
  readonly logger: Logger;
  /** Every session from its upgrade to its end. */
  readonly sessions: Set<ClientSession>;
  readonly outboxes: OutboxBudget;
  /** True once the server has begun to stop. */
  readonly isDraining: () => boolean;
}

export interface GatewayOptions extends SessionBounds {
  readonly allowedOrigins: readonly string[];
  readonly commandBytes: number;
  readonly heartbeatMs: number;
  readonly heartbeatGraceMs: number;
  readonly slowReaderMs: number;
}

/** Seconds after which a client may come back that met a server which stops. */
const STOPPING_RETRY_S = 2;

export function gatewayEndpoint(parts: GatewayParts, options: GatewayOptions): EndpointDefinition<typeof connectPath> {
  return defineEndpoint(connectPath, GatewayConnection, {
    subprotocols: [subprotocol],
    // Commands are handled as they arrive; what bounds them is the session's own valve.
    concurrent: true,
    maxTextBytes: options.commandBytes,
    // Binary messages are refused, whatever is in them.
    maxBinaryBytes: options.commandBytes,
    limits: {
      heartbeatMs: options.heartbeatMs,
      heartbeatGraceMs: options.heartbeatGraceMs,
      heartbeatCloseCode: CloseCode.heartbeatMissed,
      slowReaderMs: options.slowReaderMs,
      slowReaderCloseCode: CloseCode.slow,
      drainBytes: Math.floor(options.outboxBytes / 2),
      // The outbox is bounded by the session, which becomes a reader behind its tail; this bound only catches faults.
      maxBufferedBytes: 4 * options.outboxBytes,
    },
    configurator: {
      checkOrigin: options.allowedOrigins,
      modifyHandshake: (request) => admit(request, parts),
      createInstance: (_, request) => new GatewayConnection(parts, options, request),
    },
  });
}

/** Requests that were refused here: what else is refused with 403 is a page of another origin. */
const refusedCallers = new WeakSet<HandshakeRequest>();

/** For the container of the endpoint: counts what the container refuses. */
export function gatewayObserver(counter: RefusalCounter): ContainerObserver {
  return {
    handshakeRefused(request, status) {
      if (status === 403 && !refusedCallers.has(request)) counter.count('origin');
    },
  };
}

class GatewayConnection {
  readonly #parts: GatewayParts;
  readonly #options: GatewayOptions;
  readonly #credential: HandshakeCredential;
  readonly #origin: ConnectionOrigin;
  #session: ClientSession | undefined;

  constructor(parts: GatewayParts, options: GatewayOptions, request: HandshakeRequest) {
    this.#parts = parts;
    this.#options = options;
    this.#credential = credentialFromHandshake(request);
    this.#origin = { address: request.remoteAddress, peerAddress: request.peerAddress };
  }

  onOpen(connection: Session<typeof connectPath>): void {
    const { sessions, signIn, outboxes } = this.#parts;
    const session = new ClientSession(randomId(fillRandom), new EndpointOutlet(connection), this.#options, outboxes);
    this.#session = session;
    sessions.add(session);
    signIn.begin(session, this.#origin, this.#credential);
  }

  onText(text: string): void {
    if (this.#session !== undefined) this.#parts.router.handle(this.#session, text);
  }

  onBinary(_data: Uint8Array, connection: Session<typeof connectPath>): void {
    this.#parts.refusals.counter.count('malformedFrame');
    connection.close(StandardCloseCode.unsupportedData, 'longwire.v1.json is spoken in text');
  }

  onDrain(): void {
    this.#session?.outbox.onDrain();
  }

  onClose(_connection: Session<typeof connectPath>, reason: CloseReason): void {
    const session = this.#session;
    if (session === undefined) return;
    const { sessions, signIn, refusals, logger } = this.#parts;
    const refusal = refusalOf(session, reason);
    if (refusal !== undefined) refusals.counter.count(refusal);
    session.markEnded();
    signIn.end(session);
    sessions.delete(session);
    logger.debug({ session: session.id, code: reason.code, initiator: reason.initiator }, 'Disconnected');
  }

  onError(error: unknown): void {
    // A fault of the peer on its own connection is not an error of this server.
    const level = error instanceof Error && 'closeCode' in error ? 'debug' : 'error';
    this.#parts.logger[level]({ err: error, session: this.#session?.id }, 'Connection error');
  }
}

/** What the server refused by closing a session. */
function refusalOf({ endedWith }: ClientSession, { cause }: CloseReason): RefusalKind | undefined {
  if (endedWith === CloseCode.noConnect) return 'limits.connectTimeoutMs';
  if (endedWith === CloseCode.slow) return 'limits.allOutboxesBytes';
  if (cause === 'slow_consumer') return 'slowReader';
  if (cause === 'heartbeat_timeout') return 'limits.heartbeatGraceMs';
  // Also more pings than a peer may send.
  if (cause === 'protocol_error') return 'malformedFrame';
  return cause === 'message_too_big' ? 'limits.commandBytes' : undefined;
}

const limitMessages: Readonly<Record<HandshakeRefusal['reason'], string>> = {
  waiting: 'Too many connections wait for sign-in (limits.waiting)',
  waitingPerAddress: 'Too many connections of this address wait for sign-in (limits.waitingPerAddress)',
  handshakesPerSecond: 'Too many handshakes from this address (limits.handshakesPerSecond)',
};

/** Only a bad origin, overload and an unknown protocol are refused in HTTP; credentials are checked after the upgrade. */
function admit(request: HandshakeRequest, parts: GatewayParts): ConnectionRefusal | undefined {
  parts.silent.remove({ address: request.peerAddress, port: request.peerPort });
  const refusal = parts.authenticator.refuseCaller(request);
  if (refusal !== undefined) {
    refusedCallers.add(request);
    parts.refusals.report('caller', { address: request.remoteAddress }, { code: 'forbidden', message: refusal });
    return refuse(403, refusal);
  }
  const limited = parts.connectionLimits.admitHandshake(request.remoteAddress);
  if (limited !== undefined) {
    parts.refusals.counter.count(`limits.${limited.reason}`);
    const status = limited.reason === 'waiting' ? 503 : 429;
    return refuse(status, limitMessages[limited.reason], { 'Retry-After': String(limited.afterS) });
  }
  if (parts.isDraining()) return refuse(503, 'The server is stopping', { 'Retry-After': String(STOPPING_RETRY_S) });
  const { offeredSubprotocols } = request;
  if (offeredSubprotocols.length > 0 && !offeredSubprotocols.includes(subprotocol)) {
    const offered = offeredSubprotocols.filter((name) => !name.startsWith(bearerSubprotocolPrefix)).join(', ');
    return refuse(400, `Offer the subprotocol ${subprotocol} first, or none; offered: ${offered || 'only a token'}`);
  }
  return undefined;
}
