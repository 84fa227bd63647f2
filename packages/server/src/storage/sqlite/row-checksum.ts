// Checksum of the small rows (users, channels, members, cursors). SQLite's pages carry none.

import { crc32 } from 'node:zlib';
import { StorageError } from '../storage-error.js';

/** CRC32 over the row's columns in their declared order. */
export function rowChecksum(...columns: readonly (number | string | null)[]): number {
  return crc32(columns.join('\n'));
}

/** @throws StorageError `corrupt` naming the row */
export function expectChecksum(stored: number, actual: number, row: string): void {
  if (stored !== actual)
    throw new StorageError('corrupt', `${row} does not match its checksum; restore the store from a backup`);
}
