// Where the numbers of a table continue.

import { integerOf, type SqlStatement } from './driver/sql-database.js';

/** The answer of a `SELECT max(id) AS id`; 0 for an empty table. */
export function newestNumber(statement: SqlStatement): number {
  const row = statement.get([]);
  return row === undefined || row['id'] === null ? 0 : integerOf(row, 'id');
}
