// Rows as bytes: what goes in comes out, and any change is noticed.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contentBytes } from '../../../src/channel/entry.js';
import {
  decodeRecord,
  decodeRecordSummary,
  EntryRecordEncoder,
  recordChecksum,
} from '../../../src/storage/sqlite/tables/entry-record.js';
import type { EntryRow } from '../../../src/storage/sqlite/tables/entry-row.js';

const number = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.maxSafeNat());
const text = fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: 'binary', maxLength: 40 }));
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });

const row: fc.Arbitrary<EntryRow> = fc.record({
  channel: number,
  offset: number,
  kind: number,
  sender: number,
  application: number,
  at: number,
  stamp: number,
  messages: number,
  senderMessages: number,
  bytes: number,
  senderBytes: number,
  removed: maybe(fc.constantFrom('expired', 'superseded', 'removed', 'erased')),
  body: fc.oneof(text, fc.string({ unit: 'grapheme', minLength: 5_000, maxLength: 20_000 })),
  bodyFormat: fc.constantFrom('json', 'base64'),
  key: maybe(text),
  slot: maybe(text),
  headers: maybe(text),
  contentType: maybe(text),
  replyTo: maybe(fc.record({ offset: number, epoch: maybe(text as fc.Arbitrary<never>) })),
  target: maybe(number),
  expiresAt: maybe(number),
  otherMessages: number,
  isOfMany: fc.boolean(),
  change: maybe(text),
});

/** As SQLite returns it: bytes of its own. */
function encode(seq: number, from: EntryRow): { crc: number; record: Uint8Array } {
  const record = Uint8Array.from(new EntryRecordEncoder().encode(from));
  return { crc: recordChecksum(seq, record), record };
}

describe('EntryRecordEncoder', () => {
  test('decodeRecord returns the row that was encoded, whatever fields it has', () => {
    fc.assert(
      fc.property(row, number, (given, seq) => {
        const { crc, record } = encode(seq, given);
        // Strings that are no UTF-16 become replacement characters, as in every file.
        expect(decodeRecord(seq, crc, record)).toEqual(withUtf8(given));
      }),
    );
  });

  test('decodeRecordSummary returns what the row says, and the bytes of body and headers', () => {
    fc.assert(
      fc.property(row, (given) => {
        const { body, headers, ...row } = withUtf8(given);
        const summary = decodeRecordSummary(encode(1, given).record);
        expect(summary).toEqual({ ...pick(row, summary), size: contentBytes({ body, headers }) });
      }),
    );
  });

  test('one encoder for many rows of all sizes keeps them apart', () => {
    const encoder = new EntryRecordEncoder();
    fc.assert(
      fc.property(row, (given) => {
        const record = Uint8Array.from(encoder.encode(given));
        expect(record).toEqual(encode(1, given).record);
      }),
    );
  });
});

describe('decodeRecord of a damaged row', () => {
  test('throws for any changed bit of the record, and for a record under another number', () => {
    fc.assert(
      fc.property(row, fc.nat(), fc.integer({ min: 0, max: 7 }), (given, place, bit) => {
        const { crc, record } = encode(7, given);
        expect(() => decodeRecord(8, crc, record)).toThrow(/row 8 does not match its checksum/);
        record[place % record.byteLength]! ^= 1 << bit;
        expect(() => decodeRecord(7, crc, record)).toThrow(/row 7 does not match its checksum/);
      }),
    );
  });

  test('throws for flags that this version does not know', () => {
    const record = Uint8Array.from([0, 0x80, 1, 2, 3]);
    expect(() => decodeRecord(1, recordChecksum(1, record), record)).toThrow(/row 1 is of an unknown form/);
  });

  test('decodeRecordSummary of arbitrary bytes returns', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        decodeRecordSummary(bytes);
      }),
    );
  });
});

/** The fields of a row that a summary has. */
function pick(row: object, summary: object): object {
  return Object.fromEntries(Object.entries(row).filter(([name]) => name in summary));
}

function withUtf8(given: EntryRow): EntryRow {
  const stored = <Text extends string | undefined>(value: Text): Text =>
    (value === undefined ? undefined : Buffer.from(value).toString()) as Text;
  return {
    ...given,
    body: stored(given.body),
    key: stored(given.key),
    slot: stored(given.slot),
    headers: stored(given.headers),
    contentType: stored(given.contentType),
    change: stored(given.change),
    replyTo: given.replyTo && { offset: given.replyTo.offset, epoch: stored(given.replyTo.epoch) },
  };
}
