import { describe, expect, it } from 'vitest';
import { assertKnownNames, assertWholeNumber, kindOf } from '../src/option-checks.js';

const known = ['subprotocols', 'configurator', 'concurrent', 'maxTextBytes', 'limits'];

describe('assertKnownNames', () => {
  it.each([null, undefined, 'text', 7])('throws invalid_option for %s in place of an options object', (given) => {
    expect(() => assertKnownNames(given as never, known, 'endpoint Chat')).toThrow(
      expect.objectContaining({
        code: 'invalid_option',
        message: expect.stringMatching(/^endpoint Chat: options are/),
      }),
    );
  });

  it('throws unknown_option with the nearest known name, or with all of them', () => {
    expect(() => assertKnownNames({ concurent: true }, known, 'endpoint Chat')).toThrow(
      'endpoint Chat has no option "concurent"; did you mean "concurrent"?',
    );
    expect(() => assertKnownNames({ encoders: [] }, known, 'endpoint Chat')).toThrow(
      'known are subprotocols, configurator',
    );
  });
});

it.each([-1, 8, 1.5, Number.NaN, '3', undefined])(
  'assertWholeNumber throws invalid_option for %s out of 0 to 7',
  (given) => {
    expect(() => assertWholeNumber('days', given, { min: 0, max: 7 }, 'endpoint Chat')).toThrow(
      expect.objectContaining({
        code: 'invalid_option',
        message: expect.stringMatching(/^endpoint Chat: days is a whole number from 0 to 7, not /),
      }),
    );
  },
);

class Order {}

it.each<[value: unknown, kind: string]>([
  [null, 'null'],
  [undefined, 'undefined'],
  [7, 'a number'],
  [() => 7, 'a function'],
  [{}, 'an object'],
  [Object.create(null), 'an object'],
  [[7], 'an Array'],
  [new Date(), 'a Date'],
  [new Map(), 'a Map'],
  [new Order(), 'an Order'],
  [
    new Proxy(
      {},
      {
        get() {
          throw new Error('unreadable');
        },
      },
    ),
    'an object',
  ],
])('kindOf names the class of what it is given: %#', (value, kind) => {
  expect(kindOf(value)).toBe(kind);
});
