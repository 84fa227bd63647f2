// The store as the storage thread uses it, call by call: transactions, reads, checkpoints.

import { join } from 'node:path';
import { MAX_BATCH_ENTRIES } from '../append-check.js';
import type { StoreQuotas } from '../quotas.js';
import type { BatchFrame, FlatResults } from './appending/append-frames.js';
import { Appender } from './appending/appender.js';
import { KeyLookup, openKeyWindow, rememberKey } from './appending/key-lookup.js';
import { QuotaJudge } from './appending/quota-judge.js';
import { UsageLedger } from './appending/usage-ledger.js';
import { type DamageListener, readAround } from './damage.js';
import { DATABASE_FILE, PageCache, setSynchronous } from './driver/connection-settings.js';
import { integerOf, rollBack, type SqlDatabase, SqlFailure, type SqlStatement } from './driver/sql-database.js';
import { EntryRemover } from './entry-remover.js';
import { Lineage } from './folder/lineage.js';
import { Maintainer } from './maintainer.js';
import { Authorship } from './places/authorship.js';
import { ChannelLog } from './places/channel-log.js';
import { loadPlaces } from './places/load-places.js';
import { PlaceTable } from './places/place-table.js';
import { PLACE_BATCH_ROWS, type Placer } from './places/placer.js';
import type { PlaceRing } from './places/recent-places.js';
import { PreferenceStore } from './preference-store.js';
import { ProfileStore } from './profile-store.js';
import { ChannelStatusReader } from './reading/channel-status-reader.js';
import { FeedReader } from './reading/feed-reader.js';
import { searchIn } from './reading/key-search.js';
import { emptyPage, headFrameOf, type PageFrame } from './reading/page-frames.js';
import { PageReader } from './reading/page-reader.js';
import { SingleReadStore } from './single-read-store.js';
import { fatalFrom, openingError } from './storage-failures.js';
import { BlockLists } from './tables/block-lists.js';
import { ANNOUNCEMENTS, ChannelTable } from './tables/channel-table.js';
import { DeviceTable } from './tables/device-table.js';
import { EntryTable } from './tables/entry-table.js';
import { ExpiryTable } from './tables/expiry-table.js';
import { GroupUsageTable } from './tables/group-usage-table.js';
import { MemberTable } from './tables/member-table.js';
import { openMigrated } from './tables/migration.js';
import { type PendingRows, PendingTable } from './tables/pending-table.js';
import { PreferenceTable } from './tables/preference-table.js';
import { ProfileTable } from './tables/profile-table.js';
import { RightsTable } from './tables/rights-table.js';
import { RowNames } from './tables/row-names.js';
import { UncountedTable } from './tables/uncounted-table.js';
import { UserStateTable } from './tables/user-state-table.js';
import type { HoldWatch } from './threads/hold-watch.js';
import type { WorkerCalls } from './threads/worker-messages.js';
import { Transactions, type TransactionTask } from './transactions.js';
import { UserStateStore } from './user-state-store.js';

/** Something that changes rows inside the open transaction. */
export type WriteTask = TransactionTask<SqliteEngine>;

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

const NO_ROWS: PendingRows<never> = { rows: [], next: undefined };

export class SqliteEngine {
  readonly era: string;
  readonly driverName: string;
  readonly canShareFile: boolean;
  /** What was found and done at the opening, as sentences for the log. */
  readonly notices: readonly string[];
  /** Where the newest entries are, for a thread that reads beside this one. */
  readonly placeRing: PlaceRing;
  readonly userStates: UserStateStore;
  readonly blocks: BlockLists;
  readonly profiles: ProfileStore;
  readonly singleReads: SingleReadStore;
  readonly preferences: PreferenceStore;
  readonly #database: SqlDatabase;
  readonly #assertOwned: () => void;
  readonly #transactions: Transactions<SqliteEngine>;
  readonly #onDamage: DamageListener;
  readonly #names: RowNames;
  readonly #channels: ChannelTable;
  readonly #log: ChannelLog;
  readonly #appender: Appender;
  readonly #placer: Placer;
  readonly #devices: DeviceTable;
  readonly #members: MemberTable;
  readonly #rights: RightsTable;
  readonly #pending: PendingTable;
  readonly #pages: PageReader;
  readonly #feed: FeedReader;
  readonly #statuses: ChannelStatusReader;
  readonly #ledger: UsageLedger;
  readonly #maintainer: Maintainer;
  readonly #cache: PageCache;
  readonly #checkpoint: SqlStatement;

