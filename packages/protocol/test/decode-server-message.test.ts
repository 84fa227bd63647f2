import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeServerMessage } from '../src/index.js';
import { readVectors } from './vectors.js';

interface ServerVectors {
  readonly messages: readonly { readonly title: string; readonly text: string; readonly kind: string }[];
}
const { messages } = readVectors<ServerVectors>('server-messages');

describe('decodeServerMessage', () => {
  test.each(messages)('$kind: $title', ({ text, kind }) => {
    const decoded = decodeServerMessage(text);
    expect(decoded.kind).toBe(kind);
    const read = 'answer' in decoded ? decoded.answer : 'entry' in decoded ? decoded.entry : undefined;
    if (read !== undefined) expect(read).toEqual(JSON.parse(text));
  });

  test('malformed names the field', () => {
    const decoded = decodeServerMessage(
      '{"type":"gap","channel":"user/bob","epoch":"k3","from":1,"to":2,"reason":"x"}',
    );
    expect(decoded).toEqual({ kind: 'malformed', message: 'the push gap has no valid "next"' });
  });

  test('an answer of an unknown type has its re', () => {
    expect(decodeServerMessage('{"re":"a","type":"constructor"}')).toEqual({
      kind: 'unknown',
      type: 'constructor',
      re: 'a',
    });
  });

  test('never throws', () => {
    const damaged = fc
      .tuple(fc.constantFrom(...messages.map(({ text }) => text)), fc.nat(), fc.string({ maxLength: 3 }))
      .map(([text, at, put]) => text.slice(0, at % text.length) + put + text.slice((at % text.length) + 1));
    const record = fc.dictionary(fc.constantFrom('type', 're', 'channel', 'epoch', 'offset', 'code'), fc.jsonValue());
    const any = fc.oneof(
      damaged,
      record.map((fields) => JSON.stringify(fields)),
      fc.json(),
      fc.string(),
    );
    fc.assert(
      fc.property(any, (text) => {
        expect(decodeServerMessage(text)).toHaveProperty('kind');
      }),
      { numRuns: 5000 },
    );
  }, 120_000);
});
