// Channels by key, with their heads; the ones in use are in memory.

import type { ChannelKey, DirectPair } from '../../channel/channel-key.js';
import { directPairOf } from '../../channel/channel-key.js';
import { StorageError } from '../storage-error.js';
import { type ChannelState, lowMessagesAt } from './channel-state.js';
import {
  integerOf,
  type SqlDatabase,
  SqlFailure,
  type SqlRow,
  type SqlStatement,
  textOf,
} from './driver/sql-database.js';
import { decodeEntryRow, ENTRY_COLUMNS } from './entry-row.js';
import { GenerationCache } from './generation-cache.js';
import { newestNumber } from './newest-number.js';
import { expectChecksum, rowChecksum } from './row-checksum.js';

const CACHED_CHANNELS = 65_536;
/** Kinds of channels in the file: never renumbered, never reused. */
const DIRECT_KIND = 1;
const FIRST_LIFE = 1;

export class ChannelTable {
  readonly #byName: SqlStatement;
  readonly #before: SqlStatement;
  readonly #after: SqlStatement;
  readonly #insert: SqlStatement;
  readonly #insertMember: SqlStatement;
  readonly #newest: SqlStatement;
  readonly #lastEntry: SqlStatement;
  readonly #lastPositions: SqlStatement;
  readonly #nextPositions: SqlStatement;
  readonly #positionOf: SqlStatement;
  readonly #baseOf: SqlStatement;
  readonly #states = new GenerationCache<ChannelKey, ChannelState>(CACHED_CHANNELS);
  #nextNumber: number | undefined;

