// Whether an entry was stored before: first the window of keys, then, if the client says since when, the log.

import { MAX_BATCH_ENTRIES } from '../../append-check.js';
import { epochOf } from '../../epoch.js';
import type { AppendRequest } from '../../message-log.js';
import { type ChannelLog, expectReadable } from '../places/channel-log.js';
import type { ChannelState } from '../tables/channel-state.js';
import type { EntryRow } from '../tables/entry-row.js';
import type { EntryTable, RowKey } from '../tables/entry-table.js';
import { KeyWindow } from './key-window.js';

const SEARCH_SLICE_ROWS = 200;

interface KeyLookupParts {
  readonly window: KeyWindow;
  readonly era: string;
  readonly entries: EntryTable;
  readonly log: ChannelLog;
}

export class KeyLookup {
  readonly #window: KeyWindow;
  readonly #era: string;
  readonly #entries: EntryTable;
  readonly #log: ChannelLog;
  /** How many keys the open transaction has added. */
  #added = 0;

  constructor(parts: KeyLookupParts) {
    this.#window = parts.window;
    this.#era = parts.era;
    this.#entries = parts.entries;
    this.#log = parts.log;
  }

  /** The first attempt's row. */
  find(state: ChannelState, sender: number, key: string, since: AppendRequest['since']): EntryRow | undefined {
    const hash = this.#window.hash(sender, state.number, key);
    let found: EntryRow | undefined;
    const isMatch = (seq: number): boolean => {
      const row = this.#entries.read(seq);
      if (row?.channel !== state.number || row.sender !== sender || row.key !== key) return false;
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
    // What the open transaction has appended is in the window.
    const head = this.#log.end(state)?.offset ?? 0;
    for (let first = Math.max(after, state.base) + 1; first <= head; first += SEARCH_SLICE_ROWS) {
      // From here on everything is newer than the oldest key in the window, which did not know the key.
      const seq = this.#log.seqAt(state.number, first);
      if (seq !== undefined && seq >= this.#window.floor) return undefined;
      const last = Math.min(first + SEARCH_SLICE_ROWS - 1, head);
      for (const found of this.#log.rows(state.number, first, last)) {
        // One that cannot be read may be the one.
        const row = expectReadable(state.key, found);
        if (row.sender === sender && row.key === key) return row;
      }
    }
    return undefined;
  }
}

/** A window for the keys of the newest `capacity` entries. They are shown to `rememberKey` at a start. */
export function openKeyWindow(capacity: number): KeyWindow {
  return new KeyWindow(capacity, MAX_BATCH_ENTRIES);
}

/** A row that cannot be read has no key. */
export function rememberKey(window: KeyWindow, { seq, channel, sender, key }: RowKey): void {
  if (key === undefined) return;
  const { low, high } = window.hash(sender, channel, key);
  window.add(low, high, seq);
}
