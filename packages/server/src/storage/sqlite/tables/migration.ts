// Creates the tables, or brings those of an older version to this one: with a backup, and one complete version after the other.

import { closeSync, copyFileSync, fsyncSync, openSync, renameSync, rmSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { ServerError } from '../../../errors.js';
import { configureConnection } from '../driver/connection-settings.js';
import { integerOf, rollBack, type SqlDatabase, SqlFailure } from '../driver/sql-database.js';
import { syncFolder } from '../folder/lineage.js';
import { completeRecovery } from '../recovery.js';
import { SCHEMA_STEPS, SCHEMA_VERSION } from './schema.js';

/** Room for the backup, and for what the steps write: some of it twice, in the log and in the database. */
const ROOM_FACTOR = 2;

export interface MigratedDatabase {
  readonly database: SqlDatabase;
  /** False: the disk is too full to move what the last process left in the write-ahead log. */
  readonly isRecovered: boolean;
  /** What was done, as sentences for the log; undefined: nothing. */
  readonly notice: string | undefined;
}

/**
 * Opens a database and sees to it that it has the tables of this version. Each step is one transaction: a crash leaves
 * the version before it or the one after it, both complete.
 * @param file path of the database
 * @throws ServerError `newer_schema` naming both versions, `storage_full` where there is no room for a backup
 */
export function openMigrated(open: (path: string) => SqlDatabase, file: string): MigratedDatabase {
  const opened = openRecovered(open, file);
  const from = schemaVersionOf(opened.database);
  if (from > SCHEMA_VERSION) {
    throw new ServerError(
      'newer_schema',
      `the store has schema version ${from}, this Longwire knows up to ${SCHEMA_VERSION}: start it with a newer Longwire, or restore a backup made by this version`,
    );
  }
  if (from === SCHEMA_VERSION) return { ...opened, notice: undefined };
  if (from === 0) {
    // All at once: there is nothing to lose between two versions.
    bringTo(opened.database, from, SCHEMA_VERSION);
    return { ...opened, notice: undefined };
  }
  if (!opened.isRecovered) throw new SqlFailure('full', 'the write-ahead log cannot be moved into the database');
  // Closed before it is copied: closing the file that was copied would release the locks that SQLite has on it.
  opened.database.close();
  const backup = backUp(file, from);
  const reopened = openRecovered(open, file);
  for (let version = from; version < SCHEMA_VERSION; version += 1) {
    bringTo(reopened.database, version, version + 1);
  }
  return { ...reopened, notice: describeMigration(from, backup) };
}

function openRecovered(open: (path: string) => SqlDatabase, file: string): Omit<MigratedDatabase, 'notice'> {
  const database = open(file);
  configureConnection(database);
  return { database, isRecovered: completeRecovery(database, file) };
}

/** In one transaction. */
function bringTo(database: SqlDatabase, from: number, to: number): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const step of SCHEMA_STEPS.slice(from, to)) step(database);
    database.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES ('schema', ?)").run([to]);
    database.exec('COMMIT');
  } catch (error) {
    rollBack(database);
    throw error;
  }
}

/** @returns the path of the copy, which only the operator removes */
function backUp(file: string, version: number): string {
  const folder = dirname(file);
  const needed = ROOM_FACTOR * statSync(file).size;
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < needed) {
    throw new ServerError(
      'storage_full',
      `the store has schema version ${version}, and bringing it to ${SCHEMA_VERSION} needs ${megabytes(needed)} MB of free disk for a backup and the change; there are ${megabytes(bavail * bsize)}: free some space`,
    );
  }
  const backup = `${file}.v${version}.bak`;
  const copy = `${backup}.new`;
  rmSync(copy, { force: true });
  copyFileSync(file, copy);
  const handle = openSync(copy, 'r+');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(copy, backup);
  syncFolder(folder);
  return backup;
}

function megabytes(bytes: number): number {
  return Math.ceil(bytes / 1_000_000);
}

function describeMigration(from: number, backup: string): string {
  return (
    `The store was brought from schema version ${from} to ${SCHEMA_VERSION}. As it was before, it is in ${backup}: ` +
    'remove that file once you do not want to go back to the older Longwire.'
  );
}

function schemaVersionOf(database: SqlDatabase): number {
  const exists = database
    .prepare("SELECT 1 AS found FROM sqlite_schema WHERE type = 'table' AND name = 'meta'")
    .get([]);
  const row = exists && database.prepare("SELECT value FROM meta WHERE name = 'schema'").get([]);
  if (row !== undefined) return integerOf(row, 'value');
  // Setting WAL writes the first page; a second one means that there were tables.
  const pages = database.prepare('PRAGMA page_count').get([]);
  if (pages !== undefined && integerOf(pages, 'page_count') > 1) {
    throw new SqlFailure('corrupt', 'it has pages but no schema version');
  }
  return 0;
}
