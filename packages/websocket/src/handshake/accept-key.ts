// Sec-WebSocket-Key and Sec-WebSocket-Accept, RFC 6455 §4.2.2.
import { hash, randomBytes } from 'node:crypto';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
// 16 bytes in base64: 22 characters, of which the last has four unused bits, and the padding.
const KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/;

/** What a server answers to `key`. */
export function acceptKey(key: string): string {
  return hash('sha1', key + GUID, 'base64');
}

/** A new random key: RFC 6455 §4.1 asks for 16 random bytes, fresh for each connection. */
export function newHandshakeKey(): string {
  return randomBytes(16).toString('base64');
}

export function isHandshakeKey(value: string): boolean {
  return KEY.test(value);
}
