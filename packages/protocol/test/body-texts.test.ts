// What `keepBodyText` of decodeServerMessage adds.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeServerMessage, textOfBody } from '../src/index.js';

const entryAt = (offset: number, body: string) =>
  `{"type":"message","channel":"user/bob","epoch":"k3","offset":${offset},"from":"bob","at":1,"body":${body}}`;

const bodyTextOf = (entry: object) => ('bodyText' in entry ? (entry.bodyText as string) : undefined);

/** The `bodyText` of each entry in a message of the server, in the order of the message. */
function bodyTextsOf(text: string): (string | undefined)[] {
  const decoded = decodeServerMessage(text, { keepBodyText: true });
  if (decoded.kind === 'entry') return [bodyTextOf(decoded.entry)];
  if (decoded.kind !== 'answer') throw new Error(`${decoded.kind}: ${text}`);
  const { answer } = decoded;
  if (answer.type === 'history') return answer.entries.map(bodyTextOf);
  if (answer.type === 'channels') return answer.channels.map(({ last }) => last && bodyTextOf(last));
  throw new Error(answer.type);
}

describe('bodyText', () => {
  const exact = [
    '12345678901234567890',
    '1e400',
    '-0',
    '2.50',
    '{"a":1,"a":2}',
    '{ "id" : 1 }',
    '"\\u00e9\\/"',
    'null',
  ];

  test.each(exact)('of a pushed message is %s as the sender wrote it', (body) => {
    expect(bodyTextsOf(entryAt(1, ` ${body}\n`))).toEqual([body]);
  });

  test('of history and channels is kept for each entry, at its place', () => {
    const entries = exact.map((body, index) => entryAt(index + 1, body));
    expect(bodyTextsOf(`{"re":1,"type":"history","entries":[${entries.join(', ')}],"more":false}`)).toEqual(exact);
    const place = '"epoch":"k3","head":1,"read":0,"unread":0,"visibleFrom":1';
    const channels = entries.map((entry) => `{"address":"user/bob",${place},"last":${entry}}`);
    const empty = `{"address":"user/ann",${place}}`;
    expect(bodyTextsOf(`{"re":1,"type":"channels","channels":[${[empty, ...channels].join()}],"more":false}`)).toEqual([
      undefined,
      ...exact,
    ]);
  });

  test('of a message of bytes is undefined, also if the server sent a field of that name', () => {
    const bytes = '{"type":"message","channel":"user/bob","epoch":"k3","offset":1,"from":"bob","at":1,"bytes":"AA=="';
    expect(bodyTextsOf(`${bytes},"bodyText":"1"}`)).toEqual([undefined]);
  });

  test('of an entry of an unknown kind is not set', () => {
    const text =
      '{"re":1,"type":"history","entries":[{"type":"poll","channel":"c","epoch":"k","offset":1,"body":1}],"more":false}';
    expect(bodyTextsOf(text)).toEqual([undefined]);
  });

  test('is absent unless keepBodyText asks for it', () => {
    const decoded = decodeServerMessage(entryAt(1, '1e400'));
    expect(decoded.kind === 'entry' && 'bodyText' in decoded.entry).toBe(false);
  });

  test('is the text of the body, whatever the body and the fields around it hold', () => {
    const space = fc.constantFrom('', ' ', '\n\t');
    fc.assert(
      fc.property(fc.json(), fc.string({ unit: 'binary' }), space, space, (body, slot, before, after) => {
        const fields = entryAt(1, '0').slice(1, -'"body":0}'.length);
        const text = `{"slot":${JSON.stringify(slot)},"body":0,${fields}"body":${before}${body}${after},"later":[${body}]}`;
        expect(bodyTextsOf(text)).toEqual([body.trim()]);
      }),
      { numRuns: 2000 },
    );
  }, 120_000);
});

describe('textOfBody', () => {
  test.each([
    ['hello', undefined, 'hello'],
    [{ text: 'hello', mentions: [] }, undefined, 'hello'],
    [{ text: 7 }, undefined, '{"text":7}'],
    [{ title: 'Paid', data: { id: 7 } }, undefined, 'Paid'],
    [{ title: 'Paid', text: '9 €', link: 'https://example.org/7' }, undefined, 'Paid: 9 € https://example.org/7'],
    [{ title: 7, text: 'hello' }, undefined, 'hello'],
    [[{ text: 'hello' }], undefined, '[{"text":"hello"}]'],
    [null, undefined, 'null'],
    [Number.POSITIVE_INFINITY, '1e400', '1e400'],
    [{ id: 12345678901234567000 }, '{"id":12345678901234567890}', '{"id":12345678901234567890}'],
  ])('of %j (%s) is %s', (body, bodyText, text) => {
    expect(textOfBody(body, bodyText)).toBe(text);
  });
});
