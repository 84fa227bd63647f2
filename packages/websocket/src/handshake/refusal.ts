// A refused handshake: an HTTP answer, then the connection ends.
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

export interface HandshakeRefusal {
  readonly isAccepted: false;
  /** HTTP status: 400, 403, 405, 426, 431 … */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** One sentence for a person, in plain text. */
  readonly body: string;
}

/** @param headers added to what every refusal has */
export function refusal(
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): HandshakeRefusal {
  return { isAccepted: false, status, headers, body };
}

/** RFC 6455 §4.4: which version is spoken here. */
export const VERSION_HEADER = Object.freeze({ 'Sec-WebSocket-Version': '13' });

/** 426 for a request that is no upgrade, or one for another version (RFC 6455 §4.4, RFC 9110 §15.5.22). */
export function upgradeRefusal(body: string): HandshakeRefusal {
  return refusal(426, body, { ...VERSION_HEADER, Upgrade: 'websocket' });
}

// Time for a peer that does not end its side to read the answer: closing at once, with bytes of the peer unread, would reset
// the connection, and the answer might be lost.
const LINGER_MS = 1000;

/**
 * Writes the answer and ends the connection; what the peer sends behind its request is discarded. Later errors of the
 * socket are ignored.
 */
export function refuseHandshake(socket: Duplex, answer: HandshakeRefusal): void {
  socket.on('error', () => socket.destroy());
  const body = Buffer.from(answer.body.endsWith('\n') ? answer.body : `${answer.body}\n`);
  const upgrade = 'Upgrade' in answer.headers ? 'Upgrade, close' : 'close';
  const lines = [
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? 'Refused'}`,
    `Connection: ${upgrade}`,
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${body.length}`,
    ...Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}`),
  ];
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
  socket.resume();
  socket.end(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]));
}
