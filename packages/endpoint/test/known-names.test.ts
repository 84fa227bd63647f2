import { expect, it } from 'vitest';
import { refuseUnknownNames } from '../src/known-names.js';

const known = ['subprotocols', 'configurator', 'concurrent', 'maxTextBytes', 'limits'];

it.each([null, undefined, 'text', 7])('what is no object is refused: %s', (given) => {
  expect(() => refuseUnknownNames(given as never, known, 'endpoint Chat')).toThrow(
    expect.objectContaining({ code: 'invalid_option', message: expect.stringMatching(/^endpoint Chat: options are/) }),
  );
});

it('an unknown option is refused with the nearest known name, or with all of them', () => {
  expect(() => refuseUnknownNames({ concurent: true }, known, 'endpoint Chat')).toThrow(
    'endpoint Chat has no option "concurent"; did you mean "concurrent"?',
  );
  expect(() => refuseUnknownNames({ encoders: [] }, known, 'endpoint Chat')).toThrow(
    'known are subprotocols, configurator',
  );
});
