// Which life of the store this is: its era, and whether its file was restored since the last start.

import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { mintEra } from '../../epoch.js';
import { integerOf, rollBack, type SqlDatabase, textOf } from '../driver/sql-database.js';

/** Kept outside the database, so that it does not go back when the database does. */
export const GENERATION_FILE = 'generation';

/** What a store remembers of itself. */
interface Remembered {
  /** Undefined: a new store. */
  readonly era: string | undefined;
  /** How often the store was opened; 0 for a new one. */
  readonly generation: number;
  readonly identity: FileIdentity;
}

/**
 * What a file keeps for its life and a copy does not have. Never the device number, which may be another after a reboot.
 * A part is undefined where the file system has none, or where an earlier version wrote the store: that is no doubt.
 */
interface FileIdentity {
  readonly inode: string | undefined;
  readonly birth: string | undefined;
}

interface LineageOptions {
  readonly folder: string;
  /** Path of the database. */
  readonly file: string;
  /** The operator knows that the store was restored, whatever it shows. */
  readonly needsNewEra: boolean;
  /** Newest entries that cannot be read any more, of which it is unknown which ones they were. */
  readonly lostEntries: number;
}

/**
 * Decides the era when a store is opened. A database that is behind the generation file, that has lost it, or that is
 * another file than the last time was restored from a copy: clients may know offsets that it never assigned, or that it
 * will assign again. It gets a new era, and with it every channel a new epoch.
 */
export class Lineage {
  readonly era: string;
  /** Why the store got a new era, as a sentence for the log; undefined if it did not, or is new. */
  readonly doubt: string | undefined;
  /** False: the era is new, and must be written down before anything is read or written under it. */
  readonly isContinued: boolean;
  readonly #database: SqlDatabase;
  readonly #folder: string;
  readonly #generation: number;
  readonly #identity: FileIdentity;
  #isWritten = false;

  constructor(database: SqlDatabase, { folder, file, needsNewEra, lostEntries }: LineageOptions) {
    const remembered = readRemembered(database);
    const outside = readGeneration(folder);
    const identity = identityOf(file);
    const restored = doubtOf(remembered, outside, identity);
    const doubt = restored === undefined ? lossOf(lostEntries) : `${restored}: it counts as restored`;
    this.era = needsNewEra || doubt !== undefined ? mintEra() : (remembered.era ?? mintEra());
    this.isContinued = this.era === remembered.era;
    this.doubt = doubt && `${file} ${doubt}, and all channels get a new epoch`;
    this.#database = database;
    this.#folder = folder;
    this.#generation = Math.max(remembered.generation, outside ?? 0) + 1;
    this.#identity = identity;
  }

  /** False until `write` has succeeded, once per start and before the first commit. */
  get isWritten(): boolean {
    return this.#isWritten;
  }

  /**
   * Writes down the era, the next generation and the identity of the file, first in the database, then the generation in
   * the file beside it.
   * @throws SqlFailure, or what the file system throws
   */
  write(): void {
    writeRemembered(this.#database, { era: this.era, generation: this.#generation, identity: this.#identity });
    writeGeneration(this.#folder, this.#generation);
    this.#isWritten = true;
  }
}

/** Undefined: the file is the one of the last run, or of a new store. */
function doubtOf(remembered: Remembered, outside: number | undefined, identity: FileIdentity): string | undefined {
  if (remembered.generation === 0 && outside === undefined) return undefined;
  if (outside === undefined) return `has no file "${GENERATION_FILE}" beside it`;
  if (remembered.generation < outside) return `is older than the file "${GENERATION_FILE}" beside it`;
  const { inode, birth } = remembered.identity;
  const isOther = differs(inode, identity.inode) || differs(birth, identity.birth);
  return isOther ? 'is another file than at the last start' : undefined;
}

/** Their offsets may be assigned again. */
function lossOf(entries: number): string | undefined {
  return entries === 0
    ? undefined
    : `is damaged where its ${entries === 1 ? 'newest entry is' : `${entries} newest entries are`}`;
}

function differs(before: string | undefined, now: string | undefined): boolean {
  return before !== undefined && now !== undefined && before !== now;
}

function identityOf(file: string): FileIdentity {
  const { ino, birthtimeNs } = statSync(file, { bigint: true });
  const hasBirth = birthtimeNs > 0n && reportsBirth();
  return { inode: ino === 0n ? undefined : String(ino), birth: hasBirth ? String(birthtimeNs) : undefined };
}

/**
 * Whether a time of birth is one. On Linux without statx (old kernels, sandboxes that forbid it) Node reports the time of
 * the last change instead, even for /proc, where nothing has a time of birth.
 */
function reportsBirth(): boolean {
  if (process.platform !== 'linux') return true;
  return statSync('/proc/self', { bigint: true, throwIfNoEntry: false })?.birthtimeNs === 0n;
}

function readRemembered(database: SqlDatabase): Remembered {
  const storedAt = (name: string) => database.prepare('SELECT value FROM meta WHERE name = ?').get([name]);
  const textAt = (name: string) => {
    const row = storedAt(name);
    return row === undefined ? undefined : textOf(row, 'value');
  };
  const generation = storedAt('generation');
  return {
    era: textAt('era'),
    generation: generation === undefined ? 0 : integerOf(generation, 'value'),
    identity: { inode: textAt('file_inode'), birth: textAt('file_birth') },
  };
}

function writeRemembered(database: SqlDatabase, { era, generation, identity }: Remembered): void {
  const write = database.prepare('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)');
  const forget = database.prepare('DELETE FROM meta WHERE name = ?');
  const values = { era, generation, file_inode: identity.inode, file_birth: identity.birth };
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) forget.run([name]);
      else write.run([name, value]);
    }
    database.exec('COMMIT');
  } catch (error) {
    rollBack(database);
    throw error;
  }
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

/** A new file each time: after a failed sync, what a file seems to hold may not be on disk. */
function writeGeneration(folder: string, generation: number): void {
  const path = join(folder, GENERATION_FILE);
  const fresh = `${path}.new`;
  rmSync(fresh, { force: true });
  const file = openSync(fresh, 'wx', 0o600);
  try {
    writeSync(file, `${generation}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(fresh, path);
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
