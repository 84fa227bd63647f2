// The files of the store are for the account of the server only: they hold every message.

import { chmodSync, closeSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DATABASE_FILE } from '../driver/connection-settings.js';
import { GENERATION_FILE } from './lineage.js';

const OTHERS = 0o077;
const storeFiles = [DATABASE_FILE, `${DATABASE_FILE}-wal`, `${DATABASE_FILE}-shm`, GENERATION_FILE];

/**
 * Takes the rights of other accounts from the files that are there, and makes the database file without them: SQLite gives
 * its log the rights of the database. To be called before the store is opened.
 * @returns warnings: what other accounts may do all the same, and how to change it
 */
export function makeFilesPrivate(folder: string): string[] {
  // Windows has no such modes: there, files inherit the rights of their folder.
  if (process.platform === 'win32') return [];
  closeSync(openSync(join(folder, DATABASE_FILE), 'a', 0o600));
  const warnings = storeFiles.flatMap((name) => makePrivate(join(folder, name)));
  const mode = statSync(folder).mode & 0o777;
  if ((mode & OTHERS) !== 0) {
    const rights = mode.toString(8);
    warnings.push(`Other accounts of this machine may enter the data folder ${folder} (mode ${rights}): chmod 700 it`);
  }
  return warnings;
}

function makePrivate(path: string): string[] {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & OTHERS) === 0) return [];
  try {
    chmodSync(path, 0o600);
    return [];
  } catch (error) {
    return [`Other accounts of this machine may read ${path}, and this one cannot change that: ${String(error)}`];
  }
}
