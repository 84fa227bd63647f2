// One row of the table `entry`: its columns to and from an entry, and the CRC32 over all of them.

import { endianness } from 'node:os';
import { crc32 } from 'node:zlib';
import type { Epoch, Position } from '@longwire/protocol';
import type { BodyFormat, EntryContent, EntryKind } from '../../../channel/entry.js';
import { integerOf, SqlFailure, type SqlRow, type SqlValue } from '../driver/sql-database.js';

/** What SQLite keeps of an entry; users and channels by number. */
export interface EntryRow {
  channel: number;
  offset: number;
  messages: number;
  /** Count of `message` entries that this row's sender has in the channel up to it. */
  senderMessages: number;
  sender: number;
  at: number;
  content: StoredContent;
  replyTo: StoredReply | undefined;
}

/** Its epoch is stored only where it is not the channel's present one. */
export interface StoredReply {
  readonly offset: number;
  readonly epoch: Epoch | undefined;
}

type StoredContent = Omit<EntryContent, 'from' | 'replyTo'>;

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

const IS_BIG_ENDIAN = endianness() === 'BE';
const HEADER_NUMBERS = 16;
const HEADER_BYTES = HEADER_NUMBERS * 8;
/** Stands for an absent value under the checksum; no stored number and no length is negative. */
const ABSENT = -1;

/** Encodes rows into one reused buffer: what `encode` returns is valid until the next call. */
export class EntryRowEncoder {
  #buffer = Buffer.alloc(16_384);
  #header = headerOf(this.#buffer);
  #end = 0;

  /** True when the last row fits {@link INSERT_PLAIN_ENTRY}. */
  isPlain = false;

  /** The values for {@link INSERT_ENTRY} or {@link INSERT_PLAIN_ENTRY}, in its order. */
  encode(id: number, row: EntryRow): SqlValue[] {
    this.#reserve(row);
    const { content } = row;
    const header = this.#header;
    const kind = KIND_NUMBERS[content.kind];
    const format = FORMAT_NUMBERS[content.bodyFormat];
    header[0] = row.channel;
    header[1] = row.offset;
    header[2] = row.messages;
    header[3] = row.senderMessages;
    header[4] = row.sender;
    header[5] = row.at;
    header[6] = kind;
    header[7] = format;
    header[8] = row.replyTo?.offset ?? ABSENT;
    header[9] = ABSENT;
    this.#end = HEADER_BYTES;
    const key = this.#text(10, content.key);
    const body = this.#text(11, content.body);
    this.isPlain =
      content.slot === undefined &&
      content.headers === undefined &&
      content.contentType === undefined &&
      row.replyTo === undefined;
    const slot = this.#text(12, content.slot);
    const headers = this.#text(13, content.headers);
    const contentType = this.#text(14, content.contentType);
    const replyEpoch = this.#text(15, row.replyTo?.epoch);
    const crc = checksum(this.#buffer, this.#end);
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
      this.#header[lengthAt] = ABSENT;
      return null;
    }
    const start = this.#end;
    const written = this.#buffer.write(text, start, 'utf8');
    this.#header[lengthAt] = written;
    this.#end = start + written;
    return this.#buffer.subarray(start, this.#end);
  }

  #reserve({ content, replyTo }: EntryRow): void {
    const units =
      content.body.length +
      (content.key?.length ?? 0) +
      (content.slot?.length ?? 0) +
      (content.headers?.length ?? 0) +
      (content.contentType?.length ?? 0) +
      (replyTo?.epoch?.length ?? 0);
    // UTF-8 needs at most three bytes for one unit of UTF-16.
    const needed = HEADER_BYTES + 3 * units;
    if (needed <= this.#buffer.byteLength) return;
    this.#buffer = Buffer.alloc(2 * needed);
    this.#header = headerOf(this.#buffer);
  }
}

