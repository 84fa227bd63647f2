// What the writer keeps in memory of one channel in use, and how it is read: from the log's newest entry, or from the ones
// before it where that one cannot be read.

import { ServerError } from '../../../errors.js';
import type { ChannelName, DirectPair } from '../../channel-name.js';
import { isDamage } from '../damage.js';
import { integerOf, type SqlDatabase, type SqlRow, type SqlStatement } from '../driver/sql-database.js';
import { decodeEntryRow, ENTRY_COLUMNS, type EntryRow } from './entry-row.js';

/** Numbers stand for users and channels as in the tables. Changed by appends; dropped, not repaired, after a rollback. */
export interface ChannelState {
  readonly number: number;
  readonly key: ChannelName;
  readonly pair: DirectPair;
  readonly lowUser: number;
  readonly highUser: number;
  readonly life: number;
  readonly base: number;
  head: number;
  messages: number;
  /** `message` entries of the pair's first user; the rest is the second one's. In a channel with oneself: all. */
  lowMessages: number;
  lastAt: number;
  /** Row number of the newest entry: ascending over all channels. */
  lastRow: number;
}

/** How many `message` entries the pair's first user has, from any row of the channel. */
export function lowMessagesAt(
  state: Pick<ChannelState, 'lowUser'>,
  row: { readonly sender: number; readonly messages: number; readonly senderMessages: number },
): number {
  return row.sender === state.lowUser ? row.senderMessages : row.messages - row.senderMessages;
}

export type ChannelEnd = Pick<ChannelState, 'head' | 'messages' | 'lowMessages' | 'lastAt' | 'lastRow'>;

/** Whose end is looked for. */
export type ChannelFacts = Pick<ChannelState, 'number' | 'key' | 'base' | 'lowUser' | 'highUser'>;

export class ChannelEnds {
  readonly #lastEntry: SqlStatement;
  readonly #entryAt: SqlStatement;
  readonly #lastPositions: SqlStatement;
  readonly #nextPositions: SqlStatement;
  readonly #positionOf: SqlStatement;
  readonly #baseOf: SqlStatement;

  constructor(database: SqlDatabase) {
    this.#lastEntry = database.prepare(
      `SELECT id, ${ENTRY_COLUMNS} FROM entry WHERE channel = ? ORDER BY offset DESC LIMIT 1`,
    );
    this.#entryAt = database.prepare(`SELECT ${ENTRY_COLUMNS} FROM entry WHERE channel = ? AND offset = ?`);
    this.#lastPositions = database.prepare(
      'SELECT id, offset FROM entry WHERE channel = ? ORDER BY offset DESC LIMIT 2',
    );
    this.#nextPositions = database.prepare(
      'SELECT id, channel, offset FROM entry INDEXED BY entry_position WHERE channel > ? ORDER BY channel, offset LIMIT 2',
    );
    this.#positionOf = database.prepare('SELECT channel, offset FROM entry WHERE id = ?');
    this.#baseOf = database.prepare('SELECT base FROM channel WHERE id = ?');
  }

  /** @throws ServerError `corrupt`: the index does not say where the log ends */
  of(channel: ChannelFacts): ChannelEnd {
    const columns = unlessDamaged(() => this.#lastEntry.get([channel.number]));
    const last = columns && unlessDamaged(() => decodeEntryRow(columns));
    if (columns === undefined || last?.channel !== channel.number) return this.#endBefore(channel);
    this.#expectEndOfChannel(channel.number, channel.key);
    return {
      head: last.offset,
      messages: last.messages,
      lowMessages: lowMessagesAt(channel, last),
      lastAt: last.at,
      lastRow: integerOf(columns, 'id'),
    };
  }

  /**
   * Head and newest row of a channel from the index alone, for callers that pass over many channels once.
   * @throws ServerError `corrupt`
   */
  positionOf(number: number, base: number, key: ChannelName): { readonly head: number; readonly lastRow: number } {
    const [last, previous] = this.#lastPositions.all([number]);
    this.#expectEndOfChannel(number, key);
    const offset = last === undefined ? undefined : integerOf(last, 'offset');
    const expected = previous === undefined ? base + 1 : integerOf(previous, 'offset') + 1;
    // A channel is created together with its first entry.
    if (last === undefined || offset === undefined || offset !== expected) throw brokenIndex(key);
    return { head: offset, lastRow: integerOf(last, 'id') };
  }

  /**
   * The end of a log whose newest entry cannot be read: the index has its offset, the newest readable entry the counts.
   * Each skipped entry counts as a message of the sender its row names, if that is one of the two: a mistake makes
   * the unread count of that user wrong by one until they have read past it.
   */
  #endBefore({ number, key, base, lowUser, highUser }: ChannelFacts): ChannelEnd {
    const { head, lastRow } = this.positionOf(number, base, key);
    let passed = 0;
    let passedLow = 0;
    for (let offset = head; offset > base; offset -= 1) {
      const columns = unlessDamaged(() => this.#entryAt.get([number, offset]));
      const row = columns && unlessDamaged(() => decodeEntryRow(columns));
      if (row?.channel === number && row.offset === offset) {
        const lowMessages = lowMessagesAt({ lowUser }, row) + passedLow;
        return { head, lastRow, messages: row.messages + passed, lowMessages, lastAt: row.at };
      }
      passed += 1;
      const sender = columns?.['sender'];
      if (sender === lowUser || sender !== highUser) passedLow += 1;
    }
    // What retention removed was counted in what cannot be read.
    if (base > 0) throw new ServerError('corrupt', `${key}: none of its entries can be read`, { offset: head });
    return { head, lastRow, messages: passed, lowMessages: passedLow, lastAt: 0 };
  }

  /** Logs have no holes, so what follows a channel's last entry in the index is the first entry of another one. */
  #expectEndOfChannel(number: number, key: ChannelName): void {
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

/** Undefined also where there is nothing. */
function unlessDamaged<Value extends SqlRow | EntryRow>(read: () => Value | undefined): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (!isDamage(error)) throw error;
    return undefined;
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

function brokenIndex(key: ChannelName): ServerError {
  return new ServerError('corrupt', `${key}: the index of its log is damaged; restore the store from a backup`);
}
