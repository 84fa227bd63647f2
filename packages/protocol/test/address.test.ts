import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  directAddress,
  formatAddress,
  isAddress,
  isCommandId,
  parseAddress,
  parseDeviceId,
  parseEpoch,
  parseGroupId,
  parseUserId,
} from '../src/index.js';
import { readVectors } from './vectors.js';

interface AddressVectors {
  readonly valid: readonly { readonly text: string; readonly address: object }[];
  readonly invalid: readonly string[];
}
const vectors = readVectors<AddressVectors>('addresses');

describe('addresses', () => {
  test.each(vectors.valid)('parseAddress accepts $text', ({ text, address }) => {
    expect(parseAddress(text)).toEqual(address);
    const parsed = parseAddress(text);
    expect(parsed === undefined ? undefined : formatAddress(parsed)).toBe(text);
  });

  test.each(vectors.invalid.map((text) => JSON.stringify(text)))('parseAddress refuses %s', (literal) => {
    expect(isAddress(JSON.parse(literal) as string)).toBe(false);
  });

  test('formatAddress writes every parsed address back unchanged', () => {
    const part = fc.string({ unit: 'grapheme', maxLength: 12 });
    const text = fc
      .tuple(fc.constantFrom('user', 'group', 'inbox', 'topic', 'all'), fc.array(part, { maxLength: 4 }))
      .map(([kind, parts]) => [kind, ...parts].join('/'));
    fc.assert(
      fc.property(text, (address) => {
        const parsed = parseAddress(address);
        if (parsed !== undefined) expect(formatAddress(parsed)).toBe(address);
      }),
      { numRuns: 5000 },
    );
  }, 120_000);

  test('formatAddress of a topic is parsed back, whatever its levels', () => {
    const level = fc
      .string({ unit: 'grapheme', maxLength: 6 })
      .map((text) => text.normalize('NFC').replace(/[\0/]/g, ''));
    fc.assert(
      fc.property(fc.array(level, { minLength: 1, maxLength: 5 }), (levels) => {
        expect(parseAddress(formatAddress({ kind: 'topic', levels }))).toEqual({ kind: 'topic', levels });
      }),
      { numRuns: 2000 },
    );
  });

  test('parseUserId accepts exactly one normal form of a text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }), (text) => {
        const user = parseUserId(text);
        if (user === undefined) return;
        expect(text.normalize('NFC')).toBe(text);
        expect(Buffer.from(text).toString()).toBe(text);
        expect(parseAddress(directAddress(user))).toEqual({ kind: 'direct', peer: text });
      }),
    );
  });
});

describe('ids', () => {
  test('parseUserId, parseDeviceId and parseGroupId have one grammar', () => {
    for (const parse of [parseUserId, parseDeviceId, parseGroupId]) {
      expect(parse('auth0|5f')).toBe('auth0|5f');
      expect(parse('x'.repeat(128))).toBeDefined();
      for (const bad of ['', 'x'.repeat(129), 'a b', 'a/b', 'a\u0007', 'a\u2028', '\ud800', 'e\u0301']) {
        expect(parse(bad)).toBeUndefined();
      }
    }
  });

  test('isCommandId accepts strings of at most 64 bytes and integers from 0 to 2^53-1', () => {
    for (const good of ['', 'a', 'é'.repeat(32), 0, 2 ** 53 - 1]) expect(isCommandId(good)).toBe(true);
    for (const bad of ['a'.repeat(65), 'é'.repeat(33), -1, 0.5, 2 ** 53, Number.NaN, null, undefined, {}, [], true]) {
      expect(isCommandId(bad)).toBe(false);
    }
  });

  test('parseEpoch accepts 1-64 visible ASCII characters', () => {
    expect(parseEpoch('k3')).toBe('k3');
    for (const bad of ['', 'a b', 'é', 'a\n', 'x'.repeat(65)]) expect(parseEpoch(bad)).toBeUndefined();
  });
});
