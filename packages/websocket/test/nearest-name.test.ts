import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearestName } from '../src/nearest-name.js';

const known = [
  'port',
  'host',
  'subprotocols',
  'configurator',
  'concurrent',
  'maxTextBytes',
  'limits.inFlight',
  'jwtSecret',
];

describe('nearestName', () => {
  it.each([
    ['prot', 'port'],
    ['PORT', 'port'],
    ['hots', 'host'],
    ['limits.inflight', 'limits.inFlight'],
    ['jwtSecrets', 'jwtSecret'],
    ['subprotocol', 'subprotocols'],
    ['maxTextBites', 'maxTextBytes'],
    ['encoders', undefined],
    ['completely-different', undefined],
    ['', undefined],
  ])('takes %s for %s', (typed, meant) => expect(nearestName(typed, known)).toBe(meant));

  it('finds a name again after one letter was changed', () => {
    fc.assert(
      fc.property(fc.constantFrom(...known), fc.nat(), fc.constantFrom('q', 'x', '9'), (name, at, letter) => {
        const index = at % name.length;
        const typed = name.slice(0, index) + letter + name.slice(index + 1);
        expect(nearestName(typed, [name, 'zzzzzzzzzzzzzzzzzz'])).toBe(name);
      }),
    );
  });

  it('takes what is as far as it may be, and no farther', () => {
    expect(nearestName('protocols', known, 3)).toBe('subprotocols');
    expect(nearestName('protocols', known, 2)).toBe(undefined);
  });
});
