// Subprotocols, RFC 6455 §1.9 and §4.
import { isTokenCode } from '../extension/extension-header.js';

export function isToken(value: string): boolean {
  if (value === '') return false;
  for (let i = 0; i < value.length; i++) {
    if (!isTokenCode(value.charCodeAt(i))) return false;
  }
  return true;
}

/** The names in a Sec-WebSocket-Protocol header, or undefined if one is not a token or occurs twice (RFC 6455 §4.1). */
export function parseSubprotocols(header: string): readonly string[] | undefined {
  const names = new Set<string>();
  for (const part of header.split(',')) {
    const name = part.trim();
    if (!isToken(name) || names.has(name)) return undefined;
    names.add(name);
  }
  return [...names];
}

/** The server's choice: the first of `supported` that was offered; undefined = none in common, and none is answered. */
export function selectSubprotocol(offered: readonly string[], supported: readonly string[]): string | undefined {
  return supported.find((name) => offered.includes(name));
}
