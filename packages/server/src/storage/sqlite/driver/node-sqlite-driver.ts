// The SQLite inside Node (≥ 22.13).

import { createRequire } from 'node:module';
import {
  isAboutSchema,
  type SqlDatabase,
  SqlFailure,
  type SqlFailureKind,
  type SqlRow,
  type SqlStatement,
  type SqlValue,
} from './sql-database.js';

// The types of Node 20 do not know this module.
interface NativeStatement {
  run(...values: SqlValue[]): unknown;
  get(...values: SqlValue[]): SqlRow | undefined;
  all(...values: SqlValue[]): SqlRow[];
  setReadBigInts(enabled: boolean): unknown;
}

interface NativeDatabase {
  exec(sql: string): void;
  prepare(sql: string): NativeStatement;
  close(): void;
}

interface NativeModule {
  readonly DatabaseSync: new (
    path: string,
    options?: { readonly timeout?: number; readonly readOnly?: boolean },
  ) => NativeDatabase;
}

const BUSY_TIMEOUT_MS = 2_000;

/** Undefined where this Node has no `node:sqlite`. */
export function loadNodeSqlite(): ((path: string) => SqlDatabase) | undefined {
  const native = requireQuietly();
  if (native === undefined) return undefined;
  return (path) => new NodeSqliteDatabase(native, path);
}

function requireQuietly(): NativeModule | undefined {
  const emitWarning = process.emitWarning;
  // Node 22 announces that the module is experimental; the banner says which engine runs.
  process.emitWarning = () => undefined;
  try {
    return createRequire(import.meta.url)('node:sqlite') as NativeModule;
  } catch {
    return undefined;
  } finally {
    process.emitWarning = emitWarning;
  }
}

class NodeSqliteDatabase implements SqlDatabase {
  readonly driverName = 'node:sqlite';
  readonly sharesFile = true;
  readonly #database: NativeDatabase;

  constructor(native: NativeModule, path: string) {
    this.#database = translate(() => new native.DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS }));
  }

  exec(sql: string): void {
    translate(() => this.#database.exec(sql));
  }

  query(sql: string): SqlRow | undefined {
    return this.prepare(sql).get([]);
  }

  prepare(sql: string): SqlStatement {
    const statement = translate(() => this.#database.prepare(sql));
    return new NodeSqliteStatement(statement);
  }

  close(): void {
    translate(() => this.#database.close());
  }
}

class NodeSqliteStatement implements SqlStatement {
  readonly #statement: NativeStatement;

  constructor(statement: NativeStatement) {
    this.#statement = statement;
  }

  run(values: readonly SqlValue[]): void {
    try {
      this.#statement.run(...values);
    } catch (error) {
      throw failureFrom(error);
    }
  }

  get(values: readonly SqlValue[]): SqlRow | undefined {
    try {
      return this.#statement.get(...values);
    } catch (error) {
      return this.#retried(error, () => {
        const row = this.#statement.get(...values);
        return row === undefined ? undefined : withNumbers(row);
      });
    }
  }

  all(values: readonly SqlValue[]): SqlRow[] {
    try {
      return this.#statement.all(...values);
    } catch (error) {
      return this.#retried(error, () => this.#statement.all(...values).map(withNumbers));
    }
  }

  /**
   * An integer beyond 2^53, which is never stored, makes Node throw for all rows. Read again as BigInts it affects its
   * own row only.
   */
  #retried<Rows>(error: unknown, read: () => Rows): Rows {
    if ((error as { readonly code?: string }).code !== 'ERR_OUT_OF_RANGE') throw failureFrom(error);
    return translate(() => {
      this.#statement.setReadBigInts(true);
      try {
        return read();
      } finally {
        this.#statement.setReadBigInts(false);
      }
    });
  }
}

/** Numbers where they fit. What does not fit is not a value of any column. */
function withNumbers(row: SqlRow): SqlRow {
  const values = Object.entries(row).map(([column, value]: [string, unknown]) => {
    const isNumber = typeof value === 'bigint' && Number.isSafeInteger(Number(value));
    return [column, isNumber ? Number(value) : value];
  });
  return Object.fromEntries(values) as SqlRow;
}

function translate<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw failureFrom(error);
  }
}

// https://sqlite.org/rescode.html: the low byte is the primary code.
const SQLITE_BUSY = 5;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;
const SQLITE_IOERR_SHMSIZE = 4_874;

function failureFrom(error: unknown): SqlFailure {
  const { errcode, message } = error as { readonly errcode?: number; readonly message?: string };
  const kind = isAboutSchema(message ?? '') ? 'corrupt' : kindOf(errcode ?? 0);
  return new SqlFailure(kind, message ?? String(error), { cause: error });
}

function kindOf(code: number): SqlFailureKind {
  // The index of the write-ahead log lives in a file of its own, which needs room as well.
  if (code === SQLITE_IOERR_SHMSIZE) return 'full';
  switch (code & 0xff) {
    case SQLITE_BUSY:
      return 'busy';
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return 'corrupt';
    case SQLITE_FULL:
      return 'full';
    default:
      return 'other';
  }
}
