// Pages of a log, every row verified: its checksum, its place, and that nothing is missing before it.

import { ServerError } from '../../../errors.js';
import type { Named } from '../../channel-name.js';
import type { PageRequest } from '../../message-log.js';
import { type DamageListener, readAround } from '../damage.js';
import { integerOf, type SqlDatabase, SqlFailure, type SqlRow, type SqlStatement } from '../driver/sql-database.js';
import type { ChannelState } from '../tables/channel-state.js';
import { decodeEntryRow, ENTRY_COLUMNS, type EntryRow } from '../tables/entry-row.js';
import { type FlatEntries, flattenEntry, headFrameOf, type PageFrame } from './page-frames.js';

/** Rows are read in pieces, so that a page of large bodies does not read 200 of them to keep four. */
const FIRST_PIECE_ROWS = 16;

interface Cut {
  /** In the order asked: ascending for `after`, descending for `before`. */
  readonly rows: EntryRow[];
  readonly bytes: number;
}

export class PageReader {
  readonly #after: SqlStatement;
  readonly #before: SqlStatement;

  constructor(database: SqlDatabase) {
    const select = `SELECT ${ENTRY_COLUMNS} FROM entry WHERE channel = ?`;
    this.#after = database.prepare(`${select} AND offset > ? ORDER BY offset LIMIT ?`);
    this.#before = database.prepare(`${select} AND offset < ? ORDER BY offset DESC LIMIT ?`);
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
    const { rows } = this.#readRows(state, request, first, step, wanted);
    const more = rows.length < available;
    if (!isAfter) rows.reverse();
    const entries: FlatEntries = [];
    for (const row of rows) flattenEntry(state, row, entries);
    return { ...headFrameOf(request.channel, state), entries, more };
  }

  /** The first entry above `offset` that can be read; undefined where none can. Reports those it skips. */
  readableAfter(state: ChannelState, offset: number, onDamage: DamageListener): EntryRow | undefined {
    const one = { maxBytes: Number.MAX_SAFE_INTEGER };
    for (let next = Math.max(offset, state.base) + 1; next <= state.head; next += 1) {
      const row = readAround(state.key, onDamage, () => this.#readRows(state, one, next, 1, 1).rows[0]);
      if (row !== undefined) return row;
    }
    return undefined;
  }

  #readRows(
    state: ChannelState,
    request: Pick<Named<PageRequest>, 'maxBytes'>,
    first: number,
    step: 1 | -1,
    wanted: number,
  ): Cut {
    const rows: EntryRow[] = [];
    let bytes = 0;
    while (rows.length < wanted) {
      const next = first + step * rows.length;
      const piece = this.#readPiece(state, step, next, pieceRows(rows.length, bytes, wanted, request.maxBytes));
      for (const columns of piece.rows) {
        const expected = first + step * rows.length;
        const row = rowAt(state, columns, expected, rows.length > 0);
        if (row === undefined) return { rows, bytes };
        bytes += Buffer.byteLength(row.content.body);
        if (rows.length > 0 && bytes > request.maxBytes) return { rows, bytes };
        rows.push(row);
      }
      if (piece.isWhole) continue;
      if (rows.length > 0) return { rows, bytes };
      throw unreadable(state, next, piece.reason);
    }
    return { rows, bytes };
  }

  /** Rows from `next` on. Not whole: fewer than there should be, or SQLite itself could not read on. */
  #readPiece(
    state: ChannelState,
    step: 1 | -1,
    next: number,
    count: number,
  ): { readonly rows: SqlRow[]; readonly isWhole: boolean; readonly reason: unknown } {
    const statement = step === 1 ? this.#after : this.#before;
    try {
      const rows = statement.all([state.number, next - step, count]);
      return { rows, isWhole: rows.length === count, reason: 'it is missing' };
    } catch (error) {
      if (!(error instanceof SqlFailure) || error.kind !== 'corrupt') throw error;
      // Somewhere among these rows: take them one at a time, up to the one that cannot be read.
      if (count === 1) return { rows: [], isWhole: false, reason: error };
      const { rows, reason } = this.#readPiece(state, step, next, 1);
      return { rows, isWhole: rows.length === 1, reason };
    }
  }
}

function pieceRows(have: number, bytes: number, wanted: number, maxBytes: number): number {
  if (have === 0) return Math.min(FIRST_PIECE_ROWS, wanted);
  const averageBytes = Math.max(bytes / have, 1);
  const fitting = Math.ceil((maxBytes - bytes) / averageBytes) + 1;
  return Math.max(1, Math.min(wanted - have, fitting));
}

/** Undefined: unreadable, and there are readable ones before it. */
function rowAt(state: ChannelState, columns: SqlRow, expected: number, hasEarlier: boolean): EntryRow | undefined {
  let reason: unknown;
  try {
    const row = decodeEntryRow(columns);
    if (row.channel === state.number && row.offset === expected) return row;
    reason = `offset ${integerOf(columns, 'offset')} stands in its place`;
  } catch (error) {
    if (!(error instanceof SqlFailure)) throw error;
    reason = error;
  }
  if (hasEarlier) return undefined;
  throw unreadable(state, expected, reason);
}

function unreadable(state: ChannelState, offset: number, reason: unknown): ServerError {
  const why = reason instanceof Error ? reason.message : String(reason);
  return new ServerError('corrupt', `${state.key}, offset ${offset} cannot be read: ${why}`, {
    cause: reason,
    offset,
  });
}
