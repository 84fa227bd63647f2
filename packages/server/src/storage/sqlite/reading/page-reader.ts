// Pages of a log, every row verified: its checksum, its place, and that nothing is missing before it. What has no content
// any more, or none that can be read, is a gap.

import { addGap, type LogGap } from '../../../channel/log-item.js';
import type { Named } from '../../channel-name.js';
import type { PageRequest } from '../../message-log.js';
import { type DamageListener, damageAt, isDamage, readAround } from '../damage.js';
import { type ChannelLog, expectReadable, UnreadableEntry } from '../places/channel-log.js';
import type { ChannelState } from '../tables/channel-state.js';
import type { EntryRow } from '../tables/entry-row.js';
import type { RowNames } from '../tables/row-names.js';
import { type FlatEntries, flattenEntry, headFrameOf, type PageFrame } from './page-frames.js';

/** Rows are read in pieces, so that a page of large bodies does not read 200 of them to keep four. */
const FIRST_PIECE_ROWS = 16;

type StoredRow = EntryRow | UnreadableEntry;

export class PageReader {
  readonly #log: ChannelLog;
  readonly #names: RowNames;
  readonly #onDamage: DamageListener;

  /** @param onDamage called for each entry that cannot be read, each time */
  constructor(log: ChannelLog, names: RowNames, onDamage: DamageListener) {
    this.#log = log;
    this.#names = names;
    this.#onDamage = onDamage;
  }

  /** One page of a channel. */
  read(state: ChannelState, request: Named<PageRequest>): PageFrame {
    const { base, head } = state;
    const isAfter = request.direction === 'after';
    const step = isAfter ? 1 : -1;
    const first = isAfter ? Math.max(request.offset, base) + 1 : Math.min(request.offset - 1, head);
    const available = Math.max(isAfter ? head - first + 1 : first - base, 0);
    const rows = this.#readRows(state, request, first, step, Math.min(request.limit, available));
    const more = rows.length < available;
    if (!isAfter) rows.reverse();
    const entries: FlatEntries = [];
    const gaps: LogGap[] = [];
    const removed = removedPart(request, base, { isComplete: !more });
    if (removed !== undefined) gaps.push(removed);
    let offset = isAfter ? first : first - rows.length + 1;
    for (const row of rows) {
      this.#addRow(state, row, offset, entries, gaps);
      offset += 1;
    }
    return { ...headFrameOf(request.channel, state), entries, gaps, more };
  }

  #addRow(state: ChannelState, row: StoredRow, offset: number, entries: FlatEntries, gaps: LogGap[]): void {
    try {
      const readable = expectReadable(state.key, row);
      if (readable.removed === undefined) flattenEntry(state, readable, this.#names, entries);
      else addGap(gaps, offset, offset, readable.removed);
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#onDamage(damageAt(state.key, error));
      addGap(gaps, offset, offset, 'unreadable');
    }
  }

  /** @throws ServerError `corrupt` with its offset */
  newestRow({ key, number, head, lastRow }: ChannelState): EntryRow {
    return expectReadable(key, this.#log.row(number, { offset: head, seq: lastRow }));
  }

  /** The first entry above `offset` that can be read; undefined where none can. Reports those it skips. */
  readableAfter(state: ChannelState, offset: number, onDamage: DamageListener): EntryRow | undefined {
    for (let next = Math.max(offset, state.base) + 1; next <= state.head; next += 1) {
      const row = readAround(state.key, onDamage, () => {
        const [found] = this.#log.rows(state.number, next, next);
        return expectReadable(state.key, found!);
      });
      if (row !== undefined) return row;
    }
    return undefined;
  }

  /** In the order asked: ascending for a step of 1, descending for −1. */
  #readRows(
    state: ChannelState,
    request: Pick<Named<PageRequest>, 'maxBytes'>,
    first: number,
    step: 1 | -1,
    wanted: number,
  ): StoredRow[] {
    const rows: StoredRow[] = [];
    let bytes = 0;
    while (rows.length < wanted) {
      const next = first + step * rows.length;
      const last = next + step * (pieceRows(rows.length, bytes, wanted, request.maxBytes) - 1);
      const piece = this.#log.rows(state.number, Math.min(next, last), Math.max(next, last));
      if (step === -1) piece.reverse();
      for (const row of piece) {
        bytes += row instanceof UnreadableEntry ? 0 : Buffer.byteLength(row.body);
        if (rows.length > 0 && bytes > request.maxBytes) return rows;
        rows.push(row);
      }
    }
    return rows;
  }
}

/** What of a page lies below `base`. A page before an offset has it once it reaches so far down. */
function removedPart(
  { direction, offset }: Pick<PageRequest, 'direction' | 'offset'>,
  base: number,
  { isComplete }: { readonly isComplete: boolean },
): LogGap | undefined {
  const from = direction === 'after' ? Math.max(offset, 0) + 1 : 1;
  const to = direction === 'after' ? base : Math.min(base, offset - 1);
  if (from > to || (direction === 'before' && !isComplete)) return undefined;
  return { from, to, reason: 'expired' };
}

function pieceRows(have: number, bytes: number, wanted: number, maxBytes: number): number {
  if (have === 0) return Math.min(FIRST_PIECE_ROWS, wanted);
  const averageBytes = Math.max(bytes / have, 1);
  const fitting = Math.ceil((maxBytes - bytes) / averageBytes) + 1;
  return Math.max(1, Math.min(wanted - have, fitting));
}
