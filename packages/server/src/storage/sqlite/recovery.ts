// The end of recovery: what the last process left in the write-ahead log is moved into the database, and the log begins anew.

import { closeSync, fsyncSync, openSync } from 'node:fs';
import { ServerError } from '../../errors.js';
import { integerOf, type SqlDatabase, SqlFailure } from './driver/sql-database.js';

/**
 * Completes before anything is accepted. Linux reports a failed sync once and marks the pages clean, so the log of a
 * process that ended for that reason can be read and need not be on disk: commits behind it would be lost with it when
 * the power fails. SQLite writes and syncs those pages again in the database, and new commits begin an empty log.
 * @param file  path of the database
 * @returns false: the disk is too full
 * @throws SqlFailure, ServerError `fatal`
 */
export function completeRecovery(database: SqlDatabase, file: string): boolean {
  try {
    const row = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get([]);
    if (row !== undefined && integerOf(row, 'busy') !== 0) {
      throw new ServerError('fatal', `another program reads ${file}: close it, then start the server again`);
    }
  } catch (error) {
    if (error instanceof SqlFailure && error.kind === 'full') return false;
    throw error;
  }
  // The database was synced by SQLite. It is not opened here a second time: closing that would release SQLite's locks on it.
  syncFile(`${file}-wal`);
  return true;
}

function syncFile(path: string): void {
  const handle = openSync(path, 'r+');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
