// The table `uncounted`: messages of inboxes and of the announcements that do not count as unread, although they are above the
// read cursor, because they were replaced or have expired.

import { integerOf, type SqlDatabase, type SqlStatement } from '../driver/sql-database.js';

export class UncountedTable {
  readonly #put: SqlStatement;
  readonly #count: SqlStatement;
  readonly #drop: SqlStatement;

  constructor(database: SqlDatabase) {
    this.#put = database.prepare('INSERT OR IGNORE INTO uncounted (channel, offset) VALUES (?,?)');
    this.#count = database.prepare(
      'SELECT count(*) AS messages FROM uncounted WHERE channel = ? AND offset > ? AND offset <= ?',
    );
    this.#drop = database.prepare('DELETE FROM uncounted WHERE channel = ? AND offset <= ?');
  }

  put(channel: number, offset: number): void {
    this.#put.run([channel, offset]);
  }

  /** How many of them there are above `after`, up to `through`. */
  count(channel: number, after: number, through: number): number {
    const row = this.#count.get([channel, after, through]);
    return row === undefined ? 0 : integerOf(row, 'messages');
  }

  /** They are read, or below the base of the channel. */
  dropThrough(channel: number, offset: number): void {
    this.#drop.run([channel, offset]);
  }
}
