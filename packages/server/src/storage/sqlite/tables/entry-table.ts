// The table `entry`: the rows of all channels in the order of their commits, and beside it those of schema version 1.

import {
  integerOf,
  newestNumber,
  type SqlDatabase,
  SqlFailure,
  type SqlRow,
  type SqlStatement,
  type SqlValue,
} from '../driver/sql-database.js';
import {
  decodeRecord,
  decodeRecordSummary,
  EntryRecordEncoder,
  type RecordSummary,
  recordChecksum,
} from './entry-record.js';
import { type EntryRow, MESSAGE_KIND } from './entry-row.js';
import { decodeRowV1, ENTRY_V1_COLUMNS, textFrom } from './entry-v1.js';

/** What a row says of itself. */
export interface RowKey extends RecordSummary {
  readonly seq: number;
  /** False: it is damaged, and all of this may be wrong; channel and offset are what the columns beside the record say. */
  readonly isVerified: boolean;
}

export interface KeySlice {
  readonly keys: readonly RowKey[];
  /** Rows up to this one have been looked at. */
  readonly through: number;
}

export class EntryTable {
  /** Rows up to this one are in the table of schema version 1, unless they were changed since. */
  readonly #lastV1: number;
  readonly #insert: SqlStatement;
  readonly #replace: SqlStatement;
  readonly #delete: SqlStatement;
  readonly #deleteV1: SqlStatement | undefined;
  readonly #read: SqlStatement;
  readonly #readV1: SqlStatement | undefined;
  readonly #newest: SqlStatement;
  readonly #slice: SqlStatement;
  readonly #sliceV1: SqlStatement | undefined;
  readonly #sliceChanged: SqlStatement | undefined;
  readonly #encoder = new EntryRecordEncoder();

