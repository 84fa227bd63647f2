// The owner's look at its own lock before each commit: a server that was frozen may have lost its folder meanwhile.

import { closeSync, openSync, readSync } from 'node:fs';
import { StorageError } from '../../storage-error.js';

const READ_BYTES = 512;

/** Throws StorageError `locked` once the lock's file no longer carries the token. Without a lock it never does. */
export function folderGuard(lock: { readonly file: string; readonly token: string } | undefined): () => void {
  if (lock === undefined) return () => undefined;
  const buffer = Buffer.alloc(READ_BYTES);
  return () => {
    if (readStart(lock.file, buffer).includes(lock.token)) return;
    throw new StorageError('locked', `another server took over the data folder: ${lock.file} no longer names this one`);
  };
}

function readStart(file: string, buffer: Buffer): string {
  let handle: number | undefined;
  try {
    handle = openSync(file, 'r');
    return buffer.toString('latin1', 0, readSync(handle, buffer, 0, buffer.byteLength, 0));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}
