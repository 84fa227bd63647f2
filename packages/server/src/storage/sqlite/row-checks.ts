// What shows that a row is as it was written: its checksum, since SQLite's pages carry none, and its neighbours in an index.

import { crc32 } from 'node:zlib';
import { ServerError } from '../../errors.js';
import { integerOf, type SqlDatabase, type SqlStatement, type SqlValue } from './driver/sql-database.js';

/** CRC32 over the row's columns in their declared order. */
export function rowChecksum(...columns: readonly (number | string | null)[]): number {
  return crc32(columns.join('\n'));
}

/** @throws ServerError `corrupt` naming the row */
export function expectChecksum(stored: number, actual: number, row: string): void {
  if (stored !== actual)
    throw new ServerError('corrupt', `${row} does not match its checksum; restore the store from a backup`);
}

/**
 * Whether a row that an index does not find is really not there. A damaged key in an index hides its row, and others by
 * misleading the search; what was asked for would stand between two neighbours, so that damage shows in them.
 */
export class IndexNeighbours {
  readonly #table: string;
  readonly #wrong: SqlStatement;

  /** @param columns  of a unique index of the table */
  constructor(database: SqlDatabase, table: string, columns: readonly string[]) {
    this.#table = table;
    const key = columns.join(', ');
    const values = columns.map((_, index) => `?${index + 1}`).join(', ');
    const descending = columns.map((column) => `${column} DESC`).join(', ');
    const differs = columns.map((column) => `${table}.${column} IS NOT near.${column}`).join(' OR ');
    // The two neighbours are read from the index alone, and compared with their rows in the table.
    this.#wrong = database.prepare(`
      WITH near AS (
        SELECT * FROM (SELECT id, ${key} FROM ${table} WHERE (${key}) < (${values}) ORDER BY ${descending} LIMIT 1)
        UNION ALL
        SELECT * FROM (SELECT id, ${key} FROM ${table} WHERE (${key}) > (${values}) ORDER BY ${key} LIMIT 1)
      )
      SELECT count(*) AS count FROM near LEFT JOIN ${table} ON ${table}.id = near.id WHERE ${differs}`);
  }

  /**
   * Returns if the index is right around a key that it does not have. Damage elsewhere in the neighbours' rows is
   * found when those are read.
   * @throws ServerError `corrupt`
   */
  expectRight(key: readonly SqlValue[]): void {
    const row = this.#wrong.get(key);
    if (row !== undefined && integerOf(row, 'count') === 0) return;
    const message = `the index of the table ${this.#table} is damaged around ${key.join(', ')}`;
    throw new ServerError('corrupt', `${message}; restore the store from a backup`);
  }
}
