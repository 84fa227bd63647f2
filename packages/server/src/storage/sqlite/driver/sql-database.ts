// The interface to both SQLite builds: positional values in, whole rows out, failures by kind.

export type SqlValue = number | string | Uint8Array | null;

export type SqlRow = Record<string, SqlValue>;

export interface SqlStatement {
  run(values: readonly SqlValue[]): void;
  /** The first row; the statement is left reset, so that it never holds a read transaction open. */
  get(values: readonly SqlValue[]): SqlRow | undefined;
  all(values: readonly SqlValue[]): SqlRow[];
}

export interface SqlDatabase {
  /** For the banner: `node:sqlite`, `node-sqlite3-wasm`. */
  readonly driverName: string;
  /** Several connections to one file at a time: WAL works through shared memory. */
  readonly sharesFile: boolean;
  exec(sql: string): void;
  /** The first row of a statement that is run once; those that are run often are prepared. */
  query(sql: string): SqlRow | undefined;
  prepare(sql: string): SqlStatement;
  close(): void;
}

/**
 * `full`: no room for what was written, nothing of it is stored. `corrupt`: the file contradicts itself. `busy`: another
 * connection holds it. `other`: anything else, after which it is unknown what is on disk.
 */
export type SqlFailureKind = 'full' | 'corrupt' | 'busy' | 'other';

/** What both drivers throw, whatever SQLite or its build threw. */
export class SqlFailure extends Error {
  readonly kind: SqlFailureKind;

  constructor(kind: SqlFailureKind, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'SqlFailure';
    this.kind = kind;
  }
}

/** Statements of ours name what the schema has: if SQLite does not find it, the schema is damaged. */
export function isAboutSchema(message: string): boolean {
  return /^no such |^malformed database schema| has no column named /.test(message);
}

/** A column that the schema declares an integer. Anything else in it is damage. */
export function integerOf(row: SqlRow, column: string): number {
  const value = row[column];
  if (typeof value === 'number') return value;
  throw new SqlFailure('corrupt', `column ${column} should hold an integer, it holds ${describe(value)}`);
}

/** The answer of a `SELECT max(id) AS id`: where the numbers of a table continue; 0 for an empty table. */
export function newestNumber(statement: SqlStatement): number {
  const row = statement.get([]);
  return row === undefined || row['id'] === null ? 0 : integerOf(row, 'id');
}

/** A column that the schema declares text. */
export function textOf(row: SqlRow, column: string): string {
  const value = row[column];
  if (typeof value === 'string') return value;
  throw new SqlFailure('corrupt', `column ${column} should hold text, it holds ${describe(value)}`);
}

function describe(value: SqlValue | undefined): string {
  return value === null ? 'null' : value instanceof Uint8Array ? 'a blob' : typeof value;
}

/** Undoes the open transaction, unless SQLite has done so by itself. */
export function rollBack(database: SqlDatabase): void {
  try {
    database.exec('ROLLBACK');
  } catch (error) {
    if (error instanceof Error && error.message.includes('no transaction is active')) return;
    throw error;
  }
}
