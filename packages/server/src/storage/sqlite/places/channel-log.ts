// The log of one channel from its rows: where it ends, and what stands at each offset. Its newest places are in memory, the
// others in the table `place`.

import { ServerError } from '../../../errors.js';
import type { ChannelName } from '../../channel-name.js';
import { isDamage } from '../damage.js';
import type { SqlDatabase, SqlRow, SqlStatement } from '../driver/sql-database.js';
import type { EntryRow } from '../tables/entry-row.js';
import { type EntryTable, rowFrom } from '../tables/entry-table.js';
import type { PlacedChannel, PlaceTable } from './place-table.js';
import type { Place, RecentPlaces } from './recent-places.js';

/** Stands in the place of an entry that cannot be read. */
export class UnreadableEntry {
  readonly offset: number;
  readonly reason: unknown;

  constructor(offset: number, reason: unknown) {
    this.offset = offset;
    this.reason = reason;
  }
}

/** @throws ServerError `corrupt` with the offset of an entry that cannot be read */
export function expectReadable(key: ChannelName, row: EntryRow | UnreadableEntry): EntryRow {
  if (!(row instanceof UnreadableEntry)) return row;
  const { offset, reason } = row;
  const why = reason instanceof Error ? reason.message : String(reason);
  throw new ServerError('corrupt', `${key}, offset ${offset} cannot be read: ${why}`, { cause: reason, offset });
}

export class ChannelLog {
  readonly #entries: EntryTable;
  readonly #places: PlaceTable;
  readonly #recent: RecentPlaces;
  readonly #placed: SqlStatement;

  constructor(database: SqlDatabase, entries: EntryTable, places: PlaceTable, recent: RecentPlaces) {
    this.#entries = entries;
    this.#places = places;
    this.#recent = recent;
    this.#placed = database.prepare(
      'SELECT place.offset, place.seq, entry.crc, entry.record FROM place LEFT JOIN entry ON entry.seq = place.seq ' +
        'WHERE place.channel = ? AND place.offset BETWEEN ? AND ? ORDER BY place.offset',
    );
  }

  /**
   * The place of the newest entry; undefined if none is stored.
   * @throws ServerError `corrupt` where the places contradict each other
   */
  end(channel: PlacedChannel): Place | undefined {
    return this.#recent.last(channel.number) ?? this.#places.last(channel);
  }

  /** The row of an entry; undefined if it is not known. */
  seqAt(channel: number, offset: number): number | undefined {
    const firstRecent = this.#recent.firstOffset(channel);
    if (firstRecent !== undefined && offset >= firstRecent) return this.#recent.seqAt(channel, offset);
    return this.#places.claimedSeq(channel, offset);
  }

  /** Where the entries from `first` to `last` are, ascending; those that are lost are left out. */
  places(channel: number, first: number, last: number): Place[] {
    const firstRecent = this.#recent.firstOffset(channel) ?? Number.POSITIVE_INFINITY;
    const places = first < firstRecent ? this.#places.between(channel, first, Math.min(last, firstRecent - 1)) : [];
    for (let offset = Math.max(first, firstRecent); offset <= last; offset += 1) {
      const seq = this.#recent.seqAt(channel, offset);
      if (seq !== undefined) places.push({ offset, seq });
    }
    return places;
  }

  /**
   * The entry at a place of a channel.
   * @throws ServerError `corrupt` with its offset
   */
  readable({ number, key }: PlacedChannel, place: Place): EntryRow {
    return expectReadable(key, this.row(number, place));
  }

  /** Who wrote an entry that cannot be read, as far as its row shows; 0: unknown. */
  claimedSender(channel: number, offset: number): number {
    const seq = this.seqAt(channel, offset);
    return (seq === undefined ? undefined : this.#entries.claims(seq)?.sender) ?? 0;
  }

  /** The entry at a place of a channel. */
  row(channel: number, { offset, seq }: Place): EntryRow | UnreadableEntry {
    return this.#at(channel, offset, seq);
  }

  /** What stands at the offsets from `first` to `last`, ascending: one for each. */
  rows(channel: number, first: number, last: number): (EntryRow | UnreadableEntry)[] {
    const firstRecent = this.#recent.firstOffset(channel) ?? Number.POSITIVE_INFINITY;
    const rows = first < firstRecent ? this.#placedRows(channel, first, Math.min(last, firstRecent - 1)) : [];
    for (let offset = Math.max(first, firstRecent); offset <= last; offset += 1) {
      rows.push(this.#at(channel, offset, this.#recent.seqAt(channel, offset)));
    }
    return rows;
  }

  #placedRows(channel: number, first: number, last: number): (EntryRow | UnreadableEntry)[] {
    let found: readonly SqlRow[];
    try {
      found = this.#placed.all([channel, first, last]);
    } catch (error) {
      if (!isDamage(error)) throw error;
      if (first === last) return [new UnreadableEntry(first, error)];
      // Somewhere among these rows: each is read by itself.
      const rows: (EntryRow | UnreadableEntry)[] = [];
      for (let offset = first; offset <= last; offset += 1) rows.push(...this.#placedRows(channel, offset, offset));
      return rows;
    }
    const rows: (EntryRow | UnreadableEntry)[] = [];
    let next = 0;
    for (let offset = first; offset <= last; offset += 1) {
      // One that stands out of order was passed over.
      while (Number(found[next]?.['offset']) < offset) next += 1;
      const columns = found[next]?.['offset'] === offset ? found[next] : undefined;
      rows.push(this.#placedRow(channel, offset, columns));
    }
    return rows;
  }

  #placedRow(channel: number, offset: number, columns: SqlRow | undefined): EntryRow | UnreadableEntry {
    const seq = columns?.['seq'];
    // A row that schema version 1 wrote is in a table of its own.
    if (typeof seq !== 'number' || columns?.['record'] === null) {
      return this.#at(channel, offset, typeof seq === 'number' ? seq : undefined);
    }
    return expectAt(channel, offset, () => rowFrom(seq, columns!));
  }

  #at(channel: number, offset: number, seq: number | undefined): EntryRow | UnreadableEntry {
    return expectAt(channel, offset, () => (seq === undefined ? undefined : this.#entries.read(seq)));
  }
}

function expectAt(channel: number, offset: number, read: () => EntryRow | undefined): EntryRow | UnreadableEntry {
  try {
    const row = read();
    if (row === undefined) return new UnreadableEntry(offset, 'it is missing');
    if (row.channel === channel && row.offset === offset) return row;
    return new UnreadableEntry(offset, `offset ${row.offset} of channel ${row.channel} stands in its place`);
  } catch (error) {
    if (!isDamage(error)) throw error;
    return new UnreadableEntry(offset, error);
  }
}
