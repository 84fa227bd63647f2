// Standard base64, RFC 4648 §4. This package also runs where neither `Buffer` nor `atob` exists.

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const canonical = /^[A-Za-z0-9+/]*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$/;

const valueOfUnit = new Uint8Array(128);
for (let value = 0; value < 64; value += 1) valueOfUnit[alphabet.charCodeAt(value)] = value;

/**
 * The number of bytes that `text` encodes. Undefined unless it is the canonical encoding: padded, without white space,
 * without set bits after the last byte (RFC 4648 §3.5).
 */
export function base64ByteLength(text: string): number | undefined {
  if (text.length % 4 !== 0 || !canonical.test(text)) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return (text.length / 4) * 3 - padding;
}

/** Decodes `text` into a new array. Undefined unless it is canonical base64. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const length = base64ByteLength(text);
  if (length === undefined) return undefined;
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (let index = 0; index < text.length; index += 4) {
    // '=' counts as 0, and writes past the end of a typed array are ignored.
    const group = (unitAt(text, index) << 18) | (unitAt(text, index + 1) << 12) | (unitAt(text, index + 2) << 6);
    const whole = group | unitAt(text, index + 3);
    bytes[offset] = whole >> 16;
    bytes[offset + 1] = (whole >> 8) & 0xff;
    bytes[offset + 2] = whole & 0xff;
    offset += 3;
  }
  return bytes;
}

/** Encodes `bytes` as canonical base64. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = '';
  for (let index = 0; index < bytes.length; index += 3) {
    const left = bytes.length - index;
    const group = ((bytes[index] ?? 0) << 16) | ((bytes[index + 1] ?? 0) << 8) | (bytes[index + 2] ?? 0);
    text += alphabet.charAt(group >> 18) + alphabet.charAt((group >> 12) & 63);
    text += left > 1 ? alphabet.charAt((group >> 6) & 63) : '=';
    text += left > 2 ? alphabet.charAt(group & 63) : '=';
  }
  return text;
}

function unitAt(text: string, index: number): number {
  return valueOfUnit[text.charCodeAt(index)] ?? 0;
}
