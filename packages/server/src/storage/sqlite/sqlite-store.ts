// The engine on SQLite: one file in one folder, one thread that writes it.

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type DeviceId, defaultSessionLimits, type UserId } from '@longwire/protocol';
import type { Channel, DirectChannel } from '../../channel/channel.js';
import type { Entry } from '../../channel/entry.js';
import type { Lane, LaneNumbers, LanePage } from '../../channel/lane.js';
import { isGap, type LogItem } from '../../channel/log-item.js';
import type { Stay } from '../../channel/membership.js';
import type { ServerError } from '../../errors.js';
import { assertBatchSize, assertPageCount } from '../append-check.js';
import { type ChannelName, channelOfName, named, nameOf } from '../channel-name.js';
import type { Cursors, CursorWrite, SingleRead, StoredCursors } from '../cursors.js';
import type {
  ChannelDescription,
  ChannelStatusSlice,
  DeviceRefusal,
  DeviceSignIn,
  DeviceState,
  Directory,
  UnfinishedDevice,
} from '../directory.js';
import { epochOf } from '../epoch.js';
import { MAINTENANCE_STEP_MS, type MaintenanceProgress, type MaintenanceStep } from '../maintenance.js';
import type {
  AppendAttempt,
  AppendOutcome,
  AppendRequest,
  BlockedPage,
  Heads,
  KeySearch,
  MemberPage,
  MessageLog,
  Page,
  PageRequest,
  PendingPage,
  PendingPlaces,
  RightsSlice,
  SearchedKey,
} from '../message-log.js';
import type { Preferences } from '../preferences.js';
import type { Profiles } from '../profiles.js';
import { type StoreQuotas, unlimitedQuotas } from '../quotas.js';
import type { Store } from '../store.js';
import type { UserStates } from '../user-states.js';
import type { DriverChoice } from './driver/choose-driver.js';
import { DATABASE_FILE } from './driver/connection-settings.js';
import { acquireFolderLock, type FolderLock } from './folder/folder-lock.js';
import { makeDataFolder } from './folder/make-data-folder.js';
import { makeFilesPrivate } from './folder/private-files.js';
import { feedRowFrom } from './reading/feed-reader.js';
import { headFrom, pageFrom } from './reading/page-frames.js';
import { WorkerClient } from './threads/worker-client.js';
import { errorFrom, type MaintenanceStepFrame } from './threads/worker-messages.js';
import { SqlitePreferences, SqliteProfiles, SqliteUserStates } from './user-ports.js';

export interface SqliteStoreOptions {
  /** Folder of the store; created if it is not there. */
  readonly folder: string;
  /** Default `auto`: the SQLite of Node where it has one, else the WebAssembly build. Both read the same files. */
  readonly driver?: DriverChoice;
  /** Newest entries of which the keys are always recognised; rounded up to a power of two. Default: the protocol's. */
  readonly keyWindowEntries?: number;
  /** For another one, the longest unused is forgotten. Default 32. */
  readonly devicesPerUser?: number;
  /** Gives the store a new era, and with it every channel a new epoch, although nothing shows that it was restored. */
  readonly needsNewEra?: boolean;
  /** For tests: a command that takes more processor time than this in the writing thread ends the store. */
  readonly maxHoldMs?: number;
  /** What a user may store and begin. Default: none. */
  readonly quotas?: StoreQuotas;
  /** How long to wait for a server that holds the folder to end. Default 5 s. */
  readonly lockWaitMs?: number;
  /** Called with sentences for the log: that it waits for another server, was restored or migrated, or is open to other accounts. */
  readonly onNotice?: (message: string) => void;
}

const LOCK_WAIT_MS = 5_000;
const DEFAULT_DEVICES = 32;
/** There is one lane. */
const LANE: Lane = 0;

function numbersOf(newest: number): LaneNumbers {
  return new Map([[LANE, newest]]);
}

