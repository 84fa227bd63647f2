import { describe, expect, it } from 'vitest';
import { decodeText } from '../../src/config/text-file.js';

const text = 'geheim-秘密-🔑';
const utf16 = Buffer.from(text, 'utf16le');

describe('decodeText', () => {
  it.each([
    ['UTF-8', Buffer.from(text)],
    ['UTF-8 with a byte order mark', Buffer.from(`\ufeff${text}`)],
    ['UTF-16, little end first', Buffer.concat([Buffer.from([0xff, 0xfe]), utf16])],
    ['UTF-16, big end first', Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(utf16).swap16()])],
  ])('returns the same text from %s', (_encoding, bytes) => {
    expect(decodeText(bytes)).toBe(text);
  });

  it.each([
    ['bytes that are not UTF-8', Buffer.from([0x61, 0x80, 0x62]), 'UTF-8'],
    ['UTF-16 without a byte order mark', Buffer.from('abc', 'utf16le'), 'UTF-16'],
    ['UTF-16 cut in the middle of a character', Buffer.from([0xff, 0xfe, 0x61]), 'UTF-16'],
  ])('throws for %s', (_bytes, bytes, expected) => {
    expect(() => decodeText(bytes)).toThrow(expected);
  });
});
