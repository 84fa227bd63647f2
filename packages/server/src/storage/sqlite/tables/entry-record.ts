// The bytes in which the table `entry` keeps a row. One value in place of twenty columns: binding and reading columns cost
// more than all of this (docs/decisions/0021-entries-are-records-and-their-places-are-filled-in-later.md).

import { crc32 } from 'node:zlib';
import type { Epoch } from '@longwire/protocol';
import type { RemovalReason } from '../../../channel/entry.js';
import { SqlFailure } from '../driver/sql-database.js';
import type { EntryRow } from './entry-row.js';

// A record is: two bytes of flags; the numbers that every row has; those that the flags announce; the lengths of the texts,
// the body's first; the texts in UTF-8. Numbers are LEB128: seven bits a byte, the lowest first. What a flag, a reason or a
// place in this order means is never changed.
const BASE64_BODY = 1 << 0;
const HAS_APPLICATION = 1 << 1;
const HAS_TARGET = 1 << 2;
const HAS_REPLY = 1 << 3;
const HAS_REPLY_EPOCH = 1 << 4;
const HAS_EXPIRY = 1 << 5;
const HAS_KEY = 1 << 6;
const HAS_SLOT = 1 << 7;
const HAS_HEADERS = 1 << 8;
const HAS_CONTENT_TYPE = 1 << 9;
/** Only its place and its counts are left. */
const IS_REMOVED = 1 << 10;
/** All texts are ASCII, which is written and read faster. */
const IS_ASCII = 1 << 11;
const HAS_CHANGE = 1 << 12;
const HAS_OTHER_MESSAGES = 1 << 13;
const IS_OF_MANY = 1 << 14;
const KNOWN_FLAGS = (1 << 15) - 1;

const REASON_NUMBERS: Readonly<Record<RemovalReason, number>> = { expired: 1, superseded: 2, removed: 3, erased: 4 };
const REASONS: readonly (RemovalReason | undefined)[] = [undefined, 'expired', 'superseded', 'removed', 'erased'];

const FLAGS_BYTES = 2;
/** A number up to 2^53 in pieces of seven bits. */
const MAX_NUMBER_BYTES = 8;
/** As many as a record has at most, the lengths of texts counted. */
const MAX_NUMBERS = 23;
const MAX_HEADER_BYTES = FLAGS_BYTES + MAX_NUMBERS * MAX_NUMBER_BYTES;

/** Encodes rows into one reused buffer: what `encode` returns is valid until the next call. */
export class EntryRecordEncoder {
  #buffer = Buffer.alloc(16_384);
  /** Where the next byte goes. */
  #end = 0;

  encode(row: EntryRow): Uint8Array {
    const { body, key, slot, headers, contentType, replyTo, change } = row;
    const replyEpoch = replyTo?.epoch;
    const bodyBytes = Buffer.byteLength(body);
    const keyBytes = bytesOf(key);
    const slotBytes = bytesOf(slot);
    const headersBytes = bytesOf(headers);
    const contentTypeBytes = bytesOf(contentType);
    const replyEpochBytes = bytesOf(replyEpoch);
    const changeBytes = bytesOf(change);
    const textBytes =
      bodyBytes + keyBytes + slotBytes + headersBytes + contentTypeBytes + replyEpochBytes + changeBytes;
    // One byte for each unit of UTF-16 is ASCII: anything else takes two at least.
    const isAscii = textBytes === unitsOf(row);
    this.#reserve(MAX_HEADER_BYTES + textBytes);
    this.#end = FLAGS_BYTES;
    this.#buffer.writeUInt16LE(flagsOf(row) | (isAscii ? IS_ASCII : 0), 0);
    this.#number(row.channel);
    this.#number(row.offset);
    this.#number(row.sender);
    this.#number(row.kind);
    this.#number(row.at);
    this.#number(row.stamp);
    this.#number(row.messages);
    this.#number(row.senderMessages);
    this.#number(row.bytes);
    this.#number(row.senderBytes);
    if (row.removed !== undefined) this.#number(REASON_NUMBERS[row.removed]);
    if (row.application !== 0) this.#number(row.application);
    if (row.target !== undefined) this.#number(row.target);
    if (replyTo !== undefined) this.#number(replyTo.offset);
    if (row.expiresAt !== undefined) this.#number(row.expiresAt);
    if (row.otherMessages !== 0) this.#number(row.otherMessages);
    this.#number(bodyBytes);
    if (key !== undefined) this.#number(keyBytes);
    if (slot !== undefined) this.#number(slotBytes);
    if (headers !== undefined) this.#number(headersBytes);
    if (contentType !== undefined) this.#number(contentTypeBytes);
    if (replyEpoch !== undefined) this.#number(replyEpochBytes);
    if (change !== undefined) this.#number(changeBytes);
    const encoding = isAscii ? 'latin1' : 'utf8';
    this.#text(body, encoding);
    if (key !== undefined) this.#text(key, encoding);
    if (slot !== undefined) this.#text(slot, encoding);
    if (headers !== undefined) this.#text(headers, encoding);
    if (contentType !== undefined) this.#text(contentType, encoding);
    if (replyEpoch !== undefined) this.#text(replyEpoch, encoding);
    if (change !== undefined) this.#text(change, encoding);
    return this.#buffer.subarray(0, this.#end);
  }

