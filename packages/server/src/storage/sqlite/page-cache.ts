// How much of the file SQLite keeps in memory: little for a small store, more for one whose indexes are worth it.

import { integerOf, type SqlDatabase, type SqlStatement } from './driver/sql-database.js';

const MIN_KIB = 8_192;
const MAX_KIB = 65_536;
/** A store of 1 GiB gets the most: about the share of the file that its indexes have. */
const FILE_SHARE = 1 / 16;
const PAGE_BYTES = 4_096;

export class PageCache {
  readonly #database: SqlDatabase;
  readonly #pageCount: SqlStatement;
  #kib = 0;

  constructor(database: SqlDatabase) {
    this.#database = database;
    this.#pageCount = database.prepare('PRAGMA page_count');
    this.fit();
  }

  /** Fits the cache to the file as it is now. The system's own cache holds the rest: a page left out costs a copy. */
  fit(): void {
    const row = this.#pageCount.get([]);
    const fileBytes = row === undefined ? 0 : integerOf(row, 'page_count') * PAGE_BYTES;
    const kib = Math.round(Math.min(MAX_KIB, Math.max(MIN_KIB, (fileBytes * FILE_SHARE) / 1_024)));
    if (kib === this.#kib) return;
    this.#kib = kib;
    this.#database.exec(`PRAGMA cache_size=-${kib}`);
  }
}
