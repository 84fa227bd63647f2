// Rows of a table whose primary key is a number, such as a user's or a device's, and a channel: those of one number, in the order
// of the channels. The key itself has no checksum that SQLite would look at, so a damaged one may stand anywhere.

import { type SqlDatabase, SqlFailure, type SqlRow, type SqlStatement } from '../driver/sql-database.js';

export class KeyedRows {
  readonly #key: string;
  readonly #within: SqlStatement;
  readonly #beyond: SqlStatement;
  readonly #before: SqlStatement;
  readonly #beforeAll: SqlStatement;

  /** @param columns  besides the key and the channel */
  constructor(database: SqlDatabase, table: string, key: string, columns: string) {
    this.#key = key;
    const select = `SELECT ${key}, channel, ${columns} FROM ${table}`;
    this.#within = database.prepare(`${select} WHERE ${key} = ? AND channel > ? ORDER BY channel LIMIT ?`);
    this.#beyond = database.prepare(`${select} WHERE (${key}, channel) > (?, ?) ORDER BY ${key}, channel LIMIT ?`);
    this.#before = database.prepare(
      `${select} WHERE (${key}, channel) < (?, ?) ORDER BY ${key} DESC, channel DESC LIMIT 1`,
    );
    this.#beforeAll = database.prepare(`${select} WHERE ${key} < ? ORDER BY ${key} DESC, channel DESC LIMIT 1`);
  }

  /**
   * Up to `count` rows after a channel, and after the last one of the key those of other keys. A row among them whose key was
   * damaged is returned as well: SQLite walks over it, ends the walk there if the key became larger, and does not compare it
   * again if it became smaller.
   */
  after(key: number, channel: number, count: number): readonly SqlRow[] {
    const rows = this.#within.all([key, channel, count]);
    if (rows.length === count) return rows;
    let last = channel;
    for (const row of rows) {
      const { channel: next } = row;
      if (row[this.#key] === key && typeof next === 'number' && next > last) last = next;
    }
    return [...rows, ...this.#beyond.all([key, last, count - rows.length])];
  }

  /** The row in front of those of `after`: where the search may have passed a row whose key was damaged. */
  before(key: number, channel: number): SqlRow | undefined {
    // A damaged key may be NULL, to which no comparison of two columns is true.
    return channel === 0 ? this.#beforeAll.get([key]) : this.#before.get([key, channel + 1]);
  }
}

/**
 * The row, which comes after the one of `channel`.
 * @throws SqlFailure `corrupt` where it stands out of order, or a second time in the place of another one
 */
export function expectAbove<Row extends { readonly channel: number }>(channel: number, row: Row): Row {
  if (row.channel > channel) return row;
  throw new SqlFailure('corrupt', `the row of channel ${row.channel} stands behind that of channel ${channel}`);
}
