// What a log has at consecutive offsets: entries, and gaps where entries were.

import type { Entry, RemovalReason } from './entry.js';

/** Why offsets of a log have no content any more, or none that can be read. */
export type LogGapReason = RemovalReason | 'unreadable';

/** Stands in the place of entries; both offsets are its own. */
export interface LogGap {
  readonly from: number;
  readonly to: number;
  readonly reason: LogGapReason;
}

export type LogItem = Entry | LogGap;

export function isGap(item: LogItem): item is LogGap {
  return (item as Partial<LogGap>).reason !== undefined;
}

/** Adds an offset without content behind the gaps, as a part of the last one where it continues that. */
export function addGap(gaps: LogGap[], from: number, to: number, reason: LogGapReason): void {
  const last = gaps.at(-1);
  if (last?.to === from - 1 && last.reason === reason) gaps[gaps.length - 1] = { from: last.from, to, reason };
  else gaps.push({ from, to, reason });
}

/** Entries and gaps, both ascending, as one ascending list. */
export function mergeItems(entries: readonly Entry[], gaps: readonly LogGap[]): readonly LogItem[] {
  if (gaps.length === 0) return entries;
  const items: LogItem[] = [];
  let next = 0;
  for (const gap of gaps) {
    while (next < entries.length && entries[next]!.offset < gap.from) items.push(entries[next++]!);
    items.push(gap);
  }
  while (next < entries.length) items.push(entries[next++]!);
  return items;
}

/** What of ascending items lies within two offsets, both included. */
export function clipItems(items: readonly LogItem[], from: number, to: number): readonly LogItem[] {
  const clipped: LogItem[] = [];
  for (const item of items) {
    if (!isGap(item)) {
      if (item.offset >= from && item.offset <= to) clipped.push(item);
    } else if (item.to >= from && item.from <= to) {
      clipped.push({ from: Math.max(item.from, from), to: Math.min(item.to, to), reason: item.reason });
    }
  }
  return clipped;
}
