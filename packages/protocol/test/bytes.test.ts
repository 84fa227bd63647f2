import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fitsUtf8Bytes, utf8ByteLength } from '../src/codec/utf8.js';
import { base64ByteLength, decodeBase64, encodeBase64 } from '../src/index.js';

describe('base64', () => {
  // RFC 4648 §10.
  test.each([
    ['', ''],
    ['f', 'Zg=='],
    ['fo', 'Zm8='],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg=='],
    ['fooba', 'Zm9vYmE='],
    ['foobar', 'Zm9vYmFy'],
  ])('%j is %j', (text, base64) => {
    const bytes = new TextEncoder().encode(text);
    expect(encodeBase64(bytes)).toBe(base64);
    expect(decodeBase64(base64)).toEqual(bytes);
    expect(base64ByteLength(base64)).toBe(bytes.length);
  });

  test('encodes and decodes like Buffer', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const text = Buffer.from(bytes).toString('base64');
        expect(encodeBase64(bytes)).toBe(text);
        expect(decodeBase64(text)).toEqual(bytes);
      }),
    );
  });

  test('decodeBase64 accepts only the canonical encoding', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9+/=_\- ]{0,9}$/), (text) => {
        const bytes = decodeBase64(text);
        if (bytes !== undefined) expect(encodeBase64(bytes)).toBe(text);
      }),
      { numRuns: 5000 },
    );
    for (const bad of ['A', 'AA', 'AAA', 'AB==', 'AAB=', 'A===', '====', 'AA==AAAA', 'AAAA\n', ' AAAA', 'AA-_']) {
      expect(decodeBase64(bad)).toBeUndefined();
    }
  }, 120_000);
});

describe('UTF-8 lengths', () => {
  test('utf8ByteLength and fitsUtf8Bytes agree with TextEncoder, also for lone surrogates', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(40), (text, cut) => {
        const part = text.slice(cut % (text.length + 1)) + text.slice(0, cut % (text.length + 1));
        const length = new TextEncoder().encode(part).length;
        expect(utf8ByteLength(part)).toBe(length);
        expect(fitsUtf8Bytes(part, length)).toBe(true);
        if (length > 0) expect(fitsUtf8Bytes(part, length - 1)).toBe(false);
      }),
      { numRuns: 2000 },
    );
    for (const text of ['\ud83d', '\ude00\ud83d', '\ud83d\ude00', 'a\ud83da']) {
      expect(utf8ByteLength(text)).toBe(Buffer.byteLength(text));
    }
  }, 120_000);
});
