// The table `expiry`: which entries are to be removed when. An entry that is kept has no row.

import type { SqlDatabase, SqlStatement } from '../driver/sql-database.js';

export class ExpiryTable {
  readonly #put: SqlStatement;

  constructor(database: SqlDatabase) {
    this.#put = database.prepare('INSERT OR REPLACE INTO expiry (at, channel, offset) VALUES (?,?,?)');
  }

  put(at: number, channel: number, offset: number): void {
    this.#put.run([at, channel, offset]);
  }
}
