// The store as the storage thread uses it, call by call: transactions, reads, checkpoints.

import { join } from 'node:path';
import { MAX_BATCH_ENTRIES } from '../append-check.js';
import type { StoreQuotas } from '../quotas.js';
import type { BatchFrame } from './appending/append-frames.js';
import { Appender } from './appending/appender.js';
import { KeyLookup, openKeyWindow, rememberKey } from './appending/key-lookup.js';
import { QuotaJudge } from './appending/quota-judge.js';
import { UsageLedger } from './appending/usage-ledger.js';
import { type DamageListener, readAround } from './damage.js';
import { DATABASE_FILE, PageCache, setSynchronous } from './driver/connection-settings.js';
import { integerOf, rollBack, type SqlDatabase, SqlFailure, type SqlStatement } from './driver/sql-database.js';
import { Lineage } from './folder/lineage.js';
import { OpenFiles } from './folder/open-files.js';
import { ChannelLog } from './places/channel-log.js';
import { loadPlaces } from './places/load-places.js';
import { PlaceTable } from './places/place-table.js';
import { PLACE_BATCH_ROWS, type Placer } from './places/placer.js';
import type { PlaceRing } from './places/recent-places.js';
import { ChannelStatusReader } from './reading/channel-status-reader.js';
import { FeedReader } from './reading/feed-reader.js';
import { searchIn } from './reading/key-search.js';
import { emptyPage, headFrameOf, type PageFrame } from './reading/page-frames.js';
import { PageReader } from './reading/page-reader.js';
import { completeRecovery } from './recovery.js';
import { asStorageError, fatalFrom, isFaultOfTask, isFullDisk, openingError } from './storage-failures.js';
import { ChannelTable } from './tables/channel-table.js';
import { DeviceTable } from './tables/device-table.js';
import { EntryTable } from './tables/entry-table.js';
import { MemberTable } from './tables/member-table.js';
import { openMigrated } from './tables/migration.js';
import { UserTable } from './tables/user-table.js';
import type { HoldWatch } from './threads/hold-watch.js';
import { type FailureFrame, failureOf, type WorkerCalls } from './threads/worker-messages.js';

/** Something that changes rows inside the open transaction. */
export interface WriteTask {
  /** The method of the store. */
  readonly command: string;
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
  readonly devicesPerUser: number;
  /** Gives the store a new era, although nothing shows that it was restored. */
  readonly needsNewEra: boolean;
  readonly quotas: StoreQuotas;
  /** Entries that get their places in one batch. Fewer are for tests. */
  readonly placeBatchRows?: number;
  /** Called with damage that was skipped. */
  readonly onDamage: DamageListener;
  readonly watch: HoldWatch;
}

/** Fewer rows are not worth a batch of their own when there is nothing else to do. */
const MIN_PLACED_ROWS = 4_096;

export class SqliteEngine {
  readonly era: string;
  readonly driverName: string;
  readonly canShareFile: boolean;
  /** What was found and done at the opening, as sentences for the log. */
  readonly notices: readonly string[];
  /** Where the newest entries are, for a thread that reads beside this one. */
  readonly placeRing: PlaceRing;
  readonly #database: SqlDatabase;
  readonly #assertOwned: () => void;
  readonly #file: string;
  readonly #files: OpenFiles;
  readonly #lineage: Lineage;
  #isRecovered: boolean;
  readonly #onDamage: DamageListener;
  readonly #watch: HoldWatch;
  readonly #users: UserTable;
  readonly #channels: ChannelTable;
  readonly #log: ChannelLog;
  readonly #appender: Appender;
  readonly #placer: Placer;
  readonly #devices: DeviceTable;
  readonly #members: MemberTable;
  readonly #pages: PageReader;
  readonly #feed: FeedReader;
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
      this.#watch = options.watch;
      this.#file = file;
      const { database, isRecovered, notice } = openMigrated(options.open, file);
      this.#database = database;
      this.#isRecovered = isRecovered;
      this.driverName = database.driverName;
      this.canShareFile = database.sharesFile;
      this.#cache = new PageCache(database);
      const entries = new EntryTable(database);
      const places = new PlaceTable(database, entries);
      const ledger = new UsageLedger(database, places.placed() ?? 0, options.onDamage);
      const window = openKeyWindow(options.keyWindowEntries);
      const { ring, recent, placer, lost, firstKeyRow } = loadPlaces({
        database,
        entries,
        places,
        keyRows: options.keyWindowEntries,
        onRow: (row) => rememberKey(window, row),
        placeBatchRows: options.placeBatchRows ?? PLACE_BATCH_ROWS,
        ledger,
      });
      window.raiseFloor(firstKeyRow);
      this.placeRing = ring;
      this.#placer = placer;
      this.#lineage = new Lineage(database, { ...options, file, lostEntries: lost });
      this.era = this.#lineage.era;
      this.notices = [notice, this.#lineage.doubt].filter((text) => text !== undefined);
      this.#isWritable = this.#tryPrepare();
      this.#files = new OpenFiles(file);
      const log = new ChannelLog(database, entries, places, recent);
      this.#log = log;
      const keys = new KeyLookup({ window, era: this.era, entries, log });
      this.#users = new UserTable(database);
      this.#channels = new ChannelTable(database, log);
      this.#devices = new DeviceTable(database, this.#users, options.devicesPerUser);
      this.#members = new MemberTable(database, this.#channels, this.#devices);
      const { quotas, onDamage } = options;
      const tables = { users: this.#users, channels: this.#channels, devices: this.#devices, members: this.#members };
      const judge = new QuotaJudge({ ...tables, quotas, ledger, log, onDamage });
      this.#appender = new Appender(this.era, onDamage, { ...tables, keys, entries, ring, recent, ledger, judge });
      this.#pages = new PageReader(log, onDamage);
      this.#feed = new FeedReader(database, entries, onDamage);
      this.#statuses = new ChannelStatusReader(database, onDamage, { ...tables, pages: this.#pages });
      this.#checkpoint = database.prepare('PRAGMA wal_checkpoint(PASSIVE)');
      this.#trial = database.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES ('trial', ?)");
    } catch (error) {
      throw openingError(error, options.folder, file);
    }
  }

