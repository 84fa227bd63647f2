// Channels by key, with their heads; the ones in use are in memory.

import { announcements, type Channel } from '../../../channel/channel.js';
import { ServerError } from '../../../errors.js';
import { GenerationCache } from '../../../runtime/generation-cache.js';
import { type ChannelName, channelOfName, nameOf } from '../../channel-name.js';
import {
  integerOf,
  newestNumber,
  type SqlDatabase,
  type SqlRow,
  type SqlStatement,
  textOf,
} from '../driver/sql-database.js';
import type { ChannelLog } from '../places/channel-log.js';
import type { PlacedChannel } from '../places/place-table.js';
import { expectChecksum, IndexNeighbours, rowChecksum } from '../row-checks.js';
import type { ChannelState } from './channel-state.js';
import { ChannelEnds } from './channel-state.js';

const CACHED_CHANNELS = 65_536;
/** Users whose channels are remembered as a list, and how many those may be: 400 000 names at most. */
const CACHED_LISTS = 1_024;
const MAX_LISTED_CHANNELS = 200;
/** Kinds of channels in the file: never renumbered, never reused. */
const KIND_NUMBERS: Readonly<Record<Channel['kind'], number>> = { direct: 1, group: 2, inbox: 3, all: 4, topic: 5 };
const FIRST_LIFE = 1;
export const ANNOUNCEMENTS = nameOf(announcements);

/** What `verifyChannelRow` wants to see. */
export const CHANNEL_COLUMNS =
  'id, name, kind, life, base, low_user, high_user, created_at, crc, rights, closed, blocks, settings, members, begun';

/** What the table `channel` keeps of a channel. */
type StoredChannel = Pick<
  ChannelState,
  | 'number'
  | 'key'
  | 'channel'
  | 'lowUser'
  | 'highUser'
  | 'life'
  | 'base'
  | 'createdAt'
  | 'rights'
  | 'isClosed'
  | 'blocks'
  | 'settings'
  | 'memberCount'
  | 'isBegun'
>;

export class ChannelTable {
  readonly #byName: SqlStatement;
  readonly #neighbours: IndexNeighbours;
  readonly #insert: SqlStatement;
  readonly #update: SqlStatement;
  readonly #insertMember: SqlStatement;
  readonly #newest: SqlStatement;
  readonly #ends: ChannelEnds;
  readonly #states = new GenerationCache<ChannelName, ChannelState>(CACHED_CHANNELS);
  readonly #lists = new GenerationCache<number, ChannelName[]>(CACHED_LISTS);
  #nextNumber: number | undefined;
  /** There is no channel of announcements. */
  #hasNoAnnouncements = false;