/**
 * Opens the store in a folder, creating it if need be, and holds the folder until `close`. Resolves when it can be used.
 * @throws ServerError `locked` (another server has the folder), `newer_schema`, `corrupt`, `storage_full`, `fatal`
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const folder = resolve(options.folder);
  await makeDataFolder(folder);
  const driver = options.driver ?? 'auto';
  const lock = await acquireFolderLock({
    folder,
    waitMs: options.lockWaitMs ?? LOCK_WAIT_MS,
    onWait: (message) => options.onNotice?.(message),
  });
  let writer: WorkerClient | undefined;
  try {
    for (const warning of makeFilesPrivate(folder)) options.onNotice?.(warning);
    const { keyWindowEntries = defaultSessionLimits.keyWindow, devicesPerUser = DEFAULT_DEVICES } = options;
    const { needsNewEra = false, quotas = unlimitedQuotas, maxHoldMs } = options;
    const start = { folder, driver, keyWindowEntries, devicesPerUser, needsNewEra, quotas, maxHoldMs };
    writer = await WorkerClient.start({
      ...start,
      role: 'writer',
      placeRing: undefined,
      lock: { file: lock.file, token: lock.token },
    });
    for (const notice of writer.notices) options.onNotice?.(notice);
    const { placeRing } = writer;
    const reader = writer.canShareFile
      ? await WorkerClient.start({ ...start, role: 'reader', placeRing, lock: undefined })
      : undefined;
    return new SqliteStore({ writer, reader, lock, folder: options.folder });
  } catch (error) {
    await writer?.close();
    await lock.release();
    throw error;
  }
}

/** Whether a folder has a store, of whatever version. */
export function hasSqliteStore(folder: string): boolean {
  return existsSync(join(folder, DATABASE_FILE));
}

interface StoreParts {
  readonly writer: WorkerClient;
  /** Serves pages where the driver allows a second connection. */
  readonly reader: WorkerClient | undefined;
  readonly lock: FolderLock;
  readonly folder: string;
}

class SqliteStore implements Store {
  readonly log: MessageLog;
  readonly directory: Directory;
  readonly cursors: Cursors;
  readonly userStates: UserStates;
  readonly preferences: Preferences;
  readonly profiles: Profiles;
  readonly lanes: LaneNumbers;
  readonly description: string;
  readonly #writer: WorkerClient;
  readonly #reader: WorkerClient | undefined;
  readonly #lock: FolderLock;

  constructor({ writer, reader, lock, folder }: StoreParts) {
    this.#writer = writer;
    this.#reader = reader;
    this.#lock = lock;
    this.log = new SqliteMessageLog(writer, reader);
    this.directory = new SqliteDirectory(writer);
    this.cursors = new SqliteCursors(writer);
    this.preferences = new SqlitePreferences(writer);
    this.profiles = new SqliteProfiles(writer);
    this.userStates = new SqliteUserStates(writer);
    this.lanes = numbersOf(writer.newest);
    this.description = `sqlite (${writer.driverName}) ${folder}`;
  }

  get isWritable(): boolean {
    return this.#writer.isWritable;
  }

  get onFatal(): ((error: ServerError) => void) | undefined {
    return this.#writer.onFatal;
  }

  set onFatal(listener: ((error: ServerError) => void) | undefined) {
    this.#writer.onFatal = listener;
  }

  get onDamage(): ((damage: ServerError) => void) | undefined {
    return this.#writer.onDamage;
  }

  set onDamage(listener: ((damage: ServerError) => void) | undefined) {
    this.#writer.onDamage = listener;
    if (this.#reader !== undefined) this.#reader.onDamage = listener;
  }

  get onHeld(): Store['onHeld'] {
    return this.#writer.onHeld;
  }

  set onHeld(listener: Store['onHeld']) {
    this.#writer.onHeld = listener;
  }

  async close(): Promise<void> {
    // The reader first: the writer's last checkpoint needs the file for itself.
    await this.#reader?.close();
    await this.#writer.close();
    await this.#lock.release();
  }
}

class SqliteMessageLog implements MessageLog {
  readonly #client: WorkerClient;
  readonly #reader: WorkerClient | undefined;

