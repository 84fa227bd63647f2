// The store as the storage thread uses it, call by call: transactions, reads, checkpoints.

import { join } from 'node:path';
import { ServerError } from '../../errors.js';
import type { FlatRequests } from './appending/append-frames.js';
import { Appender } from './appending/appender.js';
import { KeyLookup } from './appending/key-lookup.js';
import { type DamageListener, isDamage, readAround } from './damage.js';
import { configureConnection, DATABASE_FILE, PageCache } from './driver/connection-settings.js';
import { integerOf, rollBack, type SqlDatabase, SqlFailure, type SqlStatement } from './driver/sql-database.js';
import { unusable, unusableFolder } from './folder/folder-errors.js';
import { Lineage } from './folder/lineage.js';
import { OpenFiles } from './folder/open-files.js';
import { ChannelStatusReader } from './reading/channel-status-reader.js';
import { headFrameOf } from './reading/page-frames.js';
import { PageReader } from './reading/page-reader.js';
import { completeRecovery } from './recovery.js';
import { ChannelTable } from './tables/channel-table.js';
import { DeviceTable } from './tables/device-table.js';
import { MemberTable } from './tables/member-table.js';
import { prepareSchema } from './tables/schema.js';
import { UserTable } from './tables/user-table.js';
import { type FailureFrame, failureOf, type WorkerCalls } from './threads/worker-messages.js';

/** Something that changes rows inside the open transaction. */
export interface WriteTask {
  /** @throws ServerError, SqlFailure, TypeError: the transaction is undone, the other tasks are tried without this one */
  apply(engine: SqliteEngine): void;
  fail(failure: FailureFrame): void;
}

export interface EngineOptions {
  readonly folder: string;
  readonly open: (path: string) => SqlDatabase;
  /** Asked before each commit whether the folder is still ours; throws if not. */
  readonly assertOwned: () => void;
  readonly keyWindowEntries: number;
  /** Gives the store a new era, although nothing shows that it was restored. */
  readonly needsNewEra: boolean;
  /** Called with damage that was skipped. */
  readonly onDamage: DamageListener;
}

export class SqliteEngine {
  readonly era: string;
  readonly driverName: string;
  readonly canShareFile: boolean;
  /** Why the store got a new era, as a sentence for the log. */
  readonly restored: string | undefined;
  readonly #database: SqlDatabase;
  readonly #assertOwned: () => void;
  readonly #file: string;
  readonly #files: OpenFiles;
  readonly #lineage: Lineage;
  #isRecovered: boolean;
  readonly #onDamage: DamageListener;
  readonly #users: UserTable;
  readonly #channels: ChannelTable;
  readonly #keys: KeyLookup;
  readonly #appender: Appender;
  readonly #devices: DeviceTable;
  readonly #members: MemberTable;
  readonly #pages: PageReader;
  readonly #statuses: ChannelStatusReader;
  readonly #cache: PageCache;
  readonly #checkpoint: SqlStatement;
  readonly #trial: SqlStatement;
  #isWritable: boolean;

