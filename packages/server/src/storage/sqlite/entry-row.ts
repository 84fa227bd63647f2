// One row of the table `entry`: its columns to and from an entry, and the CRC32 over all of them.

import { crc32 } from 'node:zlib';
import type { Epoch, Position } from '@longwire/protocol';
import type { BodyFormat, EntryKind } from '../../channel/entry.js';
import { integerOf, SqlFailure, type SqlRow, type SqlValue } from './driver/sql-database.js';

/** What SQLite keeps of an entry; users and channels by number. */
export interface EntryRow {
  channel: number;
  offset: number;
  messages: number;
  /** Count of `message` entries that this row's sender has in the channel up to it. */
  senderMessages: number;
  sender: number;
  at: number;
  kind: EntryKind;
  bodyFormat: BodyFormat;
  body: string;
  key: string | undefined;
  slot: string | undefined;
  headers: string | undefined;
  contentType: string | undefined;
  /** Its epoch is stored only where it is not the channel's present one. */
  replyTo: { readonly offset: number; readonly epoch: Epoch | undefined } | undefined;
}

export const ENTRY_COLUMNS =
  'channel, offset, messages, sender_messages, sender, at, kind, body_format, crc, key, body, slot, headers, content_type, reply_to, reply_epoch, expires_at';

const PLAIN_COLUMNS = 'id, channel, offset, messages, sender_messages, sender, at, kind, body_format, crc, key, body';
/** For the many entries that have nothing but a key and a body: a third of the columns need not be bound. */
export const INSERT_PLAIN_ENTRY = `INSERT INTO entry (${PLAIN_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)`;
export const INSERT_ENTRY = `INSERT INTO entry (id, ${ENTRY_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`;

// Numbers in the file: never renumbered, never reused.
const KIND_NUMBERS: Readonly<Record<EntryKind, number>> = { message: 1 };
const FORMAT_NUMBERS: Readonly<Record<BodyFormat, number>> = { json: 1, base64: 2 };
const KINDS: readonly (EntryKind | undefined)[] = [undefined, 'message'];
const FORMATS: readonly (BodyFormat | undefined)[] = [undefined, 'json', 'base64'];

const HEADER_NUMBERS = 16;
const HEADER_BYTES = HEADER_NUMBERS * 8;
/** Stands for an absent value under the checksum; no stored number and no length is negative. */
const ABSENT = -1;

/** Encodes rows into one reused buffer: what `encode` returns is valid until the next call. */
export class EntryRowEncoder {
  #buffer = Buffer.alloc(16_384);
  #view = new DataView(this.#buffer.buffer, this.#buffer.byteOffset, this.#buffer.byteLength);
  #end = 0;

  /** True when the last row fits {@link INSERT_PLAIN_ENTRY}. */
  isPlain = false;

  /** The values for {@link INSERT_ENTRY} or {@link INSERT_PLAIN_ENTRY}, in its order. */
  encode(id: number, row: EntryRow): SqlValue[] {
    this.#reserve(row);
    const view = this.#view;
    const kind = KIND_NUMBERS[row.kind];
    const format = FORMAT_NUMBERS[row.bodyFormat];
    view.setFloat64(0, row.channel, true);
    view.setFloat64(8, row.offset, true);
    view.setFloat64(16, row.messages, true);
    view.setFloat64(24, row.senderMessages, true);
    view.setFloat64(32, row.sender, true);
    view.setFloat64(40, row.at, true);
    view.setFloat64(48, kind, true);
    view.setFloat64(56, format, true);
    view.setFloat64(64, row.replyTo?.offset ?? ABSENT, true);
    view.setFloat64(72, ABSENT, true);
    this.#end = HEADER_BYTES;
    const key = this.#text(80, row.key);
    const body = this.#text(88, row.body);
    this.isPlain =
      row.slot === undefined && row.headers === undefined && row.contentType === undefined && row.replyTo === undefined;
    const slot = this.#text(96, row.slot);
    const headers = this.#text(104, row.headers);
    const contentType = this.#text(112, row.contentType);
    const replyEpoch = this.#text(120, row.replyTo?.epoch);
    const crc = crc32(this.#buffer.subarray(0, this.#end));
    const values: SqlValue[] = [
      id,
      row.channel,
      row.offset,
      row.messages,
      row.senderMessages,
      row.sender,
      row.at,
      kind,
      format,
      crc,
      key,
      body,
    ];
    if (!this.isPlain) values.push(slot, headers, contentType, row.replyTo?.offset ?? null, replyEpoch, null);
    return values;
  }

  #text(lengthAt: number, text: string | undefined): Uint8Array | null {
    if (text === undefined) {
      this.#view.setFloat64(lengthAt, ABSENT, true);
      return null;
    }
    const start = this.#end;
    const written = this.#buffer.write(text, start, 'utf8');
    this.#view.setFloat64(lengthAt, written, true);
    this.#end = start + written;
    return this.#buffer.subarray(start, this.#end);
  }