  #number(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#buffer[this.#end] = (rest & 0x7f) | 0x80;
      this.#end += 1;
      rest = rest < 0x8000_0000 ? rest >>> 7 : Math.floor(rest / 0x80);
    }
    this.#buffer[this.#end] = rest;
    this.#end += 1;
  }

  #text(text: string, encoding: 'latin1' | 'utf8'): void {
    this.#end += this.#buffer.write(text, this.#end, encoding);
  }

  #reserve(bytes: number): void {
    if (bytes > this.#buffer.byteLength) this.#buffer = Buffer.alloc(2 * bytes);
  }
}

function bytesOf(text: string | undefined): number {
  return text === undefined ? 0 : Buffer.byteLength(text);
}

function unitsOf({ body, key, slot, headers, contentType, replyTo, change }: EntryRow): number {
  return (
    body.length +
    (key?.length ?? 0) +
    (slot?.length ?? 0) +
    (headers?.length ?? 0) +
    (contentType?.length ?? 0) +
    (replyTo?.epoch?.length ?? 0) +
    (change?.length ?? 0)
  );
}

function flagsOf(row: EntryRow): number {
  return (
    (row.bodyFormat === 'base64' ? BASE64_BODY : 0) |
    (row.application === 0 ? 0 : HAS_APPLICATION) |
    (row.target === undefined ? 0 : HAS_TARGET) |
    (row.replyTo === undefined ? 0 : HAS_REPLY) |
    (row.replyTo?.epoch === undefined ? 0 : HAS_REPLY_EPOCH) |
    (row.expiresAt === undefined ? 0 : HAS_EXPIRY) |
    (row.key === undefined ? 0 : HAS_KEY) |
    (row.slot === undefined ? 0 : HAS_SLOT) |
    (row.headers === undefined ? 0 : HAS_HEADERS) |
    (row.contentType === undefined ? 0 : HAS_CONTENT_TYPE) |
    (row.removed === undefined ? 0 : IS_REMOVED) |
    (row.change === undefined ? 0 : HAS_CHANGE) |
    (row.otherMessages === 0 ? 0 : HAS_OTHER_MESSAGES) |
    (row.isOfMany ? IS_OF_MANY : 0)
  );
}

/** The checksum of a row: of its record, and of the number under which it is stored. */
export function recordChecksum(seq: number, record: Uint8Array): number {
  return crc32(record, seq >>> 0);
}

/** What a start needs of a row: its key, and what it adds to the use of its sender. */
export interface RecordSummary
  extends Pick<
    EntryRow,
    | 'channel'
    | 'offset'
    | 'sender'
    | 'application'
    | 'kind'
    | 'at'
    | 'messages'
    | 'senderMessages'
    | 'otherMessages'
    | 'isOfMany'
    | 'key'
  > {
  /** Of body and headers. */
  readonly size: number;
}

/**
 * The row as it was written.
 * @throws SqlFailure `corrupt` when the checksum says otherwise
 */
