// The lock's file: which server holds the folder, and whether it still does.

import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ServerError } from '../../../errors.js';

export const LOCK_FILE = 'lock';

export interface LockRecord {
  readonly host: string;
  /** One run of one kernel: where it is ours, the holder's socket can be reached. */
  readonly boot: string;
  readonly pid: number;
  /** Random; proves that a lock is still the same one. */
  readonly token: string;
}

export interface FoundLock {
  /** Undefined: the file does not hold a record of this kind. */
  readonly record: LockRecord | undefined;
  readonly touchedAtMs: number;
}

export function encodeLockRecord(record: LockRecord): string {
  return `${JSON.stringify(record)}\n`;
}

/** Whether a server holds the folder, or was killed while it did. */
export function hasLock(folder: string): boolean {
  return existsSync(join(folder, LOCK_FILE));
}

/** Undefined if there is no lock file. */
export function readLock(file: string): FoundLock | undefined {
  try {
    const text = readFileSync(file, 'utf8');
    return { record: parse(text), touchedAtMs: statSync(file).mtimeMs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The name of the socket on which the holder listens. */
export function socketName(token: string): string {
  return `lock-${token.slice(0, 12)}.sock`;
}

function parse(text: string): LockRecord | undefined {
  try {
    const { host, boot, pid, token } = JSON.parse(text) as Partial<LockRecord>;
    if (typeof host !== 'string' || typeof boot !== 'string' || typeof token !== 'string') return undefined;
    return { host, boot, token, pid: typeof pid === 'number' ? pid : 0 };
  } catch {
    return undefined;
  }
}

const READ_BYTES = 512;

/** Throws ServerError `locked` once the lock's file no longer carries the token. Without a lock it never does. */
export function folderGuard(lock: { readonly file: string; readonly token: string } | undefined): () => void {
  if (lock === undefined) return () => undefined;
  const buffer = Buffer.alloc(READ_BYTES);
  return () => {
    if (readStart(lock.file, buffer).includes(lock.token)) return;
    throw new ServerError('locked', `another server took over the data folder: ${lock.file} no longer names this one`);
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