  /** @throws ServerError `newer_schema`, `corrupt`, `storage_full`, `fatal` */
  constructor(options: EngineOptions) {
    const file = join(options.folder, DATABASE_FILE);
    try {
      this.#assertOwned = options.assertOwned;
      this.#onDamage = options.onDamage;
      const database = options.open(file);
      this.#database = database;
      this.driverName = database.driverName;
      this.canShareFile = database.sharesFile;
      configureConnection(database);
      this.#file = file;
      this.#isRecovered = completeRecovery(database, file);
      prepareSchema(database);
      this.#cache = new PageCache(database);
      this.#lineage = new Lineage(database, { ...options, file });
      this.era = this.#lineage.era;
      this.restored = this.#lineage.restored;
      this.#isWritable = this.#tryPrepare();
      this.#files = new OpenFiles(file);
      this.#users = new UserTable(database);
      this.#channels = new ChannelTable(database);
      this.#keys = new KeyLookup(database, this.era, options.keyWindowEntries);
      this.#appender = new Appender(database, this.era, options.onDamage, {
        users: this.#users,
        channels: this.#channels,
        keys: this.#keys,
      });
      this.#devices = new DeviceTable(database, this.#users);
      this.#members = new MemberTable(database, this.#channels, this.#devices);
      this.#pages = new PageReader(database);
      this.#statuses = new ChannelStatusReader(database, options.onDamage, {
        users: this.#users,
        channels: this.#channels,
        devices: this.#devices,
        members: this.#members,
        pages: this.#pages,
      });
      this.#checkpoint = database.prepare('PRAGMA wal_checkpoint(PASSIVE)');
      this.#trial = database.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES ('trial', ?)");
    } catch (error) {
      throw openingError(error, options.folder, file);
    }
  }

  /** False while the last write failed for want of room. */
  get isWritable(): boolean {
    return this.#isWritable;
  }

  /**
   * Runs tasks in one transaction. A task that cannot be done fails and is left out; a full disk fails all of them.
   * @throws ServerError `fatal`: it is unknown what is on disk, and the store must not be used any more
   */
  write(tasks: readonly WriteTask[]): void {
    let remaining = tasks;
    while (remaining.length > 0) {
      const refused = this.#tryTransaction(remaining);
      if (refused === undefined) return;
      remaining = remaining.filter((task) => task !== refused);
    }
  }

  append(requests: FlatRequests, results: number[]): void {
    this.#appender.append(requests, results);
  }

  openDevice(input: WorkerCalls['openDevice']['input']): WorkerCalls['openDevice']['output'] {
    return this.#devices.open(input);
  }

  findDevice({ user, device }: WorkerCalls['findDevice']['input']): WorkerCalls['findDevice']['output'] {
    return this.#devices.stateOf(user, device);
  }

  writeCursors({ batch, at }: WorkerCalls['writeCursors']['input']): void {
    for (const write of batch) {
      // A damaged row must not keep the other cursors from the disk.
      readAround(write.channel, this.#onDamage, () => this.#members.write(write, at));
    }
  }

  page(request: WorkerCalls['page']['input']): WorkerCalls['page']['output'] {
    const state = this.#channels.find(request.channel);
    if (state === undefined) return { ...headFrameOf(request.channel, undefined), entries: [], more: false };
    return this.#pages.read(state, request);
  }

  heads(channels: WorkerCalls['heads']['input']): WorkerCalls['heads']['output'] {
    return channels.map((key) => headFrameOf(key, this.#channels.find(key)));
  }

  channelStatuses({
    user,
    device,
    after,
    limit,
  }: WorkerCalls['channelStatuses']['input']): WorkerCalls['channelStatuses']['output'] {
    return this.#statuses.channelStatuses(user, device, after, limit);
  }

  describe({ user, channels, maxLastBytes }: WorkerCalls['describe']['input']): WorkerCalls['describe']['output'] {
    return channels.map(({ channel, read }) => this.#statuses.describe(user, channel, read, maxLastBytes));
  }

  loadCursors(wanted: WorkerCalls['loadCursors']['input']): WorkerCalls['loadCursors']['output'] {
    return wanted.map(({ user, channel }) => {
      const member = readAround(channel, this.#onDamage, () => {
        const state = this.#channels.find(channel);
        const number = state === undefined ? undefined : this.#members.numberIn(state, user);
        return state === undefined || number === undefined ? undefined : this.#members.find(number, state);
      });
      return { user, channel, read: member?.read ?? 0, delivered: member?.delivered ?? 0 };
    });
  }

  /**
   * Moves what the log holds into the database file.
   * @returns pages the log held, all of them counted
   * @throws ServerError `fatal`; a full disk is none, the log simply stays longer
   */
  checkpoint(): number {
    try {
      this.#assertOwned();
      const row = this.#checkpoint.get([]);
      this.#cache.fit();
      return row === undefined ? 0 : integerOf(row, 'log');
    } catch (error) {
      if (error instanceof SqlFailure && error.kind === 'full') return 0;
      throw fatalFrom(error);
    }
  }

  /** Writes a few bytes to see whether there is room again, after making some: a log that was moved is written over. */
  tryWrite(): void {
    this.checkpoint();
    const failed: FailureFrame[] = [];
    this.write([{ apply: () => this.#trial.run([Date.now()]), fail: (failure) => void failed.push(failure) }]);
  }

  close(): void {
    try {
      this.#assertOwned();
      this.#database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all([]);
    } catch (error) {
      if (!(error instanceof SqlFailure && error.kind === 'full')) throw fatalFrom(error);
    } finally {
      this.#database.close();
    }
  }

  /** Undefined when nothing is left to do; else the one task because of which everything was undone. */
  #tryTransaction(tasks: readonly WriteTask[]): WriteTask | undefined {
    let current: WriteTask | undefined;
    try {
      this.#prepare();
      this.#database.exec('BEGIN IMMEDIATE');
      for (const task of tasks) {
        current = task;
        task.apply(this);
      }
      current = undefined;
      this.#assertOwned();
      this.#database.exec('COMMIT');
      // After the sync, before anything is acknowledged.
      this.#files.assertInPlace();
      this.#keys.commit();
      this.#isWritable = true;
      return undefined;
    } catch (error) {
      this.#undo();
      if (isFullDisk(error)) {
        this.#refuseAll(tasks, error as Error);
        return undefined;
      }
      if (current === undefined || !isFaultOfTask(error)) throw fatalFrom(error);
      current.fail(failureOf(asStorageError(error)));
      return current;
    }
  }

  /**
   * Before the first commit: the log of the last process is empty, and the era is written down.
   * @throws SqlFailure `full`, or what cannot be mended
   */
  #prepare(): void {
    if (!this.#isRecovered) this.#isRecovered = completeRecovery(this.#database, this.#file);
    if (!this.#isRecovered) throw new SqlFailure('full', 'the write-ahead log cannot be moved into the database');
    if (!this.#lineage.isWritten) this.#lineage.write();
  }

  /** At the start. False: on a full disk an old store can still be read; a new era must be written down before it begins. */
  #tryPrepare(): boolean {
    try {
      this.#prepare();
      return true;
    } catch (error) {
      if (!this.#lineage.isContinued || !isFullDisk(error)) throw error;
      return false;
    }
  }

  #undo(): void {
    try {
      rollBack(this.#database);
    } catch (error) {
      throw fatalFrom(error);
    }
    this.#keys.rollback();
    this.#appender.rollback();
    this.#channels.forgetAll();
    this.#users.forgetAll();
  }

  #refuseAll(tasks: readonly WriteTask[], cause: Error): void {
    const isFirst = this.#isWritable;
    this.#isWritable = false;
    const message = `the disk of the data folder is full, nothing was stored (${cause.message}); free some space`;
    for (const task of tasks) task.fail({ code: 'storage_full', message, offset: undefined });
    // A build that pads commits may have written a whole commit record before it ran out of room. Nothing reads it while
    // this process lives, but a restart would: put something harmless over it.
    if (isFirst) this.#overwriteRefused();
  }

  #overwriteRefused(): void {
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      this.#trial.run([Date.now()]);
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#undo();
      if (!(error instanceof SqlFailure && error.kind === 'full')) throw fatalFrom(error);
    }
  }
}

/** Of SQLite, or of the file system when the generation is written. */
function isFullDisk(error: unknown): boolean {
  if (error instanceof SqlFailure) return error.kind === 'full';
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** Damage that one task met, or a request that cannot be: no reason to refuse the others. */
function isFaultOfTask(error: unknown): boolean {
  return error instanceof TypeError || isDamage(error);
}

/** A sentence that names the folder or the file, and what to do. */
function openingError(error: unknown, folder: string, file: string): Error {
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

function fatalFrom(error: unknown): ServerError {
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
