// Rows of a table whose primary key is a number, such as a user's or a device's, and a channel: those of one number, in the order
// of the channels. The key itself has no checksum that SQLite would look at, so a damaged one may stand anywhere, and lead a
// search for another one astray.

import { type SqlDatabase, SqlFailure, type SqlRow, type SqlStatement } from '../driver/sql-database.js';

/** The rows around a place in the table. */
export interface KeyedSlice {
  /** Up to two rows in front of the place, the nearest first. */
  readonly before: readonly SqlRow[];
  /** The rows from the place on: those of the key, and after the last one of them two of other keys, if there are so many. */
  readonly rows: readonly SqlRow[];
  /** SQLite ended the walk over the rows of the key, although more of them follow: a damaged one is between them. */
  readonly isBroken: boolean;
}

/** A key that was read from a row, whose checksum is right. */
export interface KeyedRow {
  readonly key: number;
  readonly channel: number;
}

const NEIGHBOURS = 2;

export class KeyedRows {
  readonly #key: string;
  readonly #within: SqlStatement;
  readonly #beyond: SqlStatement;
  readonly #behind: SqlStatement;
  readonly #lastOf: SqlStatement;
  readonly #before: SqlStatement;
  readonly #beforeAll: SqlStatement;

  /** @param columns  besides the key and the channel */
  constructor(database: SqlDatabase, table: string, key: string, columns: string) {
    this.#key = key;
    const select = `SELECT ${key}, channel, ${columns} FROM ${table}`;
    const descending = `ORDER BY ${key} DESC, channel DESC LIMIT ${NEIGHBOURS}`;
    this.#within = database.prepare(`${select} WHERE ${key} = ? AND channel >= ? ORDER BY channel LIMIT ?`);
    this.#beyond = database.prepare(`${select} WHERE (${key}, channel) > (?, ?) ORDER BY ${key}, channel LIMIT ?`);
    // SQLite looks at two columns of each row, and leaves out those that are no numbers; of one column it trusts the order.
    this.#behind = database.prepare(`${select} WHERE ${key} > ? ORDER BY ${key}, channel LIMIT ${NEIGHBOURS}`);
    this.#lastOf = database.prepare(`${select} WHERE ${key} <= ? ORDER BY ${key} DESC, channel DESC LIMIT 1`);
    this.#before = database.prepare(`${select} WHERE (${key}, channel) < (?, ?) ${descending}`);
    this.#beforeAll = database.prepare(`${select} WHERE ${key} < ? ${descending}`);
  }

