// SQLite compiled to WebAssembly (node-sqlite3-wasm): runs on every Node and processor, without anything native.

import { rmdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Database, Statement } from 'node-sqlite3-wasm';
import {
  isAboutSchema,
  type SqlDatabase,
  SqlFailure,
  type SqlFailureKind,
  type SqlRow,
  type SqlStatement,
  type SqlValue,
} from './sql-database.js';
import { WriteObserver } from './write-observer.js';

type WasmModule = typeof import('node-sqlite3-wasm');

/**
 * Opens a file with the WebAssembly build. Its lock is a folder beside the file which survives `kill -9`; it is removed
 * here, so the caller must hold the lock of the data folder.
 */
export function openWithWasm(path: string): SqlDatabase {
  // Before the module is loaded: it takes its file functions from `node:fs` when it is.
  const observer = WriteObserver.install();
  const { Database } = createRequire(import.meta.url)('node-sqlite3-wasm') as WasmModule;
  removeLeftLock(path);
  return new WasmDatabase(Database, path, observer);
}

function removeLeftLock(path: string): void {
  try {
    rmdirSync(`${path}.lock`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

class WasmDatabase implements SqlDatabase {
  readonly driverName = 'node-sqlite3-wasm';
  readonly sharesFile = false;
  readonly #database: Database;
  readonly #observer: WriteObserver;
  readonly #statements = new Set<WasmStatement>();

  constructor(Native: WasmModule['Database'], path: string, observer: WriteObserver) {
    this.#observer = observer;
    this.#database = this.translate(() => new Native(path));
  }

  exec(sql: string): void {
    this.translate(() => this.#database.exec(sql));
  }

  query(sql: string): SqlRow | undefined {
    // It prepares, runs to the end and finalizes; a statement of `prepare` lives as long as the database.
    return this.translate(() => this.#database.all(sql)[0] as SqlRow | undefined);
  }

  prepare(sql: string): SqlStatement {
    const statement = new WasmStatement(this, () => this.#database.prepare(sql));
    this.#statements.add(statement);
    return statement;
  }

  close(): void {
    // SQLite keeps a closed file open (and locked) as long as one of its statements lives.
    for (const statement of this.#statements) statement.finalize();
    this.translate(() => this.#database.close());
  }

  translate<T>(action: () => T): T {
    this.#observer.forget();
    try {
      return action();
    } catch (error) {
      throw this.failureFrom(error);
    }
  }

  beforeStep(): void {
    this.#observer.forget();
  }

  failureFrom(error: unknown): SqlFailure {
    const message = error instanceof Error ? error.message : String(error);
    return new SqlFailure(this.#observer.sawFullDisk ? 'full' : kindOf(message), message, { cause: error });
  }
}

class WasmStatement implements SqlStatement {
  readonly #database: WasmDatabase;
  readonly #prepare: () => Statement;
  #statement: Statement | undefined;

  constructor(database: WasmDatabase, prepare: () => Statement) {
    this.#database = database;
    this.#prepare = prepare;
    this.#ready();
  }

  run(values: readonly SqlValue[]): void {
    this.#database.beforeStep();
    try {
      this.#ready().run(values as SqlValue[]);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  get(values: readonly SqlValue[]): SqlRow | undefined {
    // The build's own `get` leaves the statement in the middle of its rows, and with it a read transaction.
    return this.all(values)[0];
  }

  all(values: readonly SqlValue[]): SqlRow[] {
    this.#database.beforeStep();
    try {
      return this.#ready().all(values as SqlValue[]) as SqlRow[];
    } catch (error) {
      throw this.#failed(error);
    }
  }

  finalize(): void {
    const statement = this.#statement;
    this.#statement = undefined;
    try {
      statement?.finalize();
    } catch {
      // Finalizing repeats the failure of the last step, which was reported when it happened.
    }
  }

  #ready(): Statement {
    this.#statement ??= this.#database.translate(this.#prepare);
    return this.#statement;
  }

  #failed(error: unknown): SqlFailure {
    const failure = error instanceof SqlFailure ? error : this.#database.failureFrom(error);
    // A statement that failed cannot be bound again before it is reset, and this build has no reset: prepare anew.
    this.finalize();
    return failure;
  }
}

// The build passes on SQLite's texts only. https://sqlite.org/src/file/src/main.c, sqlite3ErrStr
function kindOf(message: string): SqlFailureKind {
  if (message.includes('database or disk is full')) return 'full';
  if (message.includes('malformed') || message.includes('file is not a database')) return 'corrupt';
  if (isAboutSchema(message)) return 'corrupt';
  if (message.includes('is locked')) return 'busy';
  return 'other';
}
