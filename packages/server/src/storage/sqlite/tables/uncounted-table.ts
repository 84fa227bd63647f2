// The table `uncounted`: messages of inboxes and of the announcements that do not count as unread, although they are above the
// read cursor, because they were replaced, have expired, or were read one by one.

import { integerOf, type SqlDatabase, type SqlStatement } from '../driver/sql-database.js';

export class UncountedTable {
  readonly #put: SqlStatement;
  readonly #putSingle: SqlStatement;
  readonly #singles: SqlStatement;
  readonly #count: SqlStatement;
  readonly #drop: SqlStatement;

  constructor(database: SqlDatabase) {
    this.#put = database.prepare('INSERT OR IGNORE INTO uncounted (channel, offset) VALUES (?,?)');
    this.#putSingle = database.prepare('INSERT OR IGNORE INTO uncounted (channel, offset, is_read) VALUES (?,?,1)');
    this.#singles = database.prepare(
      'SELECT offset FROM uncounted WHERE channel = ? AND offset > ? AND is_read = 1 ORDER BY offset',
    );
    this.#count = database.prepare(
      'SELECT count(*) AS messages FROM uncounted WHERE channel = ? AND offset > ? AND offset <= ?',
    );
    this.#drop = database.prepare('DELETE FROM uncounted WHERE channel = ? AND offset <= ?');
  }

  put(channel: number, offset: number): void {
    this.#put.run([channel, offset]);
  }

  /** One that was read alone. */
  putSingle(channel: number, offset: number): void {
    this.#putSingle.run([channel, offset]);
  }

  /** Those above `after` that were read one by one, ascending. */
  singles(channel: number, after: number): readonly number[] {
    return this.#singles.all([channel, after]).map((row) => integerOf(row, 'offset'));
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
