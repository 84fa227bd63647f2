// Checksum of the small rows (users, channels, members, cursors). SQLite's pages carry none.

import { crc32 } from 'node:zlib';
import { StorageError } from '../storage-error.js';
import { isDamage } from './damage.js';

/** CRC32 over the row's columns in their declared order. */
export function rowChecksum(...columns: readonly (number | string | null)[]): number {
  return crc32(columns.join('\n'));
}

/**
 * Whether a neighbour in an index is the row that was looked for in vain: it would be right under the name asked for, so
 * the index is damaged there. A neighbour that is damaged otherwise is the affair of whoever asks for it.
 * @param checksumUnderName  of the neighbour's columns with that name; throws SqlFailure where they are not what they should be
 */
export function isHiddenRow(stored: unknown, checksumUnderName: () => number): boolean {
  try {
    return stored === checksumUnderName();
  } catch (error) {
    if (isDamage(error)) return false;
    throw error;
  }
}

/** @throws StorageError `corrupt` naming the row */
export function expectChecksum(stored: number, actual: number, row: string): void {
  if (stored !== actual)
    throw new StorageError('corrupt', `${row} does not match its checksum; restore the store from a backup`);
}