export function decodeRecord(seq: number, crc: number, record: Uint8Array): EntryRow {
  if (recordChecksum(seq, record) !== crc) throw new SqlFailure('corrupt', `row ${seq} does not match its checksum`);
  const reader = new RecordReader(record);
  if ((reader.flags & ~KNOWN_FLAGS) !== 0) throw new SqlFailure('corrupt', `row ${seq} is of an unknown form`);
  const { flags } = reader;
  const channel = reader.number();
  const offset = reader.number();
  const sender = reader.number();
  const kind = reader.number();
  const at = reader.number();
  const stamp = reader.number();
  const messages = reader.number();
  const senderMessages = reader.number();
  const bytes = reader.number();
  const senderBytes = reader.number();
  const removed = flags & IS_REMOVED ? REASONS[reader.number()] : undefined;
  const application = flags & HAS_APPLICATION ? reader.number() : 0;
  const target = flags & HAS_TARGET ? reader.number() : undefined;
  const replyOffset = flags & HAS_REPLY ? reader.number() : undefined;
  const expiresAt = flags & HAS_EXPIRY ? reader.number() : undefined;
  const otherMessages = flags & HAS_OTHER_MESSAGES ? reader.number() : 0;
  const bodyBytes = reader.number();
  const keyBytes = flags & HAS_KEY ? reader.number() : 0;
  const slotBytes = flags & HAS_SLOT ? reader.number() : 0;
  const headersBytes = flags & HAS_HEADERS ? reader.number() : 0;
  const contentTypeBytes = flags & HAS_CONTENT_TYPE ? reader.number() : 0;
  const replyEpochBytes = flags & HAS_REPLY_EPOCH ? reader.number() : 0;
  const changeBytes = flags & HAS_CHANGE ? reader.number() : 0;
  const body = reader.text(bodyBytes);
  const key = flags & HAS_KEY ? reader.text(keyBytes) : undefined;
  const slot = flags & HAS_SLOT ? reader.text(slotBytes) : undefined;
  const headers = flags & HAS_HEADERS ? reader.text(headersBytes) : undefined;
  const contentType = flags & HAS_CONTENT_TYPE ? reader.text(contentTypeBytes) : undefined;
  const epoch = flags & HAS_REPLY_EPOCH ? (reader.text(replyEpochBytes) as Epoch) : undefined;
  const change = flags & HAS_CHANGE ? reader.text(changeBytes) : undefined;
  // Spelled out: Node 20 takes ten times as long to spread an object that holds a number as large as `at`.
  return {
    channel,
    offset,
    kind,
    sender,
    application,
    at,
    stamp,
    messages,
    senderMessages,
    bytes,
    senderBytes,
    removed,
    body,
    bodyFormat: flags & BASE64_BODY ? 'base64' : 'json',
    key,
    slot,
    headers,
    contentType,
    replyTo: replyOffset === undefined ? undefined : { offset: replyOffset, epoch },
    target,
    expiresAt,
    otherMessages,
    isOfMany: (flags & IS_OF_MANY) !== 0,
    change,
  };
}

/** Unverified: of a damaged record it may be anything. */
export function decodeRecordSummary(record: Uint8Array): RecordSummary {
  const reader = new RecordReader(record);
  const { flags } = reader;
  const channel = reader.number();
  const offset = reader.number();
  const sender = reader.number();
  const kind = reader.number();
  const at = reader.number();
  reader.skipNumbers(1);
  const messages = reader.number();
  const senderMessages = reader.number();
  reader.skipNumbers(2 + bitsIn(flags & IS_REMOVED));
  const application = flags & HAS_APPLICATION ? reader.number() : 0;
  reader.skipNumbers(bitsIn(flags & (HAS_TARGET | HAS_REPLY | HAS_EXPIRY)));
  const otherMessages = flags & HAS_OTHER_MESSAGES ? reader.number() : 0;
  const bodyBytes = reader.number();
  const keyBytes = flags & HAS_KEY ? reader.number() : undefined;
  reader.skipNumbers(bitsIn(flags & HAS_SLOT));
  const size = bodyBytes + (flags & HAS_HEADERS ? reader.number() : 0);
  reader.skipNumbers(bitsIn(flags & (HAS_CONTENT_TYPE | HAS_REPLY_EPOCH | HAS_CHANGE)));
  reader.skipBytes(bodyBytes);
  const key = keyBytes === undefined ? undefined : reader.text(keyBytes);
  const isOfMany = (flags & IS_OF_MANY) !== 0;
  return {
    channel,
    offset,
    sender,
    application,
    kind,
    at,
    messages,
    senderMessages,
    otherMessages,
    isOfMany,
    size,
    key,
  };
}

function bitsIn(flags: number): number {
  let bits = 0;
  for (let rest = flags; rest !== 0; rest &= rest - 1) bits += 1;
  return bits;
}

/** Reads a record from the front. Of a damaged one it reads something, and ends. */
class RecordReader {
  readonly flags: number;
  readonly #bytes: Buffer;
  readonly #encoding: 'latin1' | 'utf8';
  #at = FLAGS_BYTES;

  constructor(record: Uint8Array) {
    this.#bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
    this.flags = (record[0] ?? 0) | ((record[1] ?? 0) << 8);
    this.#encoding = this.flags & IS_ASCII ? 'latin1' : 'utf8';
  }

  number(): number {
    let value = 0;
    let unit = 1;
    for (;;) {
      const byte = this.#bytes[this.#at]!;
      this.#at += 1;
      // Also past the end, where there is none.
      if (!(byte >= 0x80)) return value + byte * unit;
      value += (byte & 0x7f) * unit;
      unit *= 0x80;
    }
  }

  text(bytes: number): string {
    const start = this.#at;
    this.#at = start + bytes;
    return this.#bytes.toString(this.#encoding, start, this.#at);
  }

  skipNumbers(count: number): void {
    for (let rest = count; rest > 0; rest -= 1) this.number();
  }

  skipBytes(bytes: number): void {
    this.#at += bytes;
  }
}
