// What failures of the driver and the file system mean: for the transaction, for the store, and in words for people.

import { ServerError } from '../../errors.js';
import { isDamage } from './damage.js';
import { SqlFailure } from './driver/sql-database.js';
import { unusable, unusableFolder } from './folder/folder-errors.js';

/** Of SQLite, or of the file system when the generation is written. */
export function isFullDisk(error: unknown): boolean {
  if (error instanceof SqlFailure) return error.kind === 'full';
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** Damage that one task met, or a request that cannot be: no reason to refuse the others. */
export function isFaultOfTask(error: unknown): boolean {
  return error instanceof TypeError || isDamage(error);
}

/** A sentence that names the folder or the file, and what to do. */
export function openingError(error: unknown, folder: string, file: string): Error {
  if (isDamage(error)) {
    const message = `${file} is damaged (${error.message}): restore it from a backup, or choose another folder with --data`;
    return new ServerError('corrupt', message, { cause: error });
  }
  if (error instanceof ServerError) return error;
  if (!(error instanceof SqlFailure)) return unusableFolder(folder, error as NodeJS.ErrnoException);
  return error.kind === 'full'
    ? asStorageError(error)
    : unusable(folder, `SQLite cannot use ${file}: ${error.message}`, error);
}

/** What a caller may see of a failure of the driver. */
export function asStorageError(error: unknown): Error {
  if (error instanceof ServerError || error instanceof TypeError) return error;
  if (!(error instanceof SqlFailure)) return fatalFrom(error);
  if (error.kind === 'corrupt') {
    return new ServerError('corrupt', `the database is damaged (${error.message}); restore it from a backup`, {
      cause: error,
    });
  }
  if (error.kind === 'full') {
    return new ServerError('storage_full', `the disk of the data folder is full (${error.message})`, { cause: error });
  }
  return fatalFrom(error);
}

/** It is unknown what is on disk: the store must not be used any more. */
export function fatalFrom(error: unknown): ServerError {
  if (error instanceof ServerError && (error.code === 'fatal' || error.code === 'locked')) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ServerError(
    'fatal',
    `writing to the store failed: ${message}; what is on disk is decided at the next start`,
    {
      cause: error,
    },
  );
}
