// Rows as schema version 1 wrote them: a column for each field. They are read as they are, with the checksum that they have.

import { endianness } from 'node:os';
import { crc32 } from 'node:zlib';
import type { Epoch } from '@longwire/protocol';
import { integerOf, SqlFailure, type SqlRow } from '../driver/sql-database.js';
import { type EntryRow, MESSAGE_KIND } from './entry-row.js';

/** Without `expires_at`, which that version never filled. */
export const ENTRY_V1_COLUMNS =
  'channel, offset, messages, sender_messages, sender, at, kind, body_format, crc, key, body, slot, headers, content_type, reply_to, reply_epoch';

const FORMATS = [undefined, 'json', 'base64'] as const;

const NUMBERS = 16;
/** Stands for an absent value under the checksum; no stored number and no length is negative. */
const ABSENT = -1;

/** What the checksum covers before the texts. In the file these count as little-endian, whatever the processor is. */
const header = Buffer.alloc(NUMBERS * 8);
const headerNumbers = new Float64Array(header.buffer, header.byteOffset, NUMBERS);
const IS_BIG_ENDIAN = endianness() === 'BE';

/**
 * The row as it was written.
 * @throws SqlFailure `corrupt` when the checksum or a column's type says otherwise
 */
export function decodeRowV1(columns: SqlRow): EntryRow {
  const texts = ['key', 'body', 'slot', 'headers', 'content_type', 'reply_epoch'].map((name) => blobOf(columns, name));
  const [key, body, slot, headers, contentType, replyEpoch] = texts;
  const offset = integerOf(columns, 'offset');
  const numbers = [
    integerOf(columns, 'channel'),
    offset,
    integerOf(columns, 'messages'),
    integerOf(columns, 'sender_messages'),
    integerOf(columns, 'sender'),
    integerOf(columns, 'at'),
    integerOf(columns, 'kind'),
    integerOf(columns, 'body_format'),
    columns['reply_to'] === null ? ABSENT : integerOf(columns, 'reply_to'),
    ABSENT,
    ...texts.map((text) => text?.byteLength ?? ABSENT),
  ];
  headerNumbers.set(numbers);
  if (IS_BIG_ENDIAN) header.swap64();
  let crc = crc32(header);
  for (const text of texts) if (text !== undefined) crc = crc32(text, crc);
  const [channel, , messages, senderMessages, sender, at, kind, format, replyOffset] = numbers;
  const bodyFormat = FORMATS[format!];
  if (crc !== columns['crc'] || body === undefined || kind !== MESSAGE_KIND || bodyFormat === undefined) {
    throw new SqlFailure('corrupt', `the entry at offset ${offset} does not match its checksum`);
  }
  const epoch = replyEpoch && (textFrom(replyEpoch) as Epoch);
  return {
    channel: channel!,
    offset,
    kind: MESSAGE_KIND,
    sender: sender!,
    application: 0,
    at: at!,
    stamp: 0,
    messages: messages!,
    senderMessages: senderMessages!,
    // That version did not count them.
    bytes: 0,
    senderBytes: 0,
    removed: undefined,
    body: textFrom(body),
    bodyFormat,
    key: key && textFrom(key),
    slot: slot && textFrom(slot),
    headers: headers && textFrom(headers),
    contentType: contentType && textFrom(contentType),
    replyTo: replyOffset === ABSENT ? undefined : { offset: replyOffset!, epoch },
    target: undefined,
    expiresAt: undefined,
    otherMessages: 0,
    isOfMany: false,
    change: undefined,
  };
}

function blobOf(columns: SqlRow, column: string): Uint8Array | undefined {
  const value = columns[column];
  if (value instanceof Uint8Array) return value;
  if (value === null) return undefined;
  throw new SqlFailure('corrupt', `column ${column} should hold bytes, it holds ${typeof value}`);
}

export function textFrom(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
