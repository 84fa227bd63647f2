import { describe, expect, it, test } from 'vitest';
import { profileFromClaims } from '../../../src/session/auth/profile-claims.js';

const nameOf = (name: unknown) => profileFromClaims({ name });
const pictureOf = (picture: unknown) => profileFromClaims({ picture });

describe('the claim name', () => {
  it.each([
    ['is in one line, without white space around it', ' Ann\t\r\nLee\u2028 ', 'Ann Lee'],
    ['is in NFC', 'Zoe\u0308', 'Zo\u00eb'],
    ['has no characters that turn the text around', 'ann\u202egro.knab\u202c', 'anngro.knab'],
    ['has no lone surrogates', 'a\ud800b', 'a b'],
    [
      'keeps emoji of several code points',
      '\u{1f469}\u200d\u{1f680}\u2764\ufe0f',
      '\u{1f469}\u200d\u{1f680}\u2764\ufe0f',
    ],
    ['has at most 128 characters', '\u{1f600}'.repeat(200), '\u{1f600}'.repeat(128)],
  ])('%s', (_what, claim, name) => {
    expect(nameOf(claim)).toEqual({ profile: { name, picture: undefined }, ignored: [] });
  });

  it.each([[''], [' \u0000 '], [null]])('%j removes the name', (claim) => {
    expect(nameOf(claim)).toEqual({ profile: { name: null, picture: undefined }, ignored: [] });
  });

  it.each([[7], [['Ann']], [{ given: 'Ann' }], [true]])('%j is ignored', (claim) => {
    expect(nameOf(claim)).toEqual({ profile: undefined, ignored: ['name'] });
  });
});

describe('the claim picture', () => {
  it('is a URL of ASCII characters', () => {
    const { profile } = pictureOf('https://ex\u00e4mple.org/\u5f20"?a=\\b');
    expect(profile?.picture).toBe('https://xn--exmple-cua.org/%E5%BC%A0%22?a=%5Cb');
  });

  it.each([[''], [null]])('%j removes the picture', (claim) => {
    expect(pictureOf(claim)).toEqual({ profile: { name: undefined, picture: null }, ignored: [] });
  });

  it.each([
    ['javascript:alert(1)'],
    ['data:image/png;base64,AAAA'],
    ['/ann.png'],
    ['file:///etc/passwd'],
    [`https://a.example/${'x'.repeat(1_000)}`],
    [7],
  ])('%j is ignored', (claim) => {
    expect(pictureOf(claim)).toEqual({ profile: undefined, ignored: ['picture'] });
  });
});

test('a token without name and picture changes nothing', () => {
  expect(profileFromClaims({ sub: 'ann' })).toEqual({ profile: undefined, ignored: [] });
});
