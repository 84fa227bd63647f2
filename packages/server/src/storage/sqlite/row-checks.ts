// What shows that a row is as it was written: its checksum, since SQLite's pages carry none, and its neighbours in an index.

import { crc32 } from 'node:zlib';
import { ServerError } from '../../errors.js';
import { integerOf, type SqlDatabase, type SqlRow, type SqlStatement, type SqlValue } from './driver/sql-database.js';

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
  readonly #columns: readonly string[];
  readonly #before: SqlStatement;
  readonly #after: SqlStatement;
  readonly #inTable: SqlStatement;

  /** @param columns  of a unique index of the table */
  constructor(database: SqlDatabase, table: string, columns: readonly string[]) {
    this.#table = table;
    this.#columns = columns;
    const key = columns.join(', ');
    const values = columns.map(() => '?').join(', ');
    const descending = columns.map((column) => `${column} DESC`).join(', ');
    // Nothing but the index has to be read for these two.
    this.#before = database.prepare(
      `SELECT id, ${key} FROM ${table} WHERE (${key}) < (${values}) ORDER BY ${descending} LIMIT 1`,
    );
    this.#after = database.prepare(
      `SELECT id, ${key} FROM ${table} WHERE (${key}) > (${values}) ORDER BY ${key} LIMIT 1`,
    );
    this.#inTable = database.prepare(`SELECT ${key} FROM ${table} WHERE id = ?`);
  }

  /**
   * Returns if the index is right around a key that it does not have. Damage elsewhere in the neighbours' rows is
   * found when those are read.
   * @throws ServerError `corrupt`
   */
  expectRight(key: readonly SqlValue[]): void {
    for (const neighbour of [this.#before.get(key), this.#after.get(key)]) {
      if (neighbour === undefined || this.#isAsInTable(neighbour)) continue;
      const message = `the index of the table ${this.#table} is damaged around ${key.join(', ')}`;
      throw new ServerError('corrupt', `${message}; restore the store from a backup`);
    }
  }

  #isAsInTable(neighbour: SqlRow): boolean {
    const row = this.#inTable.get([integerOf(neighbour, 'id')]);
    return row !== undefined && this.#columns.every((column) => row[column] === neighbour[column]);
  }
}
