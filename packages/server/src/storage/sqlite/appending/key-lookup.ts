// Whether an entry was stored before: first the window of keys, then, if the client says since when, the log.

import { MAX_BATCH_ENTRIES } from '../../append-check.js';
import { epochOf } from '../../epoch.js';
import type { AppendRequest } from '../../message-log.js';
import { isDamage } from '../damage.js';
import { integerOf, newestNumber, type SqlDatabase, type SqlRow, type SqlStatement } from '../driver/sql-database.js';
import type { ChannelState } from '../tables/channel-state.js';
import { decodeEntryRow, ENTRY_COLUMNS, type EntryRow } from '../tables/entry-row.js';
import { KeyWindow } from './key-window.js';

const REBUILD_SLICE_ROWS = 4_096;

export class KeyLookup {
  readonly #window: KeyWindow;
  readonly #era: string;
  readonly #byRow: SqlStatement;
  readonly #inLog: SqlStatement;
  readonly #firstAfter: SqlStatement;
  /** How many keys the open transaction has added. */
  #added = 0;

  constructor(database: SqlDatabase, era: string, capacity: number) {
    this.#era = era;
    this.#window = new KeyWindow(capacity, MAX_BATCH_ENTRIES);
    this.#byRow = database.prepare(`SELECT ${ENTRY_COLUMNS} FROM entry WHERE id = ?`);
    this.#inLog = database.prepare(
      `SELECT ${ENTRY_COLUMNS} FROM entry WHERE channel = ? AND offset > ? AND sender = ? AND key = ? AND id < ? ORDER BY offset LIMIT 1`,
    );
    this.#firstAfter = database.prepare(
      'SELECT id FROM entry WHERE channel = ? AND offset > ? ORDER BY offset LIMIT 1',
    );
    this.#rebuild(database, capacity);
  }

  /** The first attempt's row. */
  find(state: ChannelState, sender: number, key: string, since: AppendRequest['since']): EntryRow | undefined {
    const hash = this.#window.hash(sender, state.number, key);
    let found: EntryRow | undefined;
    const isMatch = (id: number): boolean => {
      const columns = this.#byRow.get([id]);
      if (columns === undefined) return false;
      const row = decodeEntryRow(columns);
      if (row.channel !== state.number || row.sender !== sender || row.content.key !== key) return false;
      found = row;
      return true;
    };
    if (this.#window.find(hash, isMatch) !== undefined) return found;
    return since === undefined ? undefined : this.#searchLog(state, sender, key, since);
  }

  /** For the row just inserted; inside a transaction. */
  add(state: ChannelState, sender: number, key: string, row: number): void {
    const { low, high } = this.#window.hash(sender, state.number, key);
    this.#window.add(low, high, row);
    this.#added += 1;
  }

  commit(): void {
    this.#window.commit();
    this.#added = 0;
  }

  rollback(): void {
    this.#window.dropNewest(this.#added);
    this.#added = 0;
  }

  #searchLog(
    state: ChannelState,
    sender: number,
    key: string,
    since: NonNullable<AppendRequest['since']>,
  ): EntryRow | undefined {
    // A position of another life says nothing about this one: all of it is searched.
    const after = since.epoch === epochOf(this.#era, state.life) ? since.offset : state.base;
    if (after >= state.head) return undefined;
    const first = this.#firstAfter.get([state.number, after]);
    // Everything after `since` is newer than the oldest key in the window, which did not know the key.
    if (first !== undefined && integerOf(first, 'id') >= this.#window.floor) return undefined;
    const columns = this.#inLog.get([state.number, after, sender, Buffer.from(key), this.#window.floor]);
    return columns === undefined ? undefined : decodeEntryRow(columns);
  }

  /**
   * The keys of the newest `capacity` entries: row numbers are consecutive but for what was erased. Not further back until
   * the window is full of keys: where few entries have one, that would read the whole table at each start.
   */
  #rebuild(database: SqlDatabase, capacity: number): void {
    const newest = newestNumber(database.prepare('SELECT max(id) AS id FROM entry'));
    const first = Math.max(newest - capacity + 1, 1);
    this.#window.raiseFloor(first);
    const slice = database.prepare(
      'SELECT id, channel, sender, key FROM entry WHERE id BETWEEN ? AND ? AND key IS NOT NULL ORDER BY id',
    );
    for (let start = first; start <= newest; start += REBUILD_SLICE_ROWS) {
      this.#rememberAll(slice, start, Math.min(start + REBUILD_SLICE_ROWS - 1, newest));
    }
  }

  /** A row that cannot be read has no key; it must not keep the store from opening. */
  #rememberAll(slice: SqlStatement, first: number, last: number): void {
    try {
      for (const row of slice.all([first, last])) this.#remember(row);
    } catch (error) {
      if (!isDamage(error)) throw error;
      for (let id = first; first < last && id <= last; id += 1) this.#rememberAll(slice, id, id);
    }
  }

  #remember({ id, channel, sender, key }: SqlRow): void {
    if (!(key instanceof Uint8Array)) return;
    if (typeof id !== 'number' || typeof channel !== 'number' || typeof sender !== 'number') return;
    const text = Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('utf8');
    const { low, high } = this.#window.hash(sender, channel, text);
    this.#window.add(low, high, id);
  }
}
