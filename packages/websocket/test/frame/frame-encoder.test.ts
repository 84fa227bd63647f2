import fc from 'fast-check';
import { expect, it } from 'vitest';
import { encodeFrame, encodeHeader, encodeTextFrame, firstByte } from '../../src/frame/frame-encoder.js';
import { mask, maskBytewise } from '../../src/frame/mask.js';
import { nextMaskKey } from '../../src/frame/mask-key.js';
import { toHex } from '../support/hex.js';

it('writes the unmasked text message of RFC 6455 §5.7', () => {
  expect(toHex(encodeTextFrame('server', 'Hello'))).toBe('81 05 48 65 6c 6c 6f');
});

it.each([
  [125, '82 7d'],
  [126, '82 7e 00 7e'],
  [65_535, '82 7e ff ff'],
  [65_536, '82 7f 00 00 00 00 00 01 00 00'],
])('tells %i bytes in the shortest form', (bytes, header) => {
  expect(toHex(encodeHeader(firstByte(2, true, false), bytes))).toBe(header);
  expect(toHex(encodeFrame('server', 0x82, Buffer.alloc(bytes)).subarray(0, header.split(' ').length))).toBe(header);
});

it('sets FIN, RSV1 and the opcode', () => {
  expect(firstByte(1, true, true)).toBe(0xc1);
  expect(firstByte(0, false, false)).toBe(0x00);
});

it('masks a client frame with a key of its own and leaves the caller’s bytes alone', () => {
  const payload = Buffer.from('Hello');
  const frames = Array.from({ length: 100 }, () => encodeFrame('client', 0x81, payload));
  expect(payload.toString()).toBe('Hello');
  expect(new Set(frames.map((frame) => frame.subarray(2, 6).toString('hex'))).size).toBe(100);
  for (const frame of frames) {
    expect(frame[1]).toBe(0x85);
    const unmasked = frame.subarray(6).map((byte, index) => byte ^ frame[2 + (index & 3)]!);
    expect(Buffer.from(unmasked).toString()).toBe('Hello');
  }
});

it('writes text as UTF-8, masked or not, and a lone surrogate as U+FFFD', () => {
  expect(toHex(encodeTextFrame('server', 'κ\u{1f600}'))).toBe('81 06 ce ba f0 9f 98 80');
  expect(toHex(encodeTextFrame('server', '\ud800'))).toBe('81 03 ef bf bd');
});

it('masks word by word exactly as byte by byte, at every alignment and offset', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 128, maxLength: 400 }),
      fc.integer(),
      fc.nat(20),
      fc.nat(8),
      (bytes, key, offset, shift) => {
        const memory = new Uint8Array(bytes.length + shift);
        const fast = memory.subarray(shift);
        fast.set(bytes);
        const plain = bytes.slice();
        mask(fast, key, offset);
        maskBytewise(plain, key, offset, 0, plain.length);
        expect(fast).toEqual(plain);
      },
    ),
  );
});

it('takes masking keys that are spread evenly and do not repeat in a pattern', () => {
  const counts = new Uint32Array(256);
  const keys = new Set<number>();
  const draws = 100_000;
  for (let i = 0; i < draws; i++) {
    const key = nextMaskKey();
    keys.add(key);
    for (let shift = 0; shift < 32; shift += 8) counts[(key >>> shift) & 0xff]!++;
  }
  // Of 100 000 draws from 2^32, 1.2 pairs meet by chance.
  expect(keys.size).toBeGreaterThan(draws - 20);
  const expected = (draws * 4) / 256;
  const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  // 255 degrees of freedom: above 400 has a chance below 10^-7.
  expect(chiSquare).toBeLessThan(400);
});
