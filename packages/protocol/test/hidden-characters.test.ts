import { describe, expect, test } from 'vitest';
import { findHiddenCharacter, parseUserId } from '../src/index.js';

const zwnj = '\u200c';
const zwj = '\u200d';

describe('findHiddenCharacter', () => {
  test.each([
    ['a bidirectional override', 'bob\u202egnp', 'U+202E'],
    ['a bidirectional isolate', '\u2066bob', 'U+2066'],
    ['a left-to-right mark', 'bob\u200e', 'U+200E'],
    ['an Arabic letter mark', 'bob\u061c', 'U+061C'],
    ['a zero-width space', 'bo\u200bb', 'U+200B'],
    ['a word joiner', 'bo\u2060b', 'U+2060'],
    ['a soft hyphen', 'bo\u00adb', 'U+00AD'],
    ['a combining grapheme joiner', 'bo\u034fb', 'U+034F'],
    ['a Hangul filler', '\u3164', 'U+3164'],
    ['a variation selector', 'bob\ufe0f', 'U+FE0F'],
    ['a tag character', 'bob\u{e0062}', 'U+E0062'],
    ['a noncharacter', 'bob\uffff', 'U+FFFF'],
  ])('finds %s', (_, id, found) => {
    expect(findHiddenCharacter(id)).toBe(found);
  });

  test.each(['bob', 'auth0|5f', '张三', 'Ελένη', 'हिन्दी', 'اسم', '🦊', 'e\u0301', 'bob+x@example.org', ''])(
    'finds nothing in %j',
    (id) => {
      expect(findHiddenCharacter(id)).toBeUndefined();
    },
  );

  // RFC 5892, A.1 and A.2.
  test.each([
    ['ZWNJ between joining Arabic letters', `نامه${zwnj}ای`],
    ['ZWNJ with transparent marks around it', `به\u064e${zwnj}\u064eب`],
    ['ZWNJ after a virama', `क्${zwnj}ष`],
    ['ZWJ after a virama', `क्${zwj}ष`],
    ['ZWJ at the end, after a virama', `ක්${zwj}`],
    ['ZWJ after a virama of the Supplementary Multilingual Plane', `\u{11013}\u{11046}${zwj}\u{11013}`],
  ])('allows %s', (_, id) => {
    expect(findHiddenCharacter(id)).toBeUndefined();
  });

  test.each([
    ['ZWNJ between Latin letters', `bo${zwnj}b`, 'U+200C'],
    ['ZWNJ after a letter that does not join the next one', `را${zwnj}ب`, 'U+200C'],
    ['ZWNJ before a letter that does not join the previous one', `ب${zwnj}b`, 'U+200C'],
    ['ZWNJ at the start', `${zwnj}ب`, 'U+200C'],
    ['ZWNJ at the end', `ب${zwnj}`, 'U+200C'],
    ['two ZWNJ', `ب${zwnj}${zwnj}ب`, 'U+200C'],
    ['ZWJ between Arabic letters', `ب${zwj}ب`, 'U+200D'],
    ['ZWJ between emoji', `👩${zwj}👧`, 'U+200D'],
    ['ZWJ after a mark that is not a virama', `か\u3099${zwj}`, 'U+200D'],
    ['ZWJ after a mark of class 10', `ב\u05b0${zwj}`, 'U+200D'],
  ])('finds %s', (_, id, found) => {
    expect(findHiddenCharacter(id)).toBe(found);
  });

  test('finds what parseUserId accepts, so that stored ids stay valid', () => {
    expect(parseUserId('bob\u200b')).toBe('bob\u200b');
  });
});
