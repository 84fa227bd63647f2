// The log of a channel, searched for the key of one author, a few entries at a time.

import { type ChannelLog, expectReadable } from '../places/channel-log.js';
import type { ChannelState } from '../tables/channel-state.js';
import { authorOf, type EntryRow } from '../tables/entry-row.js';
import type { Author } from '../tables/row-names.js';

export interface SearchedPart {
  /** Up to here the log does not have the key. */
  readonly after: number;
  readonly until: number;
}

export interface SliceSearch extends SearchedPart, Author {
  readonly key: string;
}

const CHUNK_ROWS = 20;
const MAX_CHUNKS = 10;
/** Entries may have 64 KiB each, so that a number of them says little. */
const SLICE_MS = 2;

/**
 * One slice of the log after `after`, at most up to `until`. A channel that is not known has nothing.
 * @param author  who searches, as `authorOf` numbers them; undefined: never seen
 * @throws ServerError `corrupt`
 */
export function searchIn(
  log: ChannelLog,
  state: ChannelState | undefined,
  search: SliceSearch,
  author: number | undefined,
): SearchedPart {
  const { key, until } = search;
  if (state === undefined || author === undefined) return { after: until, until };
  const end = performance.now() + SLICE_MS;
  let { after } = search;
  for (let chunk = 0; chunk < MAX_CHUNKS && after < until; chunk += 1) {
    const last = Math.min(after + CHUNK_ROWS, until);
    const found = findKey(log, state, { author, key }, after + 1, last);
    // The commit that appends finds it there.
    if (found !== undefined) return { after: found.offset - 1, until: found.offset - 1 };
    after = last;
    if (performance.now() > end) break;
  }
  return { after, until };
}

/** @throws ServerError `corrupt`: an entry that cannot be read may be the one */
export function findKey(
  log: ChannelLog,
  state: ChannelState,
  { author, key }: { readonly author: number; readonly key: string },
  first: number,
  last: number,
): EntryRow | undefined {
  for (const found of log.rows(state.number, first, last)) {
    const row = expectReadable(state.key, found);
    if (authorOf(row) === author && row.key === key) return row;
  }
  return undefined;
}
