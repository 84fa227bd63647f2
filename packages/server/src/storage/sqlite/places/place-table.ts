// The table `place`: which row an entry is, by channel and offset. It is filled behind the commits, in sorted batches, and
// says itself how far (docs/decisions/0021-entries-are-records-and-their-places-are-filled-in-later.md).

import { crc32 } from 'node:zlib';
import { ServerError } from '../../../errors.js';
import type { ChannelName } from '../../channel-name.js';
import { integerOf, type SqlDatabase, type SqlRow, type SqlStatement, textOf } from '../driver/sql-database.js';
import type { EntryTable } from '../tables/entry-table.js';
import type { Place } from './recent-places.js';

/** Of a channel whose places are looked for. */
export interface PlacedChannel {
  readonly number: number;
  readonly key: ChannelName;
  readonly base: number;
}

export class PlaceTable {
  readonly #put: SqlStatement;
  readonly #delete: SqlStatement;
  readonly #first: SqlStatement;
  readonly #putMark: SqlStatement;
  readonly #mark: SqlStatement;
  readonly #newest: SqlStatement;
  readonly #around: SqlStatement;
  readonly #seqAt: SqlStatement;
  readonly #between: SqlStatement;
  readonly #baseOf: SqlStatement;
  readonly #entries: EntryTable;

  constructor(database: SqlDatabase, entries: EntryTable) {
    this.#entries = entries;
    // A place may be there already: what a crash interrupted is done again.
    this.#put = database.prepare('INSERT OR REPLACE INTO place (channel, offset, seq) VALUES (?,?,?)');
    this.#delete = database.prepare('DELETE FROM place WHERE channel = ? AND offset = ?');
    this.#first = database.prepare('SELECT min(offset) AS offset FROM place WHERE channel = ?');
    this.#putMark = database.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES ('placed', ?)");
    this.#mark = database.prepare("SELECT value FROM meta WHERE name = 'placed'");
    this.#newest = database.prepare('SELECT max(offset) AS offset FROM place WHERE channel = ?');
    // The two newest of a channel, and the two that follow them in the table.
    this.#around = database.prepare(`
      SELECT * FROM (SELECT channel, offset, seq FROM place WHERE channel = ?1 ORDER BY offset DESC LIMIT 2)
      UNION ALL
      SELECT * FROM (SELECT channel, offset, seq FROM place WHERE channel > ?1 ORDER BY channel, offset LIMIT 2)`);
    this.#seqAt = database.prepare('SELECT seq FROM place WHERE channel = ? AND offset = ?');
    this.#between = database.prepare(
      'SELECT offset, seq FROM place WHERE channel = ? AND offset BETWEEN ? AND ? ORDER BY offset',
    );
    this.#baseOf = database.prepare('SELECT base FROM channel WHERE id = ?');
  }

  put(channel: number, offset: number, seq: number): void {
    this.#put.run([channel, offset, seq]);
  }

  delete(channel: number, offset: number): void {
    this.#delete.run([channel, offset]);
  }

  /** The lowest offset of a channel that is in this table; undefined if there is none. */
  firstOffset(channel: number): number | undefined {
    const offset = this.#first.get([channel])?.['offset'];
    return typeof offset === 'number' ? offset : undefined;
  }

  /** All rows up to this one have their places in the table. Undefined: what says so is damaged. */
  placed(): number | undefined {
    const row = this.#mark.get([]);
    return row === undefined ? undefined : placedFrom(textOf(row, 'value'));
  }

  markPlaced(seq: number): void {
    this.#putMark.run([markOf(seq)]);
  }

  /** The newest offset of a channel that is in this table, as it says; its base if there is none, and 0 without one. */
  claimedLast(channel: number): number {
    const row = this.#newest.get([channel]);
    if (row !== undefined && row['offset'] !== null) return integerOf(row, 'offset');
    const base = this.#baseOf.get([channel]);
    return base === undefined ? 0 : integerOf(base, 'base');
  }

  /** What the table has of the offsets from `first` to `last`, ascending. */
  between(channel: number, first: number, last: number): Place[] {
    return this.#between.all([channel, first, last]).map((row) => {
      return { offset: integerOf(row, 'offset'), seq: integerOf(row, 'seq') };
    });
  }

  /** The row of an entry, as the table says; undefined if it is not in it. */
  claimedSeq(channel: number, offset: number): number | undefined {
    const row = this.#seqAt.get([channel, offset]);
    return row && integerOf(row, 'seq');
  }

  /**
   * The newest place of a channel in this table; undefined if it has none here.
   * @throws ServerError `corrupt` where the table contradicts itself around it
   */
  last({ number, key, base }: PlacedChannel): Place | undefined {
    const around = this.#around.all([number]).map(channelPlaceFrom);
    const [last, previous] = around.filter(({ channel }) => channel === number);
    const [next, second] = around.filter(({ channel }) => channel !== number);
    if (next !== undefined) this.#expectFirst(next, second, key);
    if (last === undefined) return undefined;
    // Of what lies below the base, some may not be deleted yet; the newest one stays.
    const isInPlace = previous === undefined ? last.offset <= base + 1 : last.offset === previous.offset + 1;
    if (!isInPlace) throw brokenPlaces(key);
    return { offset: last.offset, seq: last.seq };
  }

  /** Places have no holes, so what follows a channel's last one in the table is the first one of another channel. */
  #expectFirst(next: ChannelPlace, second: ChannelPlace | undefined, key: ChannelName): void {
    if (next.offset !== 1 && !(next.offset <= this.#baseOfChannel(next.channel) + 1)) throw brokenPlaces(key);
    // A place of this channel may pass for that first one after a flipped bit. It then stands out of order, which what
    // follows it shows; where nothing follows, its row.
    const isInPlace = second === undefined ? this.#isAtItsRow(next) : isInOrder(next, second);
    if (!isInPlace) throw brokenPlaces(key);
  }

  #baseOfChannel(number: number): number {
    const row = this.#baseOf.get([number]);
    return row === undefined ? Number.NaN : integerOf(row, 'base');
  }

  #isAtItsRow({ seq, channel, offset }: ChannelPlace): boolean {
    const claimed = this.#entries.claims(seq);
    return claimed?.channel === channel && claimed.offset === offset;
  }
}

interface ChannelPlace extends Place {
  readonly channel: number;
}

function channelPlaceFrom(row: SqlRow): ChannelPlace {
  return { channel: integerOf(row, 'channel'), offset: integerOf(row, 'offset'), seq: integerOf(row, 'seq') };
}

/** Whether `second` may follow at once. */
function isInOrder(first: ChannelPlace, second: ChannelPlace): boolean {
  return second.channel === first.channel ? second.offset === first.offset + 1 : second.channel > first.channel;
}

/** The mark with its own checksum: were it too high, entries would be missing without a trace. */
export function markOf(seq: number): string {
  return `${seq} ${crc32(String(seq))}`;
}

function placedFrom(mark: string): number | undefined {
  const seq = Number(mark.split(' ')[0]);
  return markOf(seq) === mark ? seq : undefined;
}

export function brokenPlaces(key: ChannelName): ServerError {
  return new ServerError('corrupt', `${key}: the index of its log is damaged; restore the store from a backup`);
}