/** Where a row is put together again to verify it; longer ones are taken in pieces. */
const scratch = Buffer.alloc(4_096);
const scratchHeader = headerOf(scratch);

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
  const channel = integerOf(columns, 'channel');
  const offset = integerOf(columns, 'offset');
  const messages = integerOf(columns, 'messages');
  const senderMessages = integerOf(columns, 'sender_messages');
  const sender = integerOf(columns, 'sender');
  const at = integerOf(columns, 'at');
  scratchHeader[0] = channel;
  scratchHeader[1] = offset;
  scratchHeader[2] = messages;
  scratchHeader[3] = senderMessages;
  scratchHeader[4] = sender;
  scratchHeader[5] = at;
  scratchHeader[6] = kind;
  scratchHeader[7] = format;
  scratchHeader[8] = replyTo ?? ABSENT;
  scratchHeader[9] = columns['expires_at'] === null ? ABSENT : integerOf(columns, 'expires_at');
  const crc = checksumOf(key, body, slot, headers, contentType, replyEpoch);
  const kindName = KINDS[kind];
  const formatName = FORMATS[format];
  if (crc !== columns['crc'] || body === undefined || kindName === undefined || formatName === undefined) {
    throw new SqlFailure('corrupt', `the entry at offset ${offset} does not match its checksum`);
  }
  // Spelled out: Node 20 takes ten times as long to spread an object that holds a number as large as `at` (-58 % CPU of
  // the storage thread on bench/catchup).
  return {
    channel,
    offset,
    messages,
    senderMessages,
    sender,
    at,
    content: {
      kind: kindName,
      bodyFormat: formatName,
      body: decodeText(body),
      key: key && decodeText(key),
      slot: slot && decodeText(slot),
      headers: headers && decodeText(headers),
      contentType: contentType && decodeText(contentType),
    },
    replyTo:
      replyTo === undefined ? undefined : { offset: replyTo, epoch: replyEpoch && (decodeText(replyEpoch) as Epoch) },
  };
}

/** Of the numbers in the scratch header and the bytes after them. */
function checksumOf(
  key: Uint8Array | undefined,
  body: Uint8Array | undefined,
  slot: Uint8Array | undefined,
  headers: Uint8Array | undefined,
  contentType: Uint8Array | undefined,
  replyEpoch: Uint8Array | undefined,
): number {
  let end = HEADER_BYTES;
  end = gather(10, key, end);
  end = gather(11, body, end);
  end = gather(12, slot, end);
  end = gather(13, headers, end);
  end = gather(14, contentType, end);
  end = gather(15, replyEpoch, end);
  if (end <= scratch.byteLength) return checksum(scratch, end);
  let crc = checksum(scratch, HEADER_BYTES);
  for (const bytes of [key, body, slot, headers, contentType, replyEpoch]) {
    if (bytes !== undefined) crc = crc32(bytes, crc);
  }
  return crc;
}

/** Notes the length of a text, and puts it behind those before while there is room. Returns where it ends. */
function gather(lengthAt: number, bytes: Uint8Array | undefined, start: number): number {
  if (bytes === undefined) {
    scratchHeader[lengthAt] = ABSENT;
    return start;
  }
  scratchHeader[lengthAt] = bytes.byteLength;
  const end = start + bytes.byteLength;
  if (end <= scratch.byteLength) scratch.set(bytes, start);
  return end;
}

/** The numbers at the start of a buffer. In the file they count as little-endian, whatever the processor is. */
function headerOf(buffer: Buffer): Float64Array {
  return new Float64Array(buffer.buffer, buffer.byteOffset, HEADER_NUMBERS);
}

function checksum(buffer: Buffer, end: number): number {
  if (IS_BIG_ENDIAN) buffer.subarray(0, HEADER_BYTES).swap64();
  return crc32(buffer.subarray(0, end));
}

/** A stored answer's target with its epoch filled in. */
export function replyPosition(replyTo: StoredReply | undefined, epoch: Epoch): Position | undefined {
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
