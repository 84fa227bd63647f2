// The settings of a connection: those that durability rests on, each one read back, and how much of the file SQLite caches.

import { ServerError } from '../../../errors.js';
import { integerOf, type SqlDatabase, type SqlStatement } from './sql-database.js';

export const DATABASE_FILE = 'longwire.db';

/** https://sqlite.org/pragma.html#pragma_synchronous: with NORMAL a commit may be lost when the power fails. */
const SYNCHRONOUS = { NORMAL: 1, FULL: 2 } as const;

/**
 * Prepares a fresh connection: WAL, `synchronous=FULL`, no automatic checkpoints (the work loop makes them, where their
 * failure is seen).
 * @throws ServerError `fatal` when a setting does not hold
 */
export function configureConnection(database: SqlDatabase): void {
  // WAL without shared memory works for a single connection that says so before its first access.
  if (!database.sharesFile) database.exec('PRAGMA locking_mode=EXCLUSIVE');
  expectPragma(database, 'journal_mode', 'WAL', 'wal');
  setSynchronous(database, 'FULL');
  expectPragma(database, 'wal_autocheckpoint', '0', 0);
  database.exec('PRAGMA temp_store=MEMORY');
  // Damaged pages are noticed when they are loaded instead of when they are used.
  database.exec('PRAGMA cell_size_check=ON');
}

/**
 * Whether the commits that follow are synced. Those that are acknowledged have to be.
 * @throws ServerError `fatal`
 */
export function setSynchronous(database: SqlDatabase, level: keyof typeof SYNCHRONOUS): void {
  expectPragma(database, 'synchronous', level, SYNCHRONOUS[level]);
}

/** A setting as SQLite reports it. */
export function readPragma(database: SqlDatabase, name: string): string | number | undefined {
  const row = database.query(`PRAGMA ${name}`);
  const value = row === undefined ? undefined : Object.values(row)[0];
  return typeof value === 'string' || typeof value === 'number' ? value : undefined;
}

function expectPragma(database: SqlDatabase, name: string, value: string, expected: string | number): void {
  database.query(`PRAGMA ${name}=${value}`);
  const actual = readPragma(database, name);
  if (actual === expected) return;
  throw new ServerError('fatal', `SQLite would not set ${name} to ${value}: it reports ${String(actual)}`);
}

const MIN_KIB = 8_192;
const MAX_KIB = 65_536;
/** A store of 1 GiB gets the most: about the share of the file that its indexes have. */
const FILE_SHARE = 1 / 16;
const PAGE_BYTES = 4_096;

/** How much of the file SQLite keeps in memory: little for a small store, more for one whose indexes are worth it. */
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
