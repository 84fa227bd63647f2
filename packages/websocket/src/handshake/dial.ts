// The client's side of the opening handshake, RFC 6455 §4.1: ws and wss, verified, never redirected.
import { type ClientRequest, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { WebSocketConnection } from '../connection/connection.js';
import { WebSocketError } from '../errors.js';
import { formatDeflateOffer } from '../extension/negotiation.js';
import { type ResolvedWebSocketOptions, resolveWebSocketOptions } from '../options.js';
import { prepareSocket } from './accept.js';
import { newHandshakeKey } from './accept-key.js';
import { assertDialOptions, type DialOptions } from './dial-options.js';
import { type VerifiedAnswer, verifyAnswer } from './verify-answer.js';

interface Attempt {
  readonly url: URL;
  readonly key: string;
  readonly settings: DialOptions;
  readonly options: ResolvedWebSocketOptions;
}

/**
 * Opens a connection. Resolves once the server's answer is verified and the connection is open.
 * @param url `ws:` or `wss:`, without a fragment; a user and password in it become Basic authentication
 * @throws WebSocketError (rejects) `invalid_url`, `invalid_subprotocol`, `invalid_option`, `handshake_refused` (with the
 * HTTP `status`), `handshake_redirected`, `handshake_invalid`, `handshake_timeout`, `handshake_failed` (not `retryable`
 * when the server's certificate is not trusted), `handshake_aborted`
 *
 * @example
 * const connection = await dial('wss://example.org/chat', { handler: { onText: (_, text) => show(text) } });
 */
export async function dial(url: string | URL, settings: DialOptions): Promise<WebSocketConnection> {
  assertDialOptions(settings);
  const options = resolveWebSocketOptions(settings.options);
  const attempt: Attempt = { url: parseUrl(url), key: newHandshakeKey(), settings, options };
  if (settings.signal?.aborted) throw aborted(settings.signal);
  return new Promise((resolve, reject) => run(attempt, resolve, reject));
}

function run(attempt: Attempt, resolve: (connection: WebSocketConnection) => void, reject: (error: unknown) => void) {
  const { settings, options } = attempt;
  let request: ClientRequest;
  try {
    request = startRequest(attempt);
  } catch (cause) {
    return reject(new WebSocketError('invalid_option', `the request cannot be made: ${String(cause)}`, { cause }));
  }
  const fail = (error: WebSocketError): void => {
    finish();
    request.destroy();
    reject(error);
  };
  const timeoutMs = options.handshakeTimeoutMs;
  const timeout = setTimeout(
    () => fail(new WebSocketError('handshake_timeout', `no answer within ${timeoutMs} ms`)),
    timeoutMs,
  );
  const onAbort = (): void => fail(aborted(settings.signal!));
  const finish = (): void => {
    clearTimeout(timeout);
    settings.signal?.removeEventListener('abort', onAbort);
  };
  settings.signal?.addEventListener('abort', onAbort);
  const onClose = (): void => fail(failed(undefined, { isPassing: true }));
  request.on('error', (cause) => fail(failed(cause, { isPassing: !isUntrusted(request, cause) })));
  request.once('close', onClose);
  // Node silently drops lines above this number; one more is noticed and rejected.
  request.maxHeadersCount = options.maxHeaderCount + 1;
  request.once('response', (response) => {
    try {
      settings.onAnswer?.(response, request);
      fail(refused(response));
    } catch (error) {
      finish();
      request.destroy();
      reject(error);
    }
  });
  request.once('upgrade', (response, socket, head) => {
    finish();
    request.off('close', onClose);
    try {
      settings.onAnswer?.(response, request);
      resolve(open(attempt, response, socket, head));
    } catch (error) {
      socket.destroy();
      reject(error);
    }
  });
  request.end();
}

function startRequest(attempt: Attempt): ClientRequest {
  const { url, key, settings, options } = attempt;
  const headers: Record<string, string> = {
    ...settings.headers,
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Key': key,
    'Sec-WebSocket-Version': '13',
  };
  const { subprotocols = [] } = settings;
  if (subprotocols.length > 0) headers['Sec-WebSocket-Protocol'] = subprotocols.join(', ');
  if (options.perMessageDeflate !== false) {
    headers['Sec-WebSocket-Extensions'] = formatDeflateOffer(options.perMessageDeflate);
  }
  const isSecure = url.protocol === 'wss:';
  const requestOptions: RequestOptions = {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (isSecure ? 443 : 80) : Number(url.port),
    path: `${url.pathname}${url.search}`,
    auth: url.username === '' ? undefined : `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`,
    headers,
    // A new socket: it never returns to a pool.
    agent: false,
    maxHeaderSize: options.maxHeaderBytes,
  };
  return isSecure ? httpsRequest({ ...settings.tls, ...requestOptions }) : httpRequest(requestOptions);
}

function open(attempt: Attempt, response: IncomingMessage, socket: Duplex, head: Buffer): WebSocketConnection {
  const { settings, options, key } = attempt;
  const answer: VerifiedAnswer = verifyAnswer(response, { key, subprotocols: settings.subprotocols ?? [], options });
  prepareSocket(socket);
  const connection = new WebSocketConnection({
    role: 'client',
    socket,
    head,
    options,
    handler: settings.handler,
    subprotocol: answer.subprotocol,
    extensions: answer.extensions,
    deflate: answer.deflate,
  });
  connection.data = settings.data;
  settings.onOpen?.(connection);
  return connection;
}

function parseUrl(input: string | URL): URL {
  let url: URL;
  try {
    url = new URL(input);
  } catch (cause) {
    throw new WebSocketError('invalid_url', `${String(input)} is not a URL`, { cause });
  }
  // RFC 6455 §3: two schemes, no fragment.
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') {
    throw new WebSocketError('invalid_url', `the URL must begin with ws: or wss:, not ${url.protocol}`);
  }
  if (url.hash !== '') throw new WebSocketError('invalid_url', 'the URL of a WebSocket has no fragment');
  return url;
}

function refused(response: IncomingMessage): WebSocketError {
  const status = response.statusCode ?? 0;
  response.destroy();
  if (status >= 300 && status < 400) {
    // Following a redirect would send credentials to a host that the caller did not name.
    const location = response.headers.location ?? 'nowhere';
    return new WebSocketError('handshake_redirected', `the server redirects to ${location}`, { status });
  }
  return new WebSocketError('handshake_refused', `the server answered ${status}`, { status });
}

/** Node sets on the socket why it does not trust the server, and then destroys it with that error. */
function isUntrusted(request: ClientRequest, cause: Error): boolean {
  const { authorizationError } = (request.socket ?? {}) as Partial<TLSSocket>;
  const reason: unknown = authorizationError ?? undefined;
  return reason !== undefined && (reason === (cause as NodeJS.ErrnoException).code || reason === cause.message);
}

function failed(cause: unknown, { isPassing }: { readonly isPassing: boolean }): WebSocketError {
  const why = cause instanceof Error ? cause.message : 'the connection ended';
  return new WebSocketError('handshake_failed', `the handshake was not completed: ${why}`, {
    cause,
    retryable: isPassing,
  });
}

function aborted(signal: AbortSignal): WebSocketError {
  return new WebSocketError('handshake_aborted', 'the attempt to connect was given up', { cause: signal.reason });
}