  constructor(database: SqlDatabase) {
    this.#insert = database.prepare('INSERT INTO entry (seq, channel, offset, crc, record) VALUES (?,?,?,?,?)');
    this.#replace = database.prepare(
      'INSERT OR REPLACE INTO entry (seq, channel, offset, crc, record) VALUES (?,?,?,?,?)',
    );
    this.#delete = database.prepare('DELETE FROM entry WHERE seq = ?');
    this.#read = database.prepare('SELECT channel, offset, crc, record FROM entry WHERE seq = ?');
    this.#newest = database.prepare('SELECT max(seq) AS id FROM entry');
    this.#slice = database.prepare(
      'SELECT seq, channel, offset, crc, record FROM entry WHERE seq > ? ORDER BY seq LIMIT ?',
    );
    const hasV1 =
      database.prepare("SELECT 1 AS found FROM sqlite_schema WHERE name = 'entry_v1'").get([]) !== undefined;
    this.#lastV1 = hasV1 ? newestNumber(database.prepare('SELECT max(id) AS id FROM entry_v1')) : 0;
    if (!hasV1) return;
    this.#deleteV1 = database.prepare('DELETE FROM entry_v1 WHERE id = ?');
    this.#readV1 = database.prepare(`SELECT ${ENTRY_V1_COLUMNS} FROM entry_v1 WHERE id = ?`);
    this.#sliceChanged = database.prepare(
      'SELECT seq, channel, offset, crc, record FROM entry WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?',
    );
    this.#sliceV1 = database.prepare(
      'SELECT id, channel, offset, sender, key FROM entry_v1 WHERE id > ? ORDER BY id LIMIT ?',
    );
  }

  /** The number of the newest row; 0 if there is none. */
  newest(): number {
    return Math.max(newestNumber(this.#newest), this.#lastV1);
  }

  insert(seq: number, row: EntryRow): void {
    const record = this.#encoder.encode(row);
    this.#insert.run([seq, row.channel, row.offset, recordChecksum(seq, record), record]);
  }

  /** Changes a row that is there; from now on it has the form of this version. */
  replace(seq: number, row: EntryRow): void {
    const record = this.#encoder.encode(row);
    this.#replace.run([seq, row.channel, row.offset, recordChecksum(seq, record), record]);
    if (seq <= this.#lastV1) this.#deleteV1?.run([seq]);
  }

  delete(seq: number): void {
    this.#delete.run([seq]);
    if (seq <= this.#lastV1) this.#deleteV1?.run([seq]);
  }

  /**
   * Undefined: there is no such row.
   * @throws SqlFailure `corrupt`
   */
  read(seq: number): EntryRow | undefined {
    const columns = this.#read.get([seq]);
    if (columns !== undefined) return rowFrom(seq, columns);
    const columnsV1 = seq > this.#lastV1 ? undefined : this.#readV1?.get([seq]);
    return columnsV1 && decodeRowV1(columnsV1);
  }

  /** What a row says of itself, right or not. */
  claims(seq: number): RowKey | undefined {
    const [key] = this.keysAfter(seq - 1, 1).keys;
    return key?.seq === seq ? key : undefined;
  }

  /** Up to `limit` of the rows after `seq`, in their order; those that SQLite cannot read are left out. */
  keysAfter(seq: number, limit: number): KeySlice {
    const isV1 = seq < this.#lastV1;
    try {
      const keys = isV1 ? this.#keysAfterV1(seq, limit) : this.#slice.all([seq, limit]).map(rowKey);
      if (keys.length === limit) return { keys, through: keys.at(-1)!.seq };
      return { keys, through: isV1 ? this.#lastV1 : Number.MAX_SAFE_INTEGER };
    } catch (error) {
      if (!(error instanceof SqlFailure) || error.kind !== 'corrupt') throw error;
    }
    if (limit === 1) return { keys: [], through: seq + 1 };
    const keys: RowKey[] = [];
    for (let at = seq; at < seq + limit; at += 1)
      keys.push(...this.keysAfter(at, 1).keys.filter((key) => key.seq === at + 1));
    return { keys, through: seq + limit };
  }

  /** The same from both tables, up to the last row of the older one: some of its rows were changed since. */
  #keysAfterV1(seq: number, limit: number): RowKey[] {
    const changed = this.#sliceChanged!.all([seq, this.#lastV1, limit]).map(rowKey);
    const keys = this.#sliceV1!.all([seq, limit]).map(rowKeyV1);
    return changed.length === 0 ? keys : [...keys, ...changed].sort((a, b) => a.seq - b.seq).slice(0, limit);
  }
}

/** @throws SqlFailure `corrupt` */
export function rowFrom(seq: number, { crc, record }: SqlRow): EntryRow {
  if (typeof crc === 'number' && record instanceof Uint8Array) return decodeRecord(seq, crc, record);
  throw new SqlFailure('corrupt', `row ${seq} has columns of the wrong types`);
}

function rowKey(columns: SqlRow): RowKey {
  const seq = integerOf(columns, 'seq');
  const { crc, record } = columns;
  const claims = {
    ...NO_SUMMARY,
    seq,
    isVerified: false,
    channel: numberOr0(columns['channel']),
    offset: numberOr0(columns['offset']),
  };
  if (!(record instanceof Uint8Array)) return claims;
  const decoded = decodeRecordSummary(record);
  if (recordChecksum(seq, record) === crc) return summaryOf(seq, decoded);
  const { sender, application, kind, senderMessages, isOfMany, key: claimedKey } = decoded;
  return { ...claims, sender, application, kind, senderMessages, isOfMany, key: claimedKey };
}

/** Spelled out: Node 20 takes ten times as long to spread an object that holds a number as large as `at`. */
function summaryOf(seq: number, summary: RecordSummary): RowKey {
  const {
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
  } = summary;
  return {
    seq,
    isVerified: true,
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

const NO_SUMMARY: RecordSummary = {
  channel: 0,
  offset: 0,
  sender: 0,
  application: 0,
  kind: MESSAGE_KIND,
  at: 0,
  messages: 0,
  senderMessages: 0,
  otherMessages: 0,
  isOfMany: false,
  size: 0,
  key: undefined,
};

/** Its checksum covers what was not read. */
function rowKeyV1(columns: SqlRow): RowKey {
  const { id, channel, offset, sender, key } = columns;
  return {
    ...NO_SUMMARY,
    seq: numberOr0(id),
    isVerified: false,
    channel: numberOr0(channel),
    offset: numberOr0(offset),
    sender: numberOr0(sender),
    key: key instanceof Uint8Array ? textFrom(key) : undefined,
  };
}

function numberOr0(value: SqlValue | undefined): number {
  return typeof value === 'number' ? value : 0;
}
