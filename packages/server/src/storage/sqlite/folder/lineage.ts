// Which life of the store this is: its era, and whether the file was restored by hand since the last start.

import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { mintEra } from '../../epoch.js';
import { integerOf, rollBack, type SqlDatabase, SqlFailure, textOf } from '../driver/sql-database.js';

/** Kept outside the database, so that it does not go back when the database does. */
export const GENERATION_FILE = 'generation';

export interface Lineage {
  readonly era: string;
  /** False: the disk was too full to write the generation down. */
  readonly isWritable: boolean;
}

/**
 * Reads the era and raises the generation, first in the database, then in the file beside it. A database that is behind
 * the file (or has lost it) was put back by hand: clients may know offsets it never gave out or will give out again, so
 * it gets a new era, and with it every channel a new epoch.
 */
export function continueLineage(database: SqlDatabase, folder: string): Lineage {
  const stored = database.prepare("SELECT value FROM meta WHERE name = 'generation'").get([]);
  const generation = stored === undefined ? 0 : integerOf(stored, 'value');
  const outside = readGeneration(folder);
  const isContinued = generation > 0 && outside !== undefined && outside <= generation;
  const era = isContinued ? storedEra(database) : mintEra();
  try {
    raiseGeneration(database, folder, era, Math.max(generation, outside ?? 0) + 1);
  } catch (error) {
    // On a full disk an old store is still good for reading. Only a new life must be written down before it begins.
    if (!isContinued || !isFull(error)) throw error;
    return { era, isWritable: false };
  }
  return { era, isWritable: true };
}

function raiseGeneration(database: SqlDatabase, folder: string, era: string, generation: number): void {
  const write = database.prepare('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)');
  database.exec('BEGIN IMMEDIATE');
  try {
    write.run(['era', era]);
    write.run(['generation', generation]);
    database.exec('COMMIT');
  } catch (error) {
    rollBack(database);
    throw error;
  }
  writeGeneration(folder, generation);
}

function isFull(error: unknown): boolean {
  return error instanceof SqlFailure ? error.kind === 'full' : (error as NodeJS.ErrnoException).code === 'ENOSPC';
}

function storedEra(database: SqlDatabase): string {
  const row = database.prepare("SELECT value FROM meta WHERE name = 'era'").get([]);
  return row === undefined ? mintEra() : textOf(row, 'value');
}

function readGeneration(folder: string): number | undefined {
  try {
    const value = Number(readFileSync(join(folder, GENERATION_FILE), 'utf8').trim());
    return Number.isSafeInteger(value) && value > 0 ? value : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function writeGeneration(folder: string, generation: number): void {
  const path = join(folder, GENERATION_FILE);
  const file = openSync(`${path}.new`, 'w', 0o600);
  writeSync(file, `${generation}\n`);
  fsyncSync(file);
  closeSync(file);
  renameSync(`${path}.new`, path);
  syncFolder(folder);
}

/** Makes the names of files created in a folder survive a power cut; what SQLite itself does depends on its build. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
