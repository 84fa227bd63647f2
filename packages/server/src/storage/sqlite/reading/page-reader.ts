// Pages of a log, every row verified: its checksum, its place, and that nothing is missing before it.

import type { Named } from '../../channel-name.js';
import type { PageRequest } from '../../message-log.js';
import { type DamageListener, readAround } from '../damage.js';
import { type ChannelLog, expectReadable, UnreadableEntry } from '../places/channel-log.js';
import type { ChannelState } from '../tables/channel-state.js';
import type { EntryRow } from '../tables/entry-row.js';
import { type FlatEntries, flattenEntry, headFrameOf, type PageFrame } from './page-frames.js';

/** Rows are read in pieces, so that a page of large bodies does not read 200 of them to keep four. */
const FIRST_PIECE_ROWS = 16;

export class PageReader {
  readonly #log: ChannelLog;

  constructor(log: ChannelLog) {
    this.#log = log;
  }

  /**
   * One page of a channel. Ends before the first entry that cannot be read; starts with an error if that is the first.
   * @throws ServerError `corrupt` with the offset of that entry
   */
  read(state: ChannelState, request: Named<PageRequest>): PageFrame {
    const isAfter = request.direction === 'after';
    const step = isAfter ? 1 : -1;
    const first = isAfter ? Math.max(request.offset, state.base) + 1 : Math.min(request.offset - 1, state.head);
    const available = isAfter ? state.head - first + 1 : first - state.base;
    const wanted = Math.min(request.limit, Math.max(available, 0));
    const rows = this.#readRows(state, request, first, step, wanted);
    const more = rows.length < available;
    if (!isAfter) rows.reverse();
    const entries: FlatEntries = [];
    for (const row of rows) flattenEntry(state, row, entries);
    return { ...headFrameOf(request.channel, state), entries, more };
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
  ): EntryRow[] {
    const rows: EntryRow[] = [];
    let bytes = 0;
    while (rows.length < wanted) {
      const next = first + step * rows.length;
      const last = next + step * (pieceRows(rows.length, bytes, wanted, request.maxBytes) - 1);
      const piece = this.#log.rows(state.number, Math.min(next, last), Math.max(next, last));
      if (step === -1) piece.reverse();
      for (const row of piece) {
        if (row instanceof UnreadableEntry && rows.length > 0) return rows;
        const readable = expectReadable(state.key, row);
        bytes += Buffer.byteLength(readable.body);
        if (rows.length > 0 && bytes > request.maxBytes) return rows;
        rows.push(readable);
      }
    }
    return rows;
  }
}

function pieceRows(have: number, bytes: number, wanted: number, maxBytes: number): number {
  if (have === 0) return Math.min(FIRST_PIECE_ROWS, wanted);
  const averageBytes = Math.max(bytes / have, 1);
  const fitting = Math.ceil((maxBytes - bytes) / averageBytes) + 1;
  return Math.max(1, Math.min(wanted - have, fitting));
}