  constructor(client: WorkerClient, reader: WorkerClient | undefined) {
    this.#client = client;
    this.#reader = reader;
  }

  /** Never `unknown`: a commit that fails ends the process, and its outcome is known at the next start. */
  async append(batch: readonly AppendRequest[], attempt: AppendAttempt): Promise<AppendOutcome> {
    assertBatchSize(batch.length);
    return { outcome: 'done', lane: LANE, results: await this.#client.append(batch, attempt) };
  }

  async feed(_lane: Lane, after: number, limit: number): Promise<LanePage> {
    const { era } = this.#client;
    const { rows, through } = await this.#source.call('feed', { after, limit });
    return { rows: rows.map((row) => feedRowFrom(row, era)), through };
  }

  async searchKey(search: KeySearch): Promise<SearchedKey> {
    const { channel, from, by, key, since, until } = search;
    const where = { channel: nameOf(channel), from, by, key };
    if (until !== undefined) {
      const part = await this.#source.call('searchKey', { ...where, after: since.offset, until });
      return { since: { epoch: since.epoch, offset: part.after }, until: part.until };
    }
    const range = await this.#client.call('keySearchRange', { ...where, since });
    if (range === undefined) return { since, until: since.offset };
    return { since: { epoch: epochOf(this.#client.era, range.life), offset: range.after }, until: range.until };
  }

  async page(request: PageRequest): Promise<Page> {
    const [page] = await this.pages([request]);
    if (page instanceof Error) throw page;
    return page!;
  }

  async pages(requests: readonly PageRequest[]): Promise<readonly (Page | ServerError)[]> {
    assertPageCount(requests.length);
    const { era } = this.#client;
    const outcomes = await this.#source.call('pages', requests.map(named));
    return outcomes.map((outcome, index) =>
      'code' in outcome ? (errorFrom(outcome) as ServerError) : pageFrom(outcome, requests[index]!.channel, era),
    );
  }

  async maintain(step: MaintenanceStep, budgetMs = MAINTENANCE_STEP_MS): Promise<MaintenanceProgress> {
    const frame = 'channel' in step ? named(step) : step;
    const progress = await this.#client.call('maintain', { step: frame as MaintenanceStepFrame, budgetMs });
    if (progress.isDone) return progress;
    const next = 'channel' in step ? { ...progress.next, channel: step.channel } : progress.next;
    return { isDone: false, next: next as MaintenanceStep };
  }

  async heads(channels: readonly Channel[]): Promise<Heads> {
    const { heads, through } = await this.#client.call('heads', channels.map(nameOf));
    return {
      heads: heads.map((frame, index) => headFrom(frame, channels[index]!, this.#client.era)),
      through: numbersOf(through),
    };
  }

  async rights(channels: readonly Channel[]): Promise<RightsSlice> {
    const { rights, through } = await this.#client.call('rights', channels.map(nameOf));
    return {
      rights: rights.map((frame, index) => (frame === 'damaged' ? frame : { channel: channels[index]!, ...frame })),
      through: numbersOf(through),
    };
  }

  countBlocks(user: UserId): Promise<number> {
    return this.#client.call('countBlocks', user);
  }

  blockedUsers(user: UserId, after: DirectChannel | undefined, limit: number): Promise<BlockedPage | undefined> {
    return this.#client.call('blockedUsers', { user, after: after && nameOf(after), limit });
  }

  async members(channel: Channel, after: UserId | undefined, limit: number): Promise<MemberPage> {
    const { through, ...page } = await this.#client.call('members', { channel: nameOf(channel), after, limit });
    return { ...page, through: numbersOf(through) };
  }

  async pending(channel: Channel, after: UserId | undefined, limit: number): Promise<PendingPage> {
    const { rows, next, version, through } = await this.#client.call('pending', {
      channel: nameOf(channel),
      after,
      limit,
    });
    return { pending: rows, next: next as UserId | undefined, version, through: numbersOf(through) };
  }

  async pendingOf(user: UserId, after: Channel | undefined, limit: number): Promise<PendingPlaces> {
    const { rows, next } = await this.#client.call('pendingOf', { user, after: after && nameOf(after), limit });
    return {
      places: rows.map((row) => ({ ...row, channel: channelOfName(row.channel) })),
      next: next === undefined ? undefined : channelOfName(next as ChannelName),
    };
  }

  stays(user: UserId, channels: readonly Channel[]): Promise<readonly (readonly Stay[])[]> {
    return this.#client.call('stays', { user, channels: channels.map(nameOf) });
  }

  /** The writer can do all that a reader does, if there is none, or it failed. */
  get #source(): WorkerClient {
    return this.#reader === undefined || this.#reader.isOver ? this.#client : this.#reader;
  }
}

class SqliteDirectory implements Directory {
  readonly #client: WorkerClient;

  constructor(client: WorkerClient) {
    this.#client = client;
  }

  openDevice(signIn: DeviceSignIn): Promise<DeviceState | DeviceRefusal | UnfinishedDevice> {
    return this.#client.call('openDevice', signIn);
  }

  findDevice(user: UserId, device: DeviceId): Promise<DeviceState> {
    return this.#client.call('findDevice', { user, device });
  }

  async channelStatuses(
    user: UserId,
    device: DeviceId,
    after: number | undefined,
    limit: number,
  ): Promise<ChannelStatusSlice> {
    const slice = await this.#client.call('channelStatuses', { user, device, after, limit });
    const statuses = slice.channels.map(({ life, ...status }) => ({
      ...status,
      channel: channelOfName(status.channel),
      epoch: epochOf(this.#client.era, life ?? 0),
    }));
    return { channels: statuses, next: slice.next, through: numbersOf(slice.through) };
  }

  async describe(
    user: UserId,
    channels: readonly { readonly channel: Channel; readonly read: number }[],
    maxLastBytes: number,
  ): Promise<readonly ChannelDescription[]> {
    const frames = await this.#client.call('describe', { user, channels: channels.map(named), maxLastBytes });
    const descriptions: ChannelDescription[] = [];
    for (const [index, frame] of frames.entries()) {
      if (frame === undefined) continue;
      const last = pageFrom(frame.last, channels[index]!.channel, this.#client.era);
      descriptions.push({
        channel: last.channel,
        epoch: epochOf(this.#client.era, frame.life),
        head: last.head,
        visibleFrom: frame.visibleFrom,
        read: frame.read,
        unread: frame.unread,
        last: entryAmong(last.items),
        isLastTruncated: frame.isLastTruncated,
        isBlocked: frame.isBlocked,
        members: frame.members,
        profile: frame.profile,
        singleReads: frame.singleReads,
        group: frame.group,
        recency: frame.recency,
      });
    }
    return descriptions;
  }
}

/** The one item of a page, if it is an entry. */
function entryAmong([item]: readonly LogItem[]): Entry | undefined {
  return item === undefined || isGap(item) ? undefined : item;
}

class SqliteCursors implements Cursors {
  readonly #client: WorkerClient;

  constructor(client: WorkerClient) {
    this.#client = client;
  }

  write(batch: readonly CursorWrite[], at: number): Promise<void> {
    return this.#client.call('writeCursors', { batch: batch.map(named), at });
  }

  readSingly(single: SingleRead): Promise<readonly number[] | undefined> {
    return this.#client.call('readSingly', named(single));
  }

  async load(
    wanted: readonly { readonly user: UserId; readonly channel: Channel }[],
  ): Promise<readonly StoredCursors[]> {
    const stored = await this.#client.call('loadCursors', wanted.map(named));
    return stored.map((cursors, index) => ({ ...cursors, channel: wanted[index]!.channel }));
  }
}