  /** @throws ServerError `newer_schema`, `corrupt`, `storage_full`, `fatal` */
  constructor(options: EngineOptions) {
    const file = join(options.folder, DATABASE_FILE);
    try {
      this.#assertOwned = options.assertOwned;
      this.#onDamage = options.onDamage;
      const { database, isRecovered, notice } = openMigrated(options.open, file);
      this.#database = database;
      this.driverName = database.driverName;
      this.canShareFile = database.sharesFile;
      this.#cache = new PageCache(database);
      const entries = new EntryTable(database);
      const places = new PlaceTable(database, entries);
      const ledger = new UsageLedger(database, places.placed() ?? 0, options.onDamage);
      const authorship = new Authorship(database, options.onDamage);
      const window = openKeyWindow(options.keyWindowEntries);
      const { ring, recent, placer, lost, firstKeyRow } = loadPlaces({
        database,
        entries,
        places,
        keyRows: options.keyWindowEntries,
        onRow: (row) => rememberKey(window, row),
        placeBatchRows: options.placeBatchRows ?? PLACE_BATCH_ROWS,
        ledger,
        authorship,
      });
      window.raiseFloor(firstKeyRow);
      this.placeRing = ring;
      this.#placer = placer;
      const lineage = new Lineage(database, { ...options, file, lostEntries: lost });
      this.era = lineage.era;
      this.notices = [notice, lineage.doubt].filter((text) => text !== undefined);
      this.#transactions = new Transactions({
        database,
        file,
        lineage,
        isRecovered,
        assertOwned: options.assertOwned,
        watch: options.watch,
        target: this,
        onCommit: () => this.#appender.commit(),
        onRollback: () => this.#forgetAll(),
      });
      const log = new ChannelLog(database, entries, places, recent);
      this.#log = log;
      const keys = new KeyLookup({ window, era: this.era, entries, log });
      const { quotas, onDamage, keyWindowEntries } = options;
      const names = new RowNames(database);
      const { users } = names;
      const channels = new ChannelTable(database, log);
      const devices = new DeviceTable(database, users, options.devicesPerUser);
      const uncounted = new UncountedTable(database);
      const members = new MemberTable(database, { users, channels, devices, uncounted });
      const pending = new PendingTable(database, onDamage);
      const rights = new RightsTable(database, onDamage, { users, channels, members, pending });
      users.announcementsHead = () => readAround(ANNOUNCEMENTS, onDamage, () => channels.announcements()?.head) ?? 0;
      this.#names = names;
      this.#channels = channels;
      this.#devices = devices;
      this.#members = members;
      this.#rights = rights;
      this.singleReads = new SingleReadStore({ channels, log, uncounted, onDamage });
      this.blocks = new BlockLists(database, onDamage, { users, channels });
      this.#pending = pending;
      const profiles = new ProfileTable(database);
      this.profiles = new ProfileStore({ users, channels, members, profiles, onDamage });
      const tables = { names, channels, devices, members, rights, pending, authorship, profiles };
      const groupUsage = new GroupUsageTable(database, users, onDamage);
      const judge = new QuotaJudge({ ...tables, groupUsage, quotas, ledger, log, onDamage });
      const remover = new EntryRemover(database, { entries, ledger, uncounted, onDamage });
      const appended = { keys, entries, expiries: new ExpiryTable(database), ring, recent, ledger, judge, remover };
      this.#appender = new Appender(this.era, onDamage, { ...tables, ...appended });
      this.#pages = new PageReader(log, names, onDamage);
      this.#feed = new FeedReader(database, entries, names, onDamage);
      this.#statuses = new ChannelStatusReader(database, onDamage, { ...tables, uncounted, pages: this.#pages });
      this.#ledger = ledger;
      const removal = { entries, places, recent, log, remover, uncounted, keyWindowEntries, onDamage };
      this.#maintainer = new Maintainer(database, { ...tables, ...removal });
      this.preferences = new PreferenceStore(users, channels, new PreferenceTable(database, onDamage));
      const states = new UserStateTable(database);
      this.userStates = new UserStateStore(database, { users, channels, members, devices, states, onDamage });
      this.#checkpoint = database.prepare('PRAGMA wal_checkpoint(PASSIVE)');
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
    return this.#transactions.isWritable;
  }

  /**
   * Runs tasks in one transaction. A task that cannot be done fails and is left out; a full disk fails all of them.
   * @throws ServerError `fatal`: it is unknown what is on disk, and the store must not be used any more
   */
  write(tasks: readonly WriteTask[]): void {
    this.#transactions.write(tasks);
  }

  append(batch: BatchFrame, results: FlatResults): void {
    this.#appender.append(batch, results);
  }

  openDevice(input: WorkerCalls['openDevice']['input']): WorkerCalls['openDevice']['output'] {
    return this.profiles.signedIn(input, this.#devices.open(input));
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
    return searchIn(this.#log, this.#channels.find(search.channel), search, this.#names.findAuthor(search));
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

  rights(channels: WorkerCalls['rights']['input']): WorkerCalls['rights']['output'] {
    const rights = channels.map(
      (key) => readAround(key, this.#onDamage, () => this.#rights.rightsOf(this.#channels.find(key))) ?? 'damaged',
    );
    return { rights, through: this.newest };
  }

  members({ channel, after, limit }: WorkerCalls['members']['input']): WorkerCalls['members']['output'] {
    return { ...this.#rights.page(this.#channels.find(channel), after, limit), through: this.newest };
  }

  pending({ channel, after, limit }: WorkerCalls['pending']['input']): WorkerCalls['pending']['output'] {
    const state = this.#channels.find(channel);
    const page = state === undefined ? NO_ROWS : this.#pending.inChannel(state.number, after, limit);
    return { ...page, version: state?.rights ?? 0, through: this.newest };
  }

  pendingOf({ user, after, limit }: WorkerCalls['pendingOf']['input']): WorkerCalls['pendingOf']['output'] {
    return this.#pending.ofUser(user, after, limit);
  }

  stays({ user, channels }: WorkerCalls['stays']['input']): WorkerCalls['stays']['output'] {
    return channels.map((key) => {
      const stays = readAround(`the stays of ${user} in ${key}`, this.#onDamage, () => {
        const state = this.#channels.find(key);
        return state?.channel.kind === 'group' ? this.#rights.staysOf(state, user) : [];
      });
      return stays ?? [];
    });
  }

  channelStatuses(input: WorkerCalls['channelStatuses']['input']): WorkerCalls['channelStatuses']['output'] {
    const { user, device, after, limit } = input;
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

  /** Part of a step; to be called inside a transaction that has nothing else. */
  maintain({ step, budgetMs }: WorkerCalls['maintain']['input']): WorkerCalls['maintain']['output'] {
    const progress = this.#maintainer.run(step, performance.now() + budgetMs);
    this.#ledger.writeReturned();
    return progress;
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
      this.#transactions.isWritable = false;
      return 0;
    } finally {
      setSynchronous(this.#database, 'FULL');
    }
  }

  /** Writes a few bytes to see whether there is room again, after making some: a log that was moved is written over. */
  tryWrite(): void {
    this.checkpoint();
    this.#transactions.tryWrite();
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

  #forgetAll(): void {
    this.#appender.rollback();
    this.#channels.forgetAll();
    this.#members.forgetAll();
    this.profiles.forgetAll();
    this.#names.forgetAll();
  }
}
