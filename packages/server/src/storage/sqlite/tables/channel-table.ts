// Channels by key, with their heads; the ones in use are in memory.

import { ServerError } from '../../../errors.js';
import { GenerationCache } from '../../../runtime/generation-cache.js';
import type { ChannelName, DirectPair } from '../../channel-name.js';
import { directPairOf } from '../../channel-name.js';
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
const DIRECT_KIND = 1;
const FIRST_LIFE = 1;

export class ChannelTable {
  readonly #byName: SqlStatement;
  readonly #neighbours: IndexNeighbours;
  readonly #insert: SqlStatement;
  readonly #insertMember: SqlStatement;
  readonly #newest: SqlStatement;
  readonly #ends: ChannelEnds;
  readonly #states = new GenerationCache<ChannelName, ChannelState>(CACHED_CHANNELS);
  readonly #lists = new GenerationCache<number, ChannelName[]>(CACHED_LISTS);
  #nextNumber: number | undefined;

  constructor(database: SqlDatabase, log: ChannelLog) {
    const columns = 'id, name, kind, life, base, low_user, high_user, created_at, crc';
    this.#byName = database.prepare(`SELECT ${columns} FROM channel WHERE name = ?`);
    this.#neighbours = new IndexNeighbours(database, 'channel', ['name']);
    this.#insert = database.prepare(`INSERT INTO channel (${columns}) VALUES (?,?,?,?,?,?,?,?,?)`);
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

  /** Creates a direct channel with its members; inside a transaction. */
  createDirect(key: ChannelName, pair: DirectPair, lowUser: number, highUser: number, at: number): ChannelState {
    this.#nextNumber ??= newestNumber(this.#newest) + 1;
    const number = this.#nextNumber;
    this.#nextNumber += 1;
    const crc = rowChecksum(number, key, DIRECT_KIND, FIRST_LIFE, 0, lowUser, highUser, at);
    this.#insert.run([number, key, DIRECT_KIND, FIRST_LIFE, 0, lowUser, highUser, at, crc]);
    for (const user of lowUser === highUser ? [lowUser] : [lowUser, highUser]) {
      this.#insertMember.run([user, number, rowChecksum(user, number, 1, null, 0, 0)]);
    }
    const state: ChannelState = {
      number,
      key,
      pair,
      lowUser,
      highUser,
      life: FIRST_LIFE,
      base: 0,
      createdAt: at,
      head: 0,
      messages: 0,
      lowMessages: 0,
      bytes: 0,
      lowBytes: 0,
      lastAt: 0,
      lastRow: 0,
      lowMember: undefined,
      highMember: undefined,
    };
    this.#states.set(key, state);
    this.#addToLists(state);
    return state;
  }

  /**
   * Offset and row of a channel's newest entry, for callers that pass over many channels once.
   * @throws ServerError `corrupt`
   */
  endOf(channel: PlacedChannel): { readonly head: number; readonly lastRow: number } {
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
  }

  #load(key: ChannelName, row: SqlRow): ChannelState {
    verifyChannelRow(row);
    const pair = directPairOf(key);
    if (pair === undefined) throw new ServerError('corrupt', `channel ${key} is of no kind this version knows`);
    const facts = {
      number: integerOf(row, 'id'),
      key,
      base: integerOf(row, 'base'),
      lowUser: integerOf(row, 'low_user'),
      highUser: integerOf(row, 'high_user'),
    };
    const end = this.#ends.of(facts);
    // In the order of `createDirect`: one shape for all states.
    return {
      number: facts.number,
      key,
      pair,
      lowUser: facts.lowUser,
      highUser: facts.highUser,
      life: integerOf(row, 'life'),
      base: facts.base,
      createdAt: integerOf(row, 'created_at'),
      head: end.head,
      messages: end.messages,
      lowMessages: end.lowMessages,
      bytes: end.bytes,
      lowBytes: end.lowBytes,
      lastAt: end.lastAt,
      lastRow: end.lastRow,
      lowMember: undefined,
      highMember: undefined,
    };
  }

  #addToLists({ key, lowUser, highUser }: ChannelState): void {
    for (const user of lowUser === highUser ? [lowUser] : [lowUser, highUser]) {
      const names = this.#lists.get(user);
      if (names === undefined) continue;
      if (names.length < MAX_LISTED_CHANNELS) names.push(key);
      else this.#lists.delete(user);
    }
  }
}

/** @throws ServerError `corrupt` */
export function verifyChannelRow(row: SqlRow): void {
  const name = textOf(row, 'name');
  const actual = rowChecksum(
    integerOf(row, 'id'),
    name,
    integerOf(row, 'kind'),
    integerOf(row, 'life'),
    integerOf(row, 'base'),
    integerOf(row, 'low_user'),
    integerOf(row, 'high_user'),
    integerOf(row, 'created_at'),
  );
  expectChecksum(integerOf(row, 'crc'), actual, `the row of channel ${name}`);
}
