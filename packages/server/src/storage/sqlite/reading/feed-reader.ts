// Rows of all channels in the order of commits.

import type { LaneRow } from '../../../channel/lane.js';
import { ServerError } from '../../../errors.js';
import { type ChannelName, channelOfName } from '../../channel-name.js';
import { epochOf } from '../../epoch.js';
import { changeFrom } from '../change-text.js';
import { type DamageListener, readAround } from '../damage.js';
import type { SqlDatabase, SqlStatement } from '../driver/sql-database.js';
import { CHANNEL_COLUMNS, storedFrom } from '../tables/channel-table.js';
import type { EntryTable } from '../tables/entry-table.js';
import type { RowNames } from '../tables/row-names.js';
import { entriesFrom, type FlatEntries, flattenEntry } from './page-frames.js';

/** A read ends with the row that exceeds this, or this time: commits and pages wait no longer for it. */
const MAX_BODY_BYTES = 1_048_576;
const MAX_READ_MS = 5;
/** Rows looked for at a time. */
const SLICE_ROWS = 64;

export interface FeedRowFrame {
  readonly seq: number;
  readonly stamp: number;
  readonly channel: ChannelName;
  readonly life: number;
  /** One; none of a row that has no offset, or whose content was removed. */
  readonly entry: FlatEntries;
  /** As the row has it. */
  readonly change: string | undefined;
}

export interface FeedFrame {
  readonly rows: readonly FeedRowFrame[];
  readonly through: number;
}

type RowChannel = ReturnType<typeof storedFrom>;

export class FeedReader {
  readonly #entries: EntryTable;
  readonly #names: RowNames;
  readonly #channel: SqlStatement;
  readonly #onDamage: DamageListener;

  constructor(database: SqlDatabase, entries: EntryTable, names: RowNames, onDamage: DamageListener) {
    this.#entries = entries;
    this.#names = names;
    this.#onDamage = onDamage;
    this.#channel = database.prepare(`SELECT ${CHANNEL_COLUMNS} FROM channel WHERE id = ?`);
  }

  /**
   * Up to `limit` rows after `after`. One that cannot be read is reported, and left out.
   * @param newest  the number of the newest row that is committed
   */
  read(after: number, limit: number, newest: number): FeedFrame {
    const end = performance.now() + MAX_READ_MS;
    const rows: FeedRowFrame[] = [];
    const channels = new Map<number, RowChannel>();
    let through = after;
    let bytes = 0;
    let seen = 0;
    while (through < newest && seen < limit) {
      const slice = this.#entries.keysAfter(through, Math.min(SLICE_ROWS, limit - seen));
      for (const { seq } of slice.keys) {
        if (seq > newest) break;
        bytes += readAround(`row ${seq}`, this.#onDamage, () => this.#addRow(seq, channels, rows)) ?? 0;
        through = seq;
        seen += 1;
        if (bytes > MAX_BODY_BYTES || performance.now() >= end) return { rows, through };
      }
      through = Math.min(slice.through, newest);
    }
    return { rows, through };
  }

  /** @returns bytes of its body; 0 for a row whose content was removed, which is left out unless it changed rights */
  #addRow(seq: number, channels: Map<number, RowChannel>, rows: FeedRowFrame[]): number {
    const row = this.#entries.read(seq);
    if (row === undefined || (row.removed !== undefined && row.change === undefined)) return 0;
    let channel = channels.get(row.channel);
    if (channel === undefined) {
      channel = this.#channelOf(row.channel);
      channels.set(row.channel, channel);
    }
    const entry: FlatEntries = [];
    if (row.offset !== 0 && row.removed === undefined) flattenEntry(channel, row, this.#names, entry);
    rows.push({ seq, stamp: row.stamp, channel: channel.key, life: channel.life, entry, change: row.change });
    return Buffer.byteLength(row.body);
  }

  #channelOf(number: number): RowChannel {
    const row = this.#channel.get([number]);
    if (row === undefined) throw new ServerError('corrupt', `channel ${number} is missing`);
    return storedFrom(row);
  }
}

export function feedRowFrom({ seq, stamp, channel, life, entry, change }: FeedRowFrame, era: string): LaneRow {
  const of = channelOfName(channel);
  const [only] = entriesFrom(entry, of, epochOf(era, life));
  return { seq, stamp, channel: of, entry: only, change: change === undefined ? undefined : changeFrom(change) };
}
