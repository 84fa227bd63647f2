// The text of opening handshakes, valid and invalid ones.

export interface UpgradeRequestParts {
  readonly method?: string | undefined;
  readonly path?: string | undefined;
  readonly version?: string | undefined;
  /** Added after the lines of a good handshake. */
  readonly lines?: readonly string[] | undefined;
  /** Names (in lower case) of lines to leave out. */
  readonly without?: readonly string[] | undefined;
  /** Bytes behind the header, as if they were a body. */
  readonly body?: string | undefined;
}

/** RFC 6455 §1.3 has this key. */
const SAMPLE_KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

/** A handshake that a server must accept, with the given changes. */
export function upgradeRequest(port: number, parts: UpgradeRequestParts = {}): string {
  const { method = 'GET', path = '/v1/connect', version = 'HTTP/1.1', lines = [], without = [], body = '' } = parts;
  const good = [
    `Host: 127.0.0.1:${port}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${SAMPLE_KEY}`,
    'Sec-WebSocket-Version: 13',
  ].filter((line) => !without.includes(line.slice(0, line.indexOf(':')).toLowerCase()));
  return `${[`${method} ${path} ${version}`, ...good, ...lines].join('\r\n')}\r\n\r\n${body}`;
}