  constructor(database: SqlDatabase, log: ChannelLog) {
    this.#byName = database.prepare(`SELECT ${CHANNEL_COLUMNS} FROM channel WHERE name = ?`);
    this.#neighbours = new IndexNeighbours(database, 'channel', ['name']);
    this.#insert = database.prepare(
      'INSERT INTO channel (id, name, kind, life, base, low_user, high_user, created_at, crc) VALUES (?,?,?,?,?,?,?,?,?)',
    );
    this.#update = database.prepare(
      'UPDATE channel SET base = ?, rights = ?, closed = ?, blocks = ?, settings = ?, members = ?, begun = ?, crc = ? WHERE id = ?',
    );
    this.#insertMember = database.prepare(
      'INSERT INTO member (user, channel, visible_from, left_at, read, delivered, crc) VALUES (?,?,1,NULL,0,0,?)',
    );
    this.#newest = database.prepare('SELECT max(id) AS id FROM channel');
    this.#ends = new ChannelEnds(log);
  }

  /** @throws ServerError `corrupt` */
  find(key: ChannelName): ChannelState | undefined {
    const known = this.#states.get(key);
    if (known !== undefined) return known;
    const state = this.read(key);
    if (state !== undefined) this.#states.set(key, state);
    return state;
  }

  /**
   * The channel of announcements; undefined: there was none yet.
   * @throws ServerError `corrupt`
   */
  announcements(): ChannelState | undefined {
    if (this.#hasNoAnnouncements) return undefined;
    const state = this.find(ANNOUNCEMENTS);
    this.#hasNoAnnouncements = state === undefined;
    return state;
  }

  /** Undefined where it would have to be read. */
  peek(key: ChannelName): ChannelState | undefined {
    return this.#states.get(key);
  }

  /** As it is in the tables now, past the memory: for connections beside the writer. */
  read(key: ChannelName): ChannelState | undefined {
    const row = this.#byName.get([key]);
    if (row === undefined) {
      this.#neighbours.expectRight([key]);
      return undefined;
    }
    return this.#load(key, row);
  }

  /**
   * Creates a channel without entries, and what its own name says of its members; inside a transaction.
   * @param lowUser  the first of its two users, or the one of an inbox; 0 in other channels
   */
  create(channel: Channel, lowUser: number, highUser: number, at: number): ChannelState {
    this.#nextNumber ??= newestNumber(this.#newest) + 1;
    const number = this.#nextNumber;
    this.#nextNumber += 1;
    const key = nameOf(channel);
    const kind = KIND_NUMBERS[channel.kind];
    const crc = rowChecksum(number, key, kind, FIRST_LIFE, 0, lowUser, highUser, at);
    this.#insert.run([number, key, kind, FIRST_LIFE, 0, lowUser, highUser, at, crc]);
    for (const user of usersNamed(lowUser, highUser)) {
      this.#insertMember.run([user, number, rowChecksum(user, number, 1, null, 0, 0)]);
    }
    const state: ChannelState = {
      number,
      key,
      channel,
      lowUser,
      highUser,
      life: FIRST_LIFE,
      base: 0,
      createdAt: at,
      rights: 0,
      isClosed: false,
      blocks: 0,
      settings: 0,
      memberCount: 0,
      isBegun: true,
      head: 0,
      messages: 0,
      lowMessages: 0,
      otherMessages: 0,
      bytes: 0,
      lowBytes: 0,
      lastAt: 0,
      lastRow: 0,
      lowMember: undefined,
      highMember: undefined,
    };
    this.#states.set(key, state);
    if (channel.kind === 'all') this.#hasNoAnnouncements = false;
    this.#addToLists(state);
    return state;
  }

  /** Writes what may have changed since the channel was created or read; inside a transaction. */
  update(state: StoredChannel): void {
    const { number, base, rights, blocks, settings, memberCount } = state;
    const closed = state.isClosed ? 1 : 0;
    const begun = state.isBegun ? 1 : 0;
    this.#update.run([base, rights, closed, blocks, settings, memberCount, begun, checksumOf(state), number]);
  }

  /**
   * Offset and row of a channel's newest entry, for callers that pass over many channels once.
   * @throws ServerError `corrupt`
   */
  endOf(channel: PlacedChannel & Pick<ChannelState, 'isBegun'>): { readonly head: number; readonly lastRow: number } {
    const cached = this.#states.get(channel.key);
    if (cached !== undefined) return cached;
    const { offset, seq } = this.#ends.positionOf(channel);
    return { head: offset, lastRow: seq };
  }

  /** The state of a channel of which the row was read. The row must be right. */
  stateFrom(row: SqlRow): ChannelState {
    const key = textOf(row, 'name') as ChannelName;
    const known = this.#states.get(key);
    if (known !== undefined) return known;
    const state = this.#load(key, row);
    this.#states.set(key, state);
    return state;
  }

  /** The user's channels are others now. */
  forgetList(user: number): void {
    this.#lists.delete(user);
  }

  /** The channels of a user by number, if they were listed a while ago; undefined: they have to be read. */
  listOf(user: number): readonly ChannelName[] | undefined {
    return this.#lists.get(user);
  }

  /** Remembers all channels of a user, by number, unless they are more than {@link MAX_LISTED_CHANNELS}. */
  rememberList(user: number, names: readonly ChannelName[]): void {
    if (names.length <= MAX_LISTED_CHANNELS) this.#lists.set(user, [...names]);
  }

  /** After a rollback nothing that the transaction changed may be remembered. */
  forgetAll(): void {
    this.#states.clear();
    this.#lists.clear();
    this.#nextNumber = undefined;
    this.#hasNoAnnouncements = false;
  }

  #load(key: ChannelName, row: SqlRow): ChannelState {
    const stored = storedFrom(row);
    const end = this.#ends.of(stored);
    // In the order of `create`: one shape for all states.
    return {
      number: stored.number,
      key,
      channel: stored.channel,
      lowUser: stored.lowUser,
      highUser: stored.highUser,
      life: stored.life,
      base: stored.base,
      createdAt: stored.createdAt,
      rights: stored.rights,
      isClosed: stored.isClosed,
      blocks: stored.blocks,
      settings: stored.settings,
      memberCount: stored.memberCount,
      isBegun: stored.isBegun,
      head: end.head,
      messages: end.messages,
      lowMessages: end.lowMessages,
      otherMessages: end.otherMessages,
      bytes: end.bytes,
      lowBytes: end.lowBytes,
      lastAt: end.lastAt,
      lastRow: end.lastRow,
      lowMember: undefined,
      highMember: undefined,
    };
  }

  #addToLists({ key, channel, lowUser, highUser }: ChannelState): void {
    // The announcements are a channel of all users.
    if (channel.kind === 'all') this.#lists.clear();
    for (const user of usersNamed(lowUser, highUser)) {
      const names = this.#lists.get(user);
      if (names === undefined) continue;
      if (names.length < MAX_LISTED_CHANNELS) names.push(key);
      else this.#lists.delete(user);
    }
  }
}