  /**
   * Up to `count` rows after a channel, and after the last one of the key two of other keys. A row among them whose key was
   * damaged is returned as well: SQLite walks over it, ends the walk there if the key became larger, and does not compare it
   * again if it became smaller.
   */
  slice(key: number, channel: number, count: number): KeyedSlice {
    const before = this.#rowsBefore(key, channel);
    // With the one that is there already, so that what follows it at once is walked over.
    const walked = this.#within.all([key, channel, count + 1]);
    const rows = walked[0]?.['channel'] === channel ? walked.slice(1) : walked.slice(0, count);
    if (rows.length === count) return { before, rows, isBroken: false };
    let last = channel;
    for (const row of rows) {
      const { channel: next } = row;
      if (row[this.#key] === key && typeof next === 'number' && next > last) last = next;
    }
    const next = this.#beyond.all([key, last, NEIGHBOURS]);
    const isEnd = next.every((row) => Number(row[this.#key]) > key);
    if (!isEnd) {
      const rest = this.#beyond.all([key, last, Math.max(NEIGHBOURS, count - rows.length)]);
      return { before, rows: [...rows, ...rest], isBroken: true };
    }
    const isBroken = !this.#isLast(key, last, walked.length > 0);
    return { before, rows: [...rows, ...this.#behind.all([key])], isBroken };
  }

  /** Whether the walk ended with the last row of the key, seen from the other side. */
  #isLast(key: number, last: number, hasOwn: boolean): boolean {
    const row = this.#lastOf.get([key]);
    // Where the walk has none, its place is behind all of them.
    if (row?.[this.#key] === key) return hasOwn ? row['channel'] === last : Number(row['channel']) <= last;
    return !hasOwn && (row === undefined || Number(row[this.#key] ?? Number.NaN) < key);
  }

  /** Where the search may have passed a row whose key was damaged. */
  #rowsBefore(key: number, channel: number): readonly SqlRow[] {
    // A damaged key may be NULL, to which no comparison of two columns is true.
    return channel === 0 ? this.#beforeAll.all([key]) : this.#before.all([key, channel + 1]);
  }
}

/**
 * Sees whether rows stand in the order of their keys. A damaged key or a damaged pointer to a row leads searches to the wrong
 * side of it, which shows there: the row itself is damaged, or stands twice, or the ones around it are not in order.
 */
export class KeyOrder {
  #last: KeyedRow;

  /** @param from  the place that was searched: rows after it are above it */
  constructor(from: KeyedRow) {
    this.#last = from;
  }

  /**
   * For the rows in front of the place, the nearest first.
   * @throws SqlFailure `corrupt`
   */
  static expectBelow(from: KeyedRow, before: readonly KeyedRow[]): void {
    let above = { key: from.key, channel: from.channel + 1 };
    for (const row of before) {
      if (!isBelow(row, above)) throw outOfOrder(row);
      above = row;
    }
  }

  /**
   * For the next row.
   * @throws SqlFailure `corrupt` where it stands out of order, or a second time in the place of another one
   */
  expectNext(row: KeyedRow): void {
    if (!isBelow(this.#last, row)) throw outOfOrder(row);
    this.#last = row;
  }
}

interface RowsAround<Row> {
  /** The place that was searched. */
  readonly from: KeyedRow;
  readonly slice: KeyedSlice;
  /** Undefined where a row cannot be read. */
  readonly read: (row: SqlRow) => Row | undefined;
  readonly keyOf: (row: Row) => KeyedRow;
}

/**
 * Of the rows around a place, those of its key, in order and each once.
 * @param readAround returns undefined after reporting what `check` throws: damage may hide other rows
 * @returns also whether a row of a larger key follows them, and whether all can be read and stand in order
 */
export function ownRows<Row>(
  { from, slice, read, keyOf }: RowsAround<Row>,
  readAround: (check: () => true) => true | undefined,
): { readonly own: Row[]; readonly isEnd: boolean; readonly isWhole: boolean } {
  const { before, rows, isBroken } = slice;
  const isRead = (row: Row | undefined): row is Row => row !== undefined;
  const readable = rows.map(read).filter(isRead);
  const isInOrder = readAround(() => {
    if (isBroken) throw new SqlFailure('corrupt', 'it stands among others of that key, and cannot be read');
    KeyOrder.expectBelow(from, before.map(read).filter(isRead).map(keyOf));
    const order = new KeyOrder(from);
    for (const row of readable) order.expectNext(keyOf(row));
    return true;
  });
  const own = new Map<number, Row>();
  let isEnd = false;
  for (const row of readable) {
    const { key, channel } = keyOf(row);
    if (key === from.key && channel > from.channel) own.set(channel, row);
    if (key > from.key) isEnd = true;
  }
  return {
    own: [...own.values()].sort((a, b) => keyOf(a).channel - keyOf(b).channel),
    isEnd,
    isWhole: isInOrder === true && readable.length === rows.length,
  };
}

function isBelow(a: KeyedRow, b: KeyedRow): boolean {
  return a.key < b.key || (a.key === b.key && a.channel < b.channel);
}

function outOfOrder({ key, channel }: KeyedRow): SqlFailure {
  return new SqlFailure('corrupt', `the row of ${key} in channel ${channel} stands out of order`);
}