  constructor(database: SqlDatabase) {
    const columns = 'id, name, kind, life, base, low_user, high_user, created_at, crc';
    this.#byName = database.prepare(`SELECT ${columns} FROM channel WHERE name = ?`);
    this.#before = database.prepare(`SELECT ${columns} FROM channel WHERE name < ? ORDER BY name DESC LIMIT 1`);
    this.#after = database.prepare(`SELECT ${columns} FROM channel WHERE name > ? ORDER BY name LIMIT 1`);
    this.#insert = database.prepare(`INSERT INTO channel (${columns}) VALUES (?,?,?,?,?,?,?,?,?)`);
    this.#insertMember = database.prepare(
      'INSERT INTO member (user, channel, visible_from, left_at, read, delivered, crc) VALUES (?,?,1,NULL,0,0,?)',
    );
    this.#newest = database.prepare('SELECT max(id) AS id FROM channel');
    this.#lastEntry = database.prepare(
      `SELECT id, ${ENTRY_COLUMNS} FROM entry WHERE channel = ? ORDER BY offset DESC LIMIT 1`,
    );
    this.#lastPositions = database.prepare(
      'SELECT id, offset FROM entry WHERE channel = ? ORDER BY offset DESC LIMIT 2',
    );
    this.#nextPositions = database.prepare(
      'SELECT id, channel, offset FROM entry INDEXED BY entry_position WHERE channel > ? ORDER BY channel, offset LIMIT 2',
    );
    this.#positionOf = database.prepare('SELECT channel, offset FROM entry WHERE id = ?');
    this.#baseOf = database.prepare('SELECT base FROM channel WHERE id = ?');
  }

  /** @throws StorageError `corrupt` */
  find(key: ChannelKey): ChannelState | undefined {
    const known = this.#states.get(key);
    if (known !== undefined) return known;
    const state = this.read(key);
    if (state !== undefined) this.#states.set(key, state);
    return state;
  }

  /** As it is in the tables now, past the memory: for connections beside the writer. */
  read(key: ChannelKey): ChannelState | undefined {
    const row = this.#byName.get([key]);
    if (row === undefined) {
      // A damaged index hides names. The key asked for would stand between these two, so damage there shows in them.
      for (const neighbour of [this.#before.get([key]), this.#after.get([key])]) {
        if (neighbour !== undefined) verifyChannelRow(neighbour);
      }
      return undefined;
    }
    return this.#load(key, row);
  }

  /** Creates a direct channel with its members; inside a transaction. */
  createDirect(key: ChannelKey, pair: DirectPair, lowUser: number, highUser: number, at: number): ChannelState {
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
      head: 0,
      messages: 0,
      lowMessages: 0,
      lastAt: 0,
      lastRow: 0,
    };
    this.#states.set(key, state);
    return state;
  }

  /** What is in memory of a channel, if anything. */
  cached(key: ChannelKey): ChannelState | undefined {
    return this.#states.get(key);
  }

  /**
   * Head and newest row of a channel from the index alone, for callers that pass over many channels once.
   * @throws StorageError `corrupt`
   */
  headOf(number: number, base: number, key: ChannelKey): { readonly head: number; readonly lastRow: number } {
    const [last, previous] = this.#lastPositions.all([number]);
    this.#expectEndOfChannel(number, key);
    const offset = last === undefined ? undefined : integerOf(last, 'offset');
    const expected = previous === undefined ? base + 1 : integerOf(previous, 'offset') + 1;
    if (last === undefined || offset === undefined || offset !== expected) throw brokenIndex(key);
    return { head: offset, lastRow: integerOf(last, 'id') };
  }

  /** After a rollback nothing that the transaction changed may be remembered. */
  forgetAll(): void {
    this.#states.clear();
    this.#nextNumber = undefined;
  }

  #load(key: ChannelKey, row: SqlRow): ChannelState {
    verifyChannelRow(row);
    const pair = directPairOf(key);
    if (pair === undefined) throw new StorageError('corrupt', `channel ${key} is of no kind this version knows`);
    const number = integerOf(row, 'id');
    const columns = this.#lastEntry.get([number]);
    this.#expectEndOfChannel(number, key);
    // A channel is created together with its first entry.
    if (columns === undefined) throw brokenIndex(key);
    const last = this.#decodeLast(key, columns);
    const lowUser = integerOf(row, 'low_user');
    return {
      number,
      key,
      pair,
      lowUser,
      highUser: integerOf(row, 'high_user'),
      life: integerOf(row, 'life'),
      base: integerOf(row, 'base'),
      head: last.offset,
      messages: last.messages,
      lowMessages: lowMessagesAt({ lowUser }, last),
      lastAt: last.at,
      lastRow: integerOf(columns, 'id'),
    };
  }

  #decodeLast(key: ChannelKey, columns: SqlRow): ReturnType<typeof decodeEntryRow> {
    try {
      return decodeEntryRow(columns);
    } catch (error) {
      if (!(error instanceof SqlFailure)) throw error;
      const offset = integerOf(columns, 'offset');
      throw new StorageError('corrupt', `${key}, offset ${offset}: ${error.message}`, { cause: error, offset });
    }
  }

  /** Logs have no holes, so what follows a channel's last entry in the index is the first entry of another one. */
  #expectEndOfChannel(number: number, key: ChannelKey): void {
    const [next, second] = this.#nextPositions.all([number]).map(indexedPosition);
    if (next === undefined) return;
    if (next.offset !== 1 && next.offset !== this.#baseOfChannel(next.channel) + 1) throw brokenIndex(key);
    // An entry of this channel may pass for that first one after a flipped bit. It then stands out of order, which what
    // follows it shows; where nothing follows, its row.
    const isInPlace = second === undefined ? this.#isAtItsRow(next) : isInOrder(next, second);
    if (!isInPlace) throw brokenIndex(key);
  }

  #baseOfChannel(number: number): number {
    const row = this.#baseOf.get([number]);
    return row === undefined ? Number.NaN : integerOf(row, 'base');
  }

  #isAtItsRow({ id, channel, offset }: IndexedPosition): boolean {
    const row = this.#positionOf.get([id]);
    return row !== undefined && integerOf(row, 'channel') === channel && integerOf(row, 'offset') === offset;
  }
}

/** An entry's place as the index has it. */
interface IndexedPosition {
  readonly id: number;
  readonly channel: number;
  readonly offset: number;
}

function indexedPosition(row: SqlRow): IndexedPosition {
  return { id: integerOf(row, 'id'), channel: integerOf(row, 'channel'), offset: integerOf(row, 'offset') };
}

/** Whether `second` may follow at once. */
function isInOrder(first: IndexedPosition, second: IndexedPosition): boolean {
  return second.channel === first.channel ? second.offset === first.offset + 1 : second.channel > first.channel;
}

function brokenIndex(key: ChannelKey): StorageError {
  return new StorageError('corrupt', `${key}: the index of its log is damaged; restore the store from a backup`);
}

/** @throws StorageError `corrupt` */
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
