// Text of files that people write, on any system: editors and shells of Windows begin them with a byte order mark, or write
// UTF-16.

import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';

/**
 * Reads a text file, without its byte order mark.
 * @throws Error the file cannot be read, or is not text; the message says why
 */
export function readTextFile(path: string): string {
  return decodeText(readFileSync(path));
}

/**
 * Decodes UTF-8, or UTF-16 with a byte order mark.
 * @throws Error anything else, because wrong bytes would be replaced by others without notice
 */
export function decodeText(bytes: Buffer): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return decodeUtf16(bytes.subarray(2));
  if (first === 0xfe && second === 0xff) return decodeBigEndian(bytes.subarray(2));
  if (!isUtf8(bytes)) throw new Error('it is not text in UTF-8');
  const text = bytes.toString('utf8').replace(/^\ufeff/, '');
  if (text.includes('\0'))
    throw new Error('it has NUL characters, as UTF-16 without a byte order mark has: save it as UTF-8');
  return text;
}

function decodeUtf16(bytes: Buffer): string {
  assertWholeUnits(bytes);
  return bytes.toString('utf16le');
}

function decodeBigEndian(bytes: Buffer): string {
  assertWholeUnits(bytes);
  return Buffer.from(bytes).swap16().toString('utf16le');
}

function assertWholeUnits(bytes: Buffer): void {
  if (bytes.byteLength % 2 !== 0) throw new Error('it begins as UTF-16 and ends in the middle of a character');
}
