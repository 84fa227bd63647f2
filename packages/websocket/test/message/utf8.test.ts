import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Utf8Validator } from '../../src/message/utf8.js';
import { cut, hex } from '../support/hex.js';

/** Index of the first byte at which the validator says no, fed byte by byte; -1 if it never does. */
function firstBadByte(bytes: Uint8Array): number {
  const validator = new Utf8Validator();
  return [...bytes].findIndex((byte) => !validator.push(Buffer.from([byte])));
}

it.each([
  ['an overlong slash', 'c0 af', 0],
  ['an overlong three-byte form', 'e0 80 af', 1],
  ['an overlong four-byte form', 'f0 80 80 af', 1],
  ['a surrogate', '61 ed a0 80', 2],
  ['a character above U+10FFFF', 'f4 90 80 80', 1],
  ['a byte that never stands in UTF-8', '61 62 ff', 2],
  ['a continuation byte alone', '80', 0],
  ['a character cut off by ASCII', 'e2 82 61', 2],
])('refuses %s at its first bad byte', (_title, text, index) => {
  expect(firstBadByte(hex(text))).toBe(index);
  expect(new Utf8Validator().push(hex(text))).toBe(false);
});

it('refuses the bad byte of Autobahn 6.4.1 before the message ends', () => {
  const validator = new Utf8Validator();
  expect(validator.push(hex('ce ba e1 bd b9 cf 83 ce bc ce b5'))).toBe(true);
  expect(validator.push(hex('f4'))).toBe(true);
  expect(validator.push(hex('90'))).toBe(false);
});

it('Utf8Validator.isComplete is false inside a character', () => {
  const validator = new Utf8Validator();
  validator.push(hex('e2 82'));
  expect(validator.isComplete).toBe(false);
  validator.push(hex('ac'));
  expect(validator.isComplete).toBe(true);
});

const bytesNearText = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 30 }).map((text) => new Uint8Array(Buffer.from(text))),
  fc.tuple(fc.string({ unit: 'binary', maxLength: 30 }), fc.nat(), fc.nat(255)).map(([text, at, byte]) => {
    const bytes = new Uint8Array(Buffer.from(text));
    if (bytes.length > 0) bytes[at % bytes.length] = byte;
    return bytes;
  }),
);

it('agrees with the native check and with its own plain version, for any chunking', () => {
  fc.assert(
    fc.property(bytesNearText, fc.array(fc.nat(), { maxLength: 6 }), (bytes, cuts) => {
      const fast = new Utf8Validator();
      const isGood = cut(Buffer.from(bytes), cuts).every((piece) => fast.push(piece)) && fast.isComplete;
      const plain = new Utf8Validator();
      expect(isGood).toBe(plain.pushBytewise(bytes) && plain.isComplete);
      expect(isGood).toBe(isUtf8(bytes));
    }),
    { numRuns: 3000 },
  );
});

it('is as strict in the middle of a piece as byte by byte: a valid prefix is always taken', () => {
  fc.assert(
    fc.property(bytesNearText, (bytes) => {
      const bad = firstBadByte(bytes);
      const validator = new Utf8Validator();
      expect(validator.push(bytes)).toBe(bad === -1);
      if (bad > 0) expect(new Utf8Validator().push(bytes.subarray(0, bad))).toBe(true);
    }),
    { numRuns: 2000 },
  );
});