  /** The number of the newest row. */
  get newest(): number {
    return this.#appender.newest;
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

  append(batch: BatchFrame, results: number[]): void {
    this.#appender.append(batch, results);
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

  keySearchRange(search: WorkerCalls['keySearchRange']['input']): WorkerCalls['keySearchRange']['output'] {
    const state = this.#channels.find(search.channel);
    return state === undefined ? undefined : this.#appender.searchRange(state, search);
  }

  searchKey(search: WorkerCalls['searchKey']['input']): WorkerCalls['searchKey']['output'] {
    return searchIn(this.#log, this.#channels.find(search.channel), search);
  }

  page(request: WorkerCalls['pages']['input'][number]): PageFrame {
    const state = this.#channels.find(request.channel);
    if (state === undefined) return emptyPage(headFrameOf(request.channel, undefined));
    return this.#pages.read(state, request);
  }

  feed({ after, limit }: WorkerCalls['feed']['input']): WorkerCalls['feed']['output'] {
    return this.#feed.read(after, limit, this.newest);
  }

  heads(channels: WorkerCalls['heads']['input']): WorkerCalls['heads']['output'] {
    const heads = channels.map((key) => headFrameOf(key, this.#channels.find(key)));
    return { heads, through: this.newest };
  }

  channelStatuses({
    user,
    device,
    after,
    limit,
  }: WorkerCalls['channelStatuses']['input']): WorkerCalls['channelStatuses']['output'] {
    return { ...this.#statuses.channelStatuses(user, device, after, limit), through: this.newest };
  }

  describe({ user, channels, maxLastBytes }: WorkerCalls['describe']['input']): WorkerCalls['describe']['output'] {
    return channels.map(({ channel, read }) => this.#statuses.describe(user, channel, read, maxLastBytes));
  }

  loadCursors(wanted: WorkerCalls['loadCursors']['input']): WorkerCalls['loadCursors']['output'] {
    return wanted.map(({ user, channel }) => {
      const member = readAround(channel, this.#onDamage, () => this.#members.findByName(user, channel));
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

  /** Rows wait for their places, and may have them now. */
  get isPlacingDue(): boolean {
    return this.#placer.isDue;
  }

  /** So many rows wait for their places that no further ones may be stored. */
  get isPlacingBehind(): boolean {
    return this.#placer.unplaced > this.#placer.maxUnplaced - MAX_BATCH_ENTRIES;
  }

  /** To be called when there is nothing else to do. False: there is not enough to place yet. */
  beginPlacing(minRows = MIN_PLACED_ROWS): boolean {
    if (this.#placer.unplaced < minRows) return false;
    this.#placer.begin();
    return true;
  }

  /**
   * Places some of the newest rows. Not synced: what is lost with the power is placed again from the entries, and the
   * next commit syncs it.
   * @param maxRows ends after so many
   * @param maxMs ends after so long
   * @returns rows that were placed
   * @throws ServerError `fatal`; a full disk is none, the rows stay in memory
   */
  place(maxRows: number, maxMs: number): number {
    const until = performance.now() + maxMs;
    try {
      this.#assertOwned();
      setSynchronous(this.#database, 'NORMAL');
      this.#database.exec('BEGIN IMMEDIATE');
      const placed = this.#placer.place(maxRows, until);
      this.#database.exec('COMMIT');
      this.#placer.commit();
      return placed;
    } catch (error) {
      rollBack(this.#database);
      this.#placer.rollback();
      if (!(error instanceof SqlFailure && error.kind === 'full')) throw fatalFrom(error);
      this.#isWritable = false;
      return 0;
    } finally {
      setSynchronous(this.#database, 'FULL');
    }
  }

  /** Writes a few bytes to see whether there is room again, after making some: a log that was moved is written over. */
  tryWrite(): void {
    this.checkpoint();
    const failed: FailureFrame[] = [];
    this.write([
      { command: 'trial', apply: () => this.#trial.run([Date.now()]), fail: (failure) => void failed.push(failure) },
    ]);
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
        this.#watch.begin();
        task.apply(this);
        this.#watch.end(task.command);
      }
      current = undefined;
      this.#assertOwned();
      this.#database.exec('COMMIT');
      // After the sync, before anything is acknowledged.
      this.#files.assertInPlace();
      this.#appender.commit();
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
