import { describe, expect, it } from 'vitest';
import { parseExtensions } from '../../src/extension/extension-header.js';
import { acceptDeflateOffer, checkDeflateAnswer, formatDeflateOffer } from '../../src/extension/negotiation.js';
import { type PerMessageDeflateOptions, resolveWebSocketOptions } from '../../src/options.js';

function deflateOptions(given: PerMessageDeflateOptions = {}) {
  const base = { serverNoContextTakeover: false, clientNoContextTakeover: false };
  const { perMessageDeflate } = resolveWebSocketOptions({ perMessageDeflate: { ...base, ...given } });
  if (perMessageDeflate === false) throw new Error('compression is on');
  return perMessageDeflate;
}

function answer(offers: string, given?: PerMessageDeflateOptions): string | undefined {
  return acceptDeflateOffer(parseExtensions(offers) ?? [], deflateOptions(given))?.header;
}

describe('the header, RFC 6455 §9.1', () => {
  it('reads offers with parameters, with and without values, quoted and not', () => {
    expect(parseExtensions('a; b; c=1 , d;e="x\\y"')).toEqual([
      {
        name: 'a',
        parameters: [
          { name: 'b', value: undefined },
          { name: 'c', value: '1' },
        ],
      },
      { name: 'd', parameters: [{ name: 'e', value: 'xy' }] },
    ]);
  });

  it.each(['', ',', 'a,', 'a;', 'a; =1', 'a; b=', 'a; b="', 'a; b=""', 'a; b="x y"', 'a b', 'a; b="x" c', 'ä', '"a"'])(
    'refuses %j',
    (header) => {
      expect(parseExtensions(header)).toBeUndefined();
    },
  );

  it('takes __proto__ and constructor as names like any other', () => {
    expect(answer('__proto__; constructor=1, permessage-deflate')).toBe('permessage-deflate');
    expect(answer('permessage-deflate; __proto__')).toBeUndefined();
    expect(answer('permessage-deflate; hasOwnProperty=1')).toBeUndefined();
  });

  it.each([[' '], [','], ['; '], ['a;'], ['a; b="\\c'], ['a; b="'], ['a, ']])(
    'takes time linear to the length of repeated %j',
    (unit) => {
      const millisecondsFor = (bytes: number): number => {
        const header = `a; b="${unit.repeat(bytes / unit.length)}`;
        // Processor time: other work on this machine does not count.
        const start = process.cpuUsage();
        for (let i = 0; i < 10; i++) parseExtensions(header);
        return process.cpuUsage(start).user / 10_000;
      };
      millisecondsFor(61_440);
      expect(millisecondsFor(61_440)).toBeLessThan(15);
    },
  );
});

describe('the server, RFC 7692 §7.1', () => {
  it.each([
    ['permessage-deflate', {}, 'permessage-deflate'],
    ['permessage-deflate; client_max_window_bits', {}, 'permessage-deflate'],
    ['permessage-deflate', { serverNoContextTakeover: true }, 'permessage-deflate; server_no_context_takeover'],
    ['permessage-deflate', { clientNoContextTakeover: true }, 'permessage-deflate; client_no_context_takeover'],
    ['permessage-deflate', { clientNoContextTakeover: undefined }, 'permessage-deflate'],
    [
      'permessage-deflate; client_no_context_takeover',
      { clientNoContextTakeover: undefined },
      'permessage-deflate; client_no_context_takeover',
    ],
    ['permessage-deflate', { serverMaxWindowBits: 9 }, 'permessage-deflate'],
    [
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
      {},
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
    ],
    ['permessage-deflate; server_max_window_bits=10', {}, 'permessage-deflate; server_max_window_bits=10'],
    ['permessage-deflate; server_max_window_bits=15', {}, 'permessage-deflate; server_max_window_bits=15'],
    [
      'permessage-deflate; server_max_window_bits=12',
      { serverMaxWindowBits: 9 },
      'permessage-deflate; server_max_window_bits=9',
    ],
    ['permessage-deflate; client_max_window_bits=11', {}, 'permessage-deflate; client_max_window_bits=11'],
    [
      'permessage-deflate; client_max_window_bits',
      { clientMaxWindowBits: 10 },
      'permessage-deflate; client_max_window_bits=10',
    ],
    ['permessage-deflate', { clientMaxWindowBits: 10 }, 'permessage-deflate'],
    ['x-unknown, permessage-deflate; server_max_window_bits="8"', {}, 'permessage-deflate; server_max_window_bits=8'],
  ])('answers %j under %j with %j', (offers, given, expected) => {
    expect(answer(offers, given)).toBe(expected);
  });

  it.each([
    'permessage-deflate; server_max_window_bits',
    'permessage-deflate; server_max_window_bits=0',
    'permessage-deflate; server_max_window_bits=7',
    'permessage-deflate; server_max_window_bits=16',
    'permessage-deflate; server_max_window_bits=08',
    'permessage-deflate; client_max_window_bits=7',
    'permessage-deflate; client_max_window_bits=1e1',
    'permessage-deflate; server_no_context_takeover=1',
    'permessage-deflate; server_no_context_takeover; server_no_context_takeover',
    'permessage-deflate; unknown',
    'permessage-deflate-x',
  ])('declines %j', (offers) => {
    expect(answer(offers)).toBeUndefined();
  });

  it('takes the first offer that it can, in the order of preference', () => {
    const offers =
      'permessage-deflate; server_max_window_bits=77, permessage-deflate; server_max_window_bits=9, permessage-deflate';
    expect(answer(offers)).toBe('permessage-deflate; server_max_window_bits=9');
  });
});

describe('the client, RFC 7692 §7.1', () => {
  it('offers what it was configured for, and always that its window may be set', () => {
    expect(formatDeflateOffer(deflateOptions())).toBe('permessage-deflate; client_max_window_bits');
    expect(
      formatDeflateOffer(
        deflateOptions({
          serverNoContextTakeover: true,
          clientNoContextTakeover: true,
          serverMaxWindowBits: 9,
          clientMaxWindowBits: 10,
        }),
      ),
    ).toBe(
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; client_max_window_bits=10',
    );
  });

  it('takes an answer and the windows it sets', () => {
    expect(
      checkDeflateAnswer('permessage-deflate; client_max_window_bits=9; server_no_context_takeover', deflateOptions()),
    ).toEqual({
      serverNoContextTakeover: true,
      clientNoContextTakeover: false,
      serverMaxWindowBits: 15,
      clientMaxWindowBits: 9,
    });
    expect(checkDeflateAnswer(undefined, deflateOptions())).toBeUndefined();
  });

  it.each([
    ['permessage-deflate, permessage-deflate', {}],
    ['x-unknown', {}],
    ['permessage-deflate; client_max_window_bits', {}],
    ['permessage-deflate; server_max_window_bits=16', {}],
    ['permessage-deflate; foo', {}],
    ['permessage-deflate;', {}],
    ['permessage-deflate', { serverMaxWindowBits: 10 }],
    ['permessage-deflate; server_max_window_bits=11', { serverMaxWindowBits: 10 }],
    ['permessage-deflate', { serverNoContextTakeover: true }],
  ])('refuses %j under %j', (header, given) => {
    expect(() => checkDeflateAnswer(header, deflateOptions(given))).toThrowError(
      expect.objectContaining({ code: 'handshake_invalid' }),
    );
  });

  it('refuses any extension when it offered none', () => {
    expect(() => checkDeflateAnswer('permessage-deflate', undefined)).toThrowError(
      expect.objectContaining({ code: 'handshake_invalid' }),
    );
  });
});
