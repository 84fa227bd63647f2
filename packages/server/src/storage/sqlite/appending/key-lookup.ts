// Whether an entry was stored before: first the window of keys, then, if the client says since when, the log.

import type { Position } from '@longwire/protocol';
import { MAX_BATCH_ENTRIES } from '../../append-check.js';
import { epochOf } from '../../epoch.js';
import type { ChannelLog } from '../places/channel-log.js';
import { findKey, type SearchedPart } from '../reading/key-search.js';
import type { ChannelState } from '../tables/channel-state.js';
import { authorOf, type EntryRow } from '../tables/entry-row.js';
import type { EntryTable, RowKey } from '../tables/entry-table.js';
import { KeyWindow } from './key-window.js';

/** Rows after `since` that a commit searches. What was before them is searched outside of it. */
const COMMIT_SEARCH_ROWS = 64;

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

  /** The first attempt's row. Authors are numbered as by `authorOf`. */
  find(state: ChannelState, author: number, key: string, since: undefined): EntryRow | undefined;
  /** Also in the log after `since`; `unsearched` if that is long. */
  find(
    state: ChannelState,
    author: number,
    key: string,
    since: Position | undefined,
  ): EntryRow | 'unsearched' | undefined;
  find(
    state: ChannelState,
    author: number,
    key: string,
    since: Position | undefined,
  ): EntryRow | 'unsearched' | undefined {
    const hash = this.#window.hash(author, state.number, key);
    let found: EntryRow | undefined;
    const isMatch = (seq: number): boolean => {
      const row = this.#entries.read(seq);
      if (row?.channel !== state.number || authorOf(row) !== author || row.key !== key) return false;
      found = row;
      return true;
    };
    if (this.#window.find(hash, isMatch) !== undefined) return found;
    return since === undefined ? undefined : this.#searchLog(state, author, key, since);
  }

  /** For the row just inserted; inside a transaction. */
  add(state: ChannelState, author: number, key: string, row: number): void {
    const { low, high } = this.#window.hash(author, state.number, key);
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

  /**
   * The part of the log in which the first attempt may be, and which the window does not cover: up to `until`, an offset.
   * Empty if the window knows the key.
   */
  searchRange(state: ChannelState, author: number, key: string, since: Position): SearchedPart {
    const after = this.#start(state, since);
    if (this.find(state, author, key, undefined) !== undefined) return { after, until: after };
    // The first offset above `low` that the window covers is at most `high`.
    let low = after;
    let high = (this.#log.end(state)?.offset ?? 0) + 1;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if ((this.#log.seqAt(state.number, middle) ?? 0) >= this.#window.floor) high = middle;
      else low = middle;
    }
    return { after, until: Math.max(after, high - 1) };
  }

  #searchLog(state: ChannelState, author: number, key: string, since: Position): EntryRow | 'unsearched' | undefined {
    const after = this.#start(state, since);
    // What the open transaction has appended is in the window.
    const head = this.#log.end(state)?.offset ?? 0;
    // From here on everything is newer than the oldest key in the window, which did not know the key.
    const isCovered = (offset: number) => (this.#log.seqAt(state.number, offset) ?? 0) >= this.#window.floor;
    if (after >= head || isCovered(after + 1)) return undefined;
    const last = Math.min(after + COMMIT_SEARCH_ROWS, head);
    const found = findKey(this.#log, state, { author, key }, after + 1, last);
    if (found !== undefined || last === head || isCovered(last + 1)) return found;
    return 'unsearched';
  }

  /** A position of another life says nothing about this one: all of it is searched. */
  #start(state: ChannelState, since: Position): number {
    return Math.max(since.epoch === epochOf(this.#era, state.life) ? since.offset : 0, state.base);
  }
}

/** A window for the keys of the newest `capacity` entries. They are shown to `rememberKey` at a start. */
export function openKeyWindow(capacity: number): KeyWindow {
  return new KeyWindow(capacity, MAX_BATCH_ENTRIES);
}

/** A row that cannot be read has no key. */
export function rememberKey(window: KeyWindow, row: RowKey): void {
  if (row.key === undefined) return;
  const { low, high } = window.hash(authorOf(row), row.channel, row.key);
  window.add(low, high, row.seq);
}
