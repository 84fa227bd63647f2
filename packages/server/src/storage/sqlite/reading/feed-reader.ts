// Rows of all channels in the order of commits.

import type { LaneRow } from '../../../channel/lane.js';
import { ServerError } from '../../../errors.js';
import { type ChannelName, channelOfName } from '../../channel-name.js';
import { epochOf } from '../../epoch.js';
import { type DamageListener, readAround } from '../damage.js';
import { integerOf, type SqlDatabase, type SqlStatement, textOf } from '../driver/sql-database.js';
import { verifyChannelRow } from '../tables/channel-table.js';
import type { EntryTable } from '../tables/entry-table.js';
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
  /** One. */
  readonly entry: FlatEntries;
}

export interface FeedFrame {
  readonly rows: readonly FeedRowFrame[];
  readonly through: number;
}

interface RowChannel {
  readonly key: ChannelName;
  readonly life: number;
  readonly lowUser: number;
  readonly highUser: number;
}

export class FeedReader {
  readonly #entries: EntryTable;
  readonly #channel: SqlStatement;
  readonly #onDamage: DamageListener;

  constructor(database: SqlDatabase, entries: EntryTable, onDamage: DamageListener) {
    this.#entries = entries;
    this.#onDamage = onDamage;
    this.#channel = database.prepare(
      'SELECT id, name, kind, life, base, low_user, high_user, created_at, crc FROM channel WHERE id = ?',
    );
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

  /** @returns bytes of its body; 0 for a row whose content was removed, which is left out */
  #addRow(seq: number, channels: Map<number, RowChannel>, rows: FeedRowFrame[]): number {
    const row = this.#entries.read(seq);
    if (row === undefined || row.removed !== undefined) return 0;
    let channel = channels.get(row.channel);
    if (channel === undefined) {
      channel = this.#channelOf(row.channel);
      channels.set(row.channel, channel);
    }
    const entry: FlatEntries = [];
    flattenEntry(channel, row, entry);
    rows.push({ seq, stamp: row.stamp, channel: channel.key, life: channel.life, entry });
    return Buffer.byteLength(row.body);
  }

  #channelOf(number: number): RowChannel {
    const row = this.#channel.get([number]);
    if (row === undefined) throw new ServerError('corrupt', `channel ${number} is missing`);
    verifyChannelRow(row);
    return {
      key: textOf(row, 'name') as ChannelName,
      life: integerOf(row, 'life'),
      lowUser: integerOf(row, 'low_user'),
      highUser: integerOf(row, 'high_user'),
    };
  }
}

export function feedRowFrom({ seq, stamp, channel, life, entry }: FeedRowFrame, era: string): LaneRow {
  const of = channelOfName(channel);
  const [only] = entriesFrom(entry, of, epochOf(era, life));
  return { seq, stamp, channel: of, entry: only!, change: undefined };
}