function usersNamed(lowUser: number, highUser: number): readonly number[] {
  if (lowUser === 0) return [];
  return lowUser === highUser ? [lowUser] : [lowUser, highUser];
}

/**
 * The row of a channel as it was written.
 * @throws ServerError `corrupt`
 */
export function storedFrom(row: SqlRow): StoredChannel {
  const key = textOf(row, 'name') as ChannelName;
  const stored = {
    number: integerOf(row, 'id'),
    key,
    channel: channelFrom(key),
    lowUser: integerOf(row, 'low_user'),
    highUser: integerOf(row, 'high_user'),
    life: integerOf(row, 'life'),
    base: integerOf(row, 'base'),
    createdAt: integerOf(row, 'created_at'),
    rights: integerOf(row, 'rights'),
    isClosed: integerOf(row, 'closed') === 1,
    blocks: integerOf(row, 'blocks'),
    settings: integerOf(row, 'settings'),
    memberCount: integerOf(row, 'members'),
    isBegun: integerOf(row, 'begun') === 1,
  };
  const isRight =
    integerOf(row, 'kind') === KIND_NUMBERS[stored.channel.kind] &&
    (stored.isClosed || integerOf(row, 'closed') === 0) &&
    (stored.isBegun || integerOf(row, 'begun') === 0);
  expectChecksum(integerOf(row, 'crc'), isRight ? checksumOf(stored) : Number.NaN, `the row of channel ${key}`);
  return stored;
}

/** What schema version 3 added counts only where it is used: rows without it have the checksum that they always had. */
function checksumOf(stored: StoredChannel): number {
  const { number, key, channel, life, base, lowUser, highUser, createdAt } = stored;
  const { rights, isClosed, blocks, settings, memberCount, isBegun } = stored;
  const kind = KIND_NUMBERS[channel.kind];
  const isPlain = rights === 0 && !isClosed && blocks === 0 && settings === 0 && memberCount === 0 && isBegun;
  if (isPlain) return rowChecksum(number, key, kind, life, base, lowUser, highUser, createdAt);
  const added = [rights, isClosed ? 1 : 0, blocks, settings, memberCount, isBegun ? 1 : 0];
  return rowChecksum(number, key, kind, life, base, lowUser, highUser, createdAt, ...added);
}

/** @throws ServerError `corrupt` */
function channelFrom(key: ChannelName): Channel {
  try {
    return channelOfName(key);
  } catch (error) {
    throw new ServerError('corrupt', `channel ${key} is of no kind this version knows`, { cause: error });
  }
}