  #reserve(row: EntryRow): void {
    const units =
      row.body.length +
      (row.key?.length ?? 0) +
      (row.slot?.length ?? 0) +
      (row.headers?.length ?? 0) +
      (row.contentType?.length ?? 0) +
      (row.replyTo?.epoch?.length ?? 0);
    // UTF-8 needs at most three bytes for one unit of UTF-16.
    const needed = HEADER_BYTES + 3 * units;
    if (needed <= this.#buffer.byteLength) return;
    this.#buffer = Buffer.alloc(2 * needed);
    this.#view = new DataView(this.#buffer.buffer, this.#buffer.byteOffset, this.#buffer.byteLength);
  }
}

const header = Buffer.alloc(HEADER_BYTES);
const headerView = new DataView(header.buffer, header.byteOffset, HEADER_BYTES);

/**
 * The row as it was written.
 * @throws SqlFailure `corrupt` when the checksum or a column's type says otherwise
 */
export function decodeEntryRow(columns: SqlRow): EntryRow {
  const kind = integerOf(columns, 'kind');
  const format = integerOf(columns, 'body_format');
  const key = blobOf(columns, 'key');
  const body = blobOf(columns, 'body');
  const slot = blobOf(columns, 'slot');
  const headers = blobOf(columns, 'headers');
  const contentType = blobOf(columns, 'content_type');
  const replyEpoch = blobOf(columns, 'reply_epoch');
  const replyTo = columns['reply_to'] === null ? undefined : integerOf(columns, 'reply_to');
  const row = {
    channel: integerOf(columns, 'channel'),
    offset: integerOf(columns, 'offset'),
    messages: integerOf(columns, 'messages'),
    senderMessages: integerOf(columns, 'sender_messages'),
    sender: integerOf(columns, 'sender'),
    at: integerOf(columns, 'at'),
  };
  headerView.setFloat64(0, row.channel, true);
  headerView.setFloat64(8, row.offset, true);
  headerView.setFloat64(16, row.messages, true);
  headerView.setFloat64(24, row.senderMessages, true);
  headerView.setFloat64(32, row.sender, true);
  headerView.setFloat64(40, row.at, true);
  headerView.setFloat64(48, kind, true);
  headerView.setFloat64(56, format, true);
  headerView.setFloat64(64, replyTo ?? ABSENT, true);
  headerView.setFloat64(72, columns['expires_at'] === null ? ABSENT : integerOf(columns, 'expires_at'), true);
  headerView.setFloat64(80, key?.byteLength ?? ABSENT, true);
  headerView.setFloat64(88, body?.byteLength ?? ABSENT, true);
  headerView.setFloat64(96, slot?.byteLength ?? ABSENT, true);
  headerView.setFloat64(104, headers?.byteLength ?? ABSENT, true);
  headerView.setFloat64(112, contentType?.byteLength ?? ABSENT, true);
  headerView.setFloat64(120, replyEpoch?.byteLength ?? ABSENT, true);
  let crc = crc32(header);
  for (const bytes of [key, body, slot, headers, contentType, replyEpoch]) {
    if (bytes !== undefined) crc = crc32(bytes, crc);
  }
  const kindName = KINDS[kind];
  const formatName = FORMATS[format];
  if (crc !== columns['crc'] || body === undefined || kindName === undefined || formatName === undefined) {
    throw new SqlFailure('corrupt', `the entry at offset ${row.offset} does not match its checksum`);
  }
  return {
    ...row,
    kind: kindName,
    bodyFormat: formatName,
    body: decodeText(body),
    key: key && decodeText(key),
    slot: slot && decodeText(slot),
    headers: headers && decodeText(headers),
    contentType: contentType && decodeText(contentType),
    replyTo:
      replyTo === undefined ? undefined : { offset: replyTo, epoch: replyEpoch && (decodeText(replyEpoch) as Epoch) },
  };
}

/** A stored answer's target with its epoch filled in. */
export function replyPosition(replyTo: EntryRow['replyTo'], epoch: Epoch): Position | undefined {
  return replyTo === undefined ? undefined : { epoch: replyTo.epoch ?? epoch, offset: replyTo.offset };
}

function blobOf(columns: SqlRow, column: string): Uint8Array | undefined {
  const value = columns[column];
  if (value instanceof Uint8Array) return value;
  if (value === null) return undefined;
  throw new SqlFailure('corrupt', `column ${column} should hold bytes, it holds ${typeof value}`);
}

function decodeText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
