import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scanJson } from '../src/codec/json-scan.js';
import { commandTypes, decodeCommand, errorCatalogue } from '../src/index.js';

const unlimited = { bodyBytes: 2 ** 30, commandBytes: 2 ** 30 };
const sized = { maxDepth: 4, maxLength: 6 } as const;

// JSON text as a hostile hand writes it: any white space, names escaped at will and repeated, numbers in every spelling.
const space = fc.stringMatching(/^[ \t\n\r]{0,2}$/);
const escapedUnit = (unit: number) => `\\u${unit.toString(16).padStart(4, '0')}`;
const literalOf = (text: fc.Arbitrary<string>) =>
  fc.tuple(text, fc.infiniteStream(fc.boolean())).map(([value, isEscaped]) => {
    const units = Array.from({ length: value.length }, (_, index) => value.slice(index, index + 1));
    return `"${units.map((u) => (isEscaped.next().value ? escapedUnit(u.charCodeAt(0)) : JSON.stringify(u).slice(1, -1))).join('')}"`;
  });
const name = literalOf(
  fc.oneof(fc.constantFrom('body', 'id', 'type', 'to', '__proto__', 'bod', 'body\\', '"body"'), fc.string()),
);
const number = fc.constantFrom('0', '-0', '1e400', '-1.50E+3', '9007199254740993', '0.1e-7');
const { value } = fc.letrec<{ value: string; list: string; object: string }>((tie) => ({
  value: fc.oneof(
    sized,
    number,
    fc.constantFrom('true', 'false', 'null'),
    literalOf(fc.string({ unit: 'binary' })),
    literalOf(fc.stringMatching(/^[\\"{}[\],:\s]{0,6}$/)),
    tie('list'),
    tie('object'),
  ),
  list: fc
    .tuple(fc.array(fc.tuple(space, tie('value'), space), { maxLength: 4 }), space)
    .map(([items, inside]) => `[${items.length === 0 ? inside : items.map((item) => item.join('')).join(',')}]`),
  object: members(tie('value')),
}));

function members(of: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const member = fc.tuple(space, name, space, fc.constant(':'), space, of, space);
  return fc
    .tuple(fc.array(member, { maxLength: 5 }), space)
    .map(([list, inside]) => `{${list.length === 0 ? inside : list.map((parts) => parts.join('')).join(',')}}`);
}

const document = fc.tuple(space, members(value), space).map((parts) => parts.join(''));

function depthOf(json: unknown): number {
  if (typeof json !== 'object' || json === null) return 0;
  return 1 + Object.values(json).reduce<number>((deepest, item) => Math.max(deepest, depthOf(item)), 0);
}

describe('scanJson', () => {
  test('finds the body, id and type that JSON.parse finds, and nothing where it finds nothing', () => {
    fc.assert(
      fc.property(document, (text) => {
        const parsed = JSON.parse(text) as Record<string, unknown>;
        const scan = scanJson(text);
        for (const field of ['body', 'id', 'type'] as const) {
          const span = scan[field];
          expect(span !== undefined).toBe(Object.hasOwn(parsed, field));
          if (span === undefined) continue;
          const raw = text.slice(span.start, span.end);
          expect(raw).toBe(raw.trim());
          expect(JSON.parse(raw)).toStrictEqual(parsed[field]);
        }
      }),
      { numRuns: 5000 },
    );
  }, 120_000);

  test('never counts less depth than JSON.parse meets', () => {
    fc.assert(
      fc.property(document, (text) => {
        // Of duplicates JSON.parse keeps the last, the scan counts all.
        expect(scanJson(text).depth).toBeGreaterThanOrEqual(depthOf(JSON.parse(text)));
      }),
      { numRuns: 1000 },
    );
    expect(scanJson('[[{"a":[1]},"]]["]]').depth).toBe(4);
  }, 120_000);
});

describe('decodeCommand under attack', () => {
  const fields = ['id', 'to', 'body', 'bytes', 'key', 'since', 'slot', 'echo', 'headers', 'contentType', 'replyTo'];
  const more = ['ttlMs', 'retain', 'token', 'device', 'cursors', 'client', 'channel', 'epoch', 'offset', 'only'];
  const fieldName = fc.constantFrom(...fields, ...more, 'before', 'after', 'limit', '__proto__', 'constructor');
  const likely = fc.oneof(
    fc.constantFrom<unknown>('user/bob', 'inbox', 17, true, 'AAEC', { epoch: 'k3', offset: 17 }, { 'user/bob': 17 }),
    fc.jsonValue({ maxDepth: 1 }),
  );
  const envelope = fc
    .tuple(fc.constantFrom(...commandTypes), fc.dictionary(fieldName, likely, { maxKeys: 6 }))
    .map(([type, rest]) => JSON.stringify({ ...rest, type }));

  // Five times as many: attacks/commands.test.ts.
  test('20 000 random envelopes never throw and leave Object.prototype as it was', () => {
    const before = Object.getOwnPropertyNames(Object.prototype);
    let accepted = 0;
    const anyText = fc.oneof({ weight: 6, arbitrary: envelope }, { weight: 1, arbitrary: fc.string() });
    fc.assert(
      fc.property(anyText, (text) => {
        const decoded = decodeCommand(text);
        if (decoded.ok) accepted += 1;
        else if (!Object.hasOwn(errorCatalogue, decoded.code)) throw new Error(`unknown code ${decoded.code}`);
      }),
      { numRuns: 20_000 },
    );
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
    // The generator is worth something only if it gets through the checks as well.
    expect(accepted).toBeGreaterThan(1000);
  }, 120_000);

  const million = 1_000_000;
  test.each([
    ['a number of a million digits', `{"type":"send","to":"user/bob","body":${'7'.repeat(million)}}`],
    // Not a million: what JSON.parse itself does with so many different names takes the time, not what is ours.
    [
      'a hundred thousand names',
      `{"type":"ping",${Array.from({ length: million / 10 }, (_, n) => `"k${n}":1`).join(',')}}`,
    ],
    ['a million times the body', `{"type":"send","to":"user/bob",${'"body":1,'.repeat(million)}"body":2}`],
    ['a million levels', `{"type":"send","body":${'['.repeat(million)}`],
    ['ten thousand levels', `{"type":"send","body":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`],
    ['a million backslashes', `{"type":"send","to":"user/bob","body":"${'\\'.repeat(million)}"}`],
    ['a million escaped quotes', `{"type":"send","to":"user/bob","body":"${'\\"'.repeat(million)}"}`],
    ['a million escaped quotes without end', `{"type":"${'\\"'.repeat(million)}`],
    ['a million spaces around the body', `{"type":"send","body":${' '.repeat(million)}1${' '.repeat(million)}}`],
    ['a million commas', `{"type":"ping"${','.repeat(million)}}`],
    ['a topic of a million levels', `{"type":"history","channel":"topic/${'a/'.repeat(million)}"}`],
    [
      'base64 of a million bytes with a fault at its end',
      `{"type":"send","to":"user/bob","bytes":"${'A'.repeat(million)}AA*="}`,
    ],
    ['a million headers', JSON.stringify({ type: 'send', to: 'user/bob', body: 1, headers: Array(million).fill('') })],
  ])('answers in time linear in the text: %s', (_, text) => {
    const before = process.cpuUsage();
    const decoded = decodeCommand(text, unlimited);
    const { user, system } = process.cpuUsage(before);
    // JSON.parse alone takes up to 100 ms per megabyte with different names; anything quadratic takes hours. CPU time,
    // because other processes do not count in it.
    expect((user + system) / 1000).toBeLessThan(10_000 + text.length / 400);
    expect(typeof decoded.ok).toBe('boolean');
    // As it stands on a server: the size alone refuses it.
    expect(decodeCommand(text).ok).toBe(decodeCommand(text, unlimited).ok && text.length <= 131_072);
  });
});
