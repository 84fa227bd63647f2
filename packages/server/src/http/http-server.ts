// The HTTP server under everything: limits against slow and greedy callers, the routes, and errors that never throw.

import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import type { ServerLimits } from '../config/server-config.js';
import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';
import type { RefusalCounter, RefusalKind } from '../runtime/refusal-counter.js';
import type { Caller } from '../session/auth/authenticator.js';
import type { ConnectionLimits } from '../session/limits/connection-limits.js';
import type { SilentConnections } from '../session/limits/silent-connections.js';
import { guardConnections } from './connection-guard.js';
import { PageFiles } from './page-files.js';
import { type HttpError, rawErrorResponse, replyError } from './reply.js';
import { parseRequestTarget } from './request-path.js';
import { createRouter, type Readiness, type RequestRouter } from './routes.js';
import type { KeyPair } from './tls-files.js';

export interface HttpServerOptions {
  readonly limits: Pick<ServerLimits, 'headerBytes' | 'handshakeTimeoutMs'>;
  /** Of all addresses together; never more than there are descriptors for. */
  readonly maxConnections: number;
  readonly connectionLimits: ConnectionLimits;
  readonly silent: SilentConnections;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly refusals: RefusalCounter;
  /** Asked at each `/readyz`: the store is writable, nothing is being drained. */
  readonly readiness: () => Readiness;
  /** Why a caller may not ask anything, as `Authenticator.refuseCaller`. Upgrades are the endpoint's to check. */
  readonly refuseCaller: (caller: Caller) => string | undefined;
  /** To speak TLS with; undefined: plain HTTP. */
  readonly keyPair: KeyPair | undefined;
  /** Folder of the page at `/`; undefined: no page. */
  readonly pageDirectory: string | undefined;
}

const MAX_HEADERS = 100;
/** Node looks this often for headers that take too long; with its default of 30 s a limit of 10 s means up to 40. */
const TIMEOUT_CHECK_INTERVAL_MS = 1_000;
const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 5_000;

/**
 * Makes the server, not yet listening and without an `upgrade` listener, which the owner of the endpoints attaches.
 * Nothing a caller sends makes it throw. Answers are JSON in the form of the error catalogue; the page has a strict policy.
 */
export function createHttpServer(options: HttpServerOptions): Server | TlsServer {
  const { limits, connectionLimits, silent, clock, logger, refusals } = options;
  const page = options.pageDirectory === undefined ? undefined : new PageFiles(options.pageDirectory);
  const router = createRouter({ readiness: options.readiness, page });
  const settings = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.handshakeTimeoutMs,
    requestTimeout: Math.max(REQUEST_TIMEOUT_MS, limits.handshakeTimeoutMs),
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL_MS,
    // Otherwise Node takes the first of two, where a proxy in front may have judged the second.
    joinDuplicateHeaders: true,
  };
  const onRequest = (request: IncomingMessage, response: ServerResponse) => answer(request, response, router, options);
  const server =
    options.keyPair === undefined
      ? createServer(settings, onRequest)
      : createTlsServer({ ...settings, ...options.keyPair, handshakeTimeout: limits.handshakeTimeoutMs }, onRequest);
  server.maxConnections = options.maxConnections;
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const refusal = refuseUnparsed(error, socket, limits.headerBytes);
    if (refusal !== undefined) refusals.count(kindOf(refusal));
  });
  guardConnections(server, { limits: connectionLimits, silent, clock, logger, refusals });
  return server;
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  router: RequestRouter,
  { refuseCaller, logger, refusals }: HttpServerOptions,
): void {
  // A caller that is gone before the answer is written is not a fault of this server.
  response.on('error', (error) => logger.debug({ err: error }, 'A response could not be written'));
  try {
    // Every header stands twice in rawHeaders: its name and its value.
    if (request.rawHeaders.length > 2 * MAX_HEADERS) {
      const message = `A request may have ${MAX_HEADERS} headers`;
      refusals.count('limits.headerBytes');
      replyError(response, { status: 431, code: 'too_large', message, headers: { Connection: 'close' } });
      return;
    }
    const target = parseRequestTarget(request.url ?? '');
    if (!target.ok) {
      const { message } = target;
      refusals.count('malformedRequest');
      replyError(response, { status: 400, code: 'malformed', message, headers: { Connection: 'close' } });
      return;
    }
    const { headers, socket } = request;
    const host = target.authority ?? headers.host;
    const refusal = refuseCaller({ headers: { ...headers, host }, remoteAddress: socket.remoteAddress });
    if (refusal !== undefined) {
      refusals.count('caller');
      replyError(response, { status: 403, code: 'forbidden', message: refusal, headers: { Connection: 'close' } });
      return;
    }
    router(target.path, request, response);
    // Never the query: some clients put tokens there.
    logger.debug({ method: request.method, path: target.path, status: response.statusCode }, 'Answered');
  } catch (error) {
    logger.error({ err: error, method: request.method }, 'A request failed');
    if (response.headersSent) response.destroy();
    else replyError(response, { status: 500, code: 'internal', message: 'The server failed to answer. Try again' });
  }
}

/**
 * What the parser refused. The connection is in no known state, so it ends with the answer.
 * @returns the answer; undefined if the connection was broken
 */
function refuseUnparsed(
  error: NodeJS.ErrnoException & { rawPacket?: Buffer },
  socket: Duplex,
  maxBytes: number,
): HttpError | undefined {
  // A TLS handshake that failed has no stream that an answer could go into.
  const isBroken = error.code === 'ECONNRESET' || error.code === 'EPROTO' || /^ERR_(SSL|TLS)_/.test(error.code ?? '');
  if (isBroken || !socket.writable) {
    socket.destroy();
    return undefined;
  }
  const refusal = refusalOf(error, maxBytes);
  socket.end(rawErrorResponse(refusal, STATUS_CODES[refusal.status] ?? 'Error'));
  return refusal;
}

function kindOf({ status }: HttpError): RefusalKind {
  if (status === 408) return 'limits.handshakeTimeoutMs';
  return status === 431 ? 'limits.headerBytes' : 'malformedRequest';
}

function refusalOf(error: NodeJS.ErrnoException & { rawPacket?: Buffer }, maxBytes: number): HttpError {
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return { status: 408, code: 'malformed', message: 'The request took too long to arrive' };
  }
  if (error.code === 'HPE_HEADER_OVERFLOW') {
    const lineEnd = error.rawPacket?.indexOf('\n') ?? 0;
    const isLongLine = lineEnd < 0 || lineEnd > maxBytes;
    if (isLongLine) return { status: 400, code: 'malformed', message: 'The URL is too long' };
    return { status: 431, code: 'too_large', message: `The headers of a request may have ${maxBytes} bytes` };
  }
  return { status: 400, code: 'malformed', message: 'This is not an HTTP request' };
}
