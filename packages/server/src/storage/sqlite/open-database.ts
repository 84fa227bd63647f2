// A connection with the settings that durability rests on, each one read back.

import { StorageError } from '../storage-error.js';
import type { SqlDatabase } from './driver/sql-database.js';

export const DATABASE_FILE = 'longwire.db';

/** https://sqlite.org/pragma.html#pragma_synchronous: 2 is FULL; NORMAL loses acknowledged commits when the power goes. */
const SYNCHRONOUS_FULL = 2;

/**
 * Prepares a fresh connection: WAL, `synchronous=FULL`, no automatic checkpoints (the work loop makes them, where their
 * failure is seen).
 * @throws StorageError `fatal` when a setting does not hold
 */
export function configureConnection(database: SqlDatabase): void {
  // WAL without shared memory works for a single connection that says so before its first access.
  if (!database.sharesFile) database.exec('PRAGMA locking_mode=EXCLUSIVE');
  expectPragma(database, 'journal_mode', 'WAL', 'wal');
  expectPragma(database, 'synchronous', 'FULL', SYNCHRONOUS_FULL);
  expectPragma(database, 'wal_autocheckpoint', '0', 0);
  database.exec('PRAGMA temp_store=MEMORY');
  // Damaged pages are noticed when they are loaded instead of when they are used.
  database.exec('PRAGMA cell_size_check=ON');
}

/** A setting as SQLite reports it. */
export function readPragma(database: SqlDatabase, name: string): string | number | undefined {
  const row = database.prepare(`PRAGMA ${name}`).get([]);
  const value = row === undefined ? undefined : Object.values(row)[0];
  return typeof value === 'string' || typeof value === 'number' ? value : undefined;
}

function expectPragma(database: SqlDatabase, name: string, value: string, expected: string | number): void {
  database.prepare(`PRAGMA ${name}=${value}`).all([]);
  const actual = readPragma(database, name);
  if (actual === expected) return;
  throw new StorageError('fatal', `SQLite would not set ${name} to ${value}: it reports ${String(actual)}`);
}
