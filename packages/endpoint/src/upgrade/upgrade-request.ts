// A request to change protocols, as node:http emits it: when it may be answered, and what happens if it asks for another
// protocol than WebSocket. Without an `upgrade` listener node:http ignores the header, as RFC 9110 §7.8 allows. With one it
// emits every `Upgrade: h2c` (Java's HttpClient sends it by default, also with a body), so those go back to the server.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/**
 * A request to change protocols, as node:http hands it out: nothing has been answered, `head` came behind the headers.
 */
export interface UpgradeRequest {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  /** Straight from node:http, so that its headers are what its header lines say: a program may have changed others. */
  readonly isAsReceived: boolean;
}

/** A socket of node:http: the response that is being sent, if there is one. Not documented, and the same in every Node. */
interface RespondingSocket {
  readonly _httpMessage?: ServerResponse | null;
}

/**
 * A client may send further requests before the answer to the first one (RFC 9112 §9.3.2), and node:http emits a
 * request to upgrade as soon as it has read it: an answer now would overtake the earlier ones, and the client would take
 * those for frames. So this answers once they have been sent, and not at all if the connection ends with one of them.
 */
export function inTurn<Result>(
  { request, socket }: UpgradeRequest,
  answer: () => Result,
): Result | Promise<Awaited<Result> | undefined> {
  const earlier = responseBeingSent(request);
  return earlier === undefined ? answer() : answerAfter(earlier, request, socket, answer);
}

async function answerAfter<Result>(
  first: ServerResponse,
  request: IncomingMessage,
  socket: Duplex,
  answer: () => Result,
): Promise<Awaited<Result> | undefined> {
  // node:http has removed its own listener, and an 'error' event without a listener ends the process.
  const ignore = (): void => {};
  socket.on('error', ignore);
  for (
    let response: ServerResponse | undefined = first;
    response !== undefined;
    response = responseBeingSent(request)
  ) {
    await new Promise<void>((resolve) => response!.once('close', resolve));
  }
  socket.off('error', ignore);
  return socket.writable ? await answer() : undefined;
}

/** Not asked of the upgrade's socket: from Node 26 on, a request with a body comes with a stream around it. */
function responseBeingSent({ socket }: IncomingMessage): ServerResponse | undefined {
  return (socket as RespondingSocket | undefined)?._httpMessage ?? undefined;
}

/** Reads the header lines as they came: `request.headers` is made when it is first asked for, which takes 2 µs. */
export function asksForWebSocket({ rawHeaders }: IncomingMessage): boolean {
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    if (!isUpgradeHeader(rawHeaders[index]!)) continue;
    const wished = rawHeaders[index + 1]!;
    // What nearly all clients write needs no list.
    if (wished === 'websocket') return true;
    if (wished.split(',').some((protocol) => protocol.trim().toLowerCase() === 'websocket')) return true;
  }
  return false;
}

function isUpgradeHeader(name: string): boolean {
  return name.length === 7 && (name === 'Upgrade' || name.toLowerCase() === 'upgrade');
}

/**
 * Puts the request back in front of what has arrived since, without its wish to upgrade, and lets the server read the
 * connection anew: its request listener answers, body and later requests included. The server's `connection` (with TLS
 * `secureConnection`) event fires a second time.
 */
export function answerAsPlainRequest(server: Server, { request, socket, head }: UpgradeRequest): void {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index]!;
    const value = withoutUpgrade(name.toLowerCase(), request.rawHeaders[index + 1]!);
    if (value !== undefined) lines.push(`${name}: ${value}`);
  }
  // node:http reads header lines as Latin-1, so this gives back the very bytes.
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('encrypted' in socket ? 'secureConnection' : 'connection', socket);
}

/** Whether a body follows the headers. */
export function hasBody({ rawHeaders }: IncomingMessage): boolean {
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!.toLowerCase();
    if (name === 'transfer-encoding' || (name === 'content-length' && Number(rawHeaders[index + 1]) !== 0)) return true;
  }
  return false;
}

/** The value of a header line without the wish to upgrade; undefined for a line that has nothing else to say. */
function withoutUpgrade(name: string, value: string): string | undefined {
  // RFC 7540 §3.2.1: HTTP2-Settings belongs to the wish for h2c.
  if (name === 'upgrade' || name === 'http2-settings') return undefined;
  if (name !== 'connection') return value;
  const kept = value.split(',').filter((option) => !/^\s*(?:upgrade|http2-settings)\s*$/i.test(option));
  return kept.length === 0 ? undefined : kept.join(',');
}
