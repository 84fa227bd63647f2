import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertKnownNames, nearestName } from '../src/known-names.js';

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

describe('assertKnownNames', () => {
  it.each([
    [null, 'null'],
    [undefined, 'undefined'],
    ['text', 'a string'],
    [7, 'a number'],
  ])('throws invalid_option for %s instead of an object', (given, named) => {
    expect(() => assertKnownNames(given as never, known, 'dial')).toThrowError(
      expect.objectContaining({ code: 'invalid_option', message: `dial: options are an object, not ${named}` }),
    );
  });

  it('names the nearest known name, or all of them, for an unknown one', () => {
    expect(() => assertKnownNames({ prot: 1 }, known, 'dial')).toThrow(
      'dial has no option "prot"; did you mean "port"?',
    );
    expect(() => assertKnownNames({ encoders: [] }, known, 'dial')).toThrow('known are port, host');
    expect(() => assertKnownNames({ port: 1, host: 2 }, known, 'dial')).not.toThrow();
  });

  it('throws what errorFor returns, with the advice of adviceFor', () => {
    const errorFor = (fault: string, message: string): Error => new TypeError(`${fault}: ${message}`);
    const adviceFor = (name: string): string | undefined => (name === 'prot' ? 'ports are set elsewhere' : undefined);
    expect(() => assertKnownNames({ prot: 1 }, known, 'dial', { errorFor, adviceFor })).toThrowError(
      new TypeError('unknown_name: dial has no option "prot"; ports are set elsewhere'),
    );
    expect(() => assertKnownNames([] as never, known, 'dial', { errorFor })).not.toThrow();
    expect(() => assertKnownNames(7 as never, known, 'dial', { errorFor })).toThrowError(TypeError);
  });
});
