// Entries on their way from the worker: flat lists, as appends are on the way to it.

import type { Epoch, Position, UserId } from '@longwire/protocol';
import type { Channel } from '../../../channel/channel.js';
import { contentBytes, type Entry, makeEntry } from '../../../channel/entry.js';
import { type LogGap, mergeItems } from '../../../channel/log-item.js';
import type { ChannelName } from '../../channel-name.js';
import { epochOf } from '../../epoch.js';
import type { ChannelHead, Page } from '../../message-log.js';
import { contentFrom, type RareContent, rareContentOf } from '../rare-content.js';
import type { ChannelState } from '../tables/channel-state.js';
import type { EntryRow, StoredReply } from '../tables/entry-row.js';
import type { RowNames } from '../tables/row-names.js';

type RareColumns = RareContent<StoredReply>;

export type FlatEntries = (string | number | undefined | RareColumns)[];

/** offset, at, messages, sender as `RowNames` has it, body, key, rare columns */
const ENTRY_STRIDE = 7;

/** @throws ServerError `corrupt` for a sender who is not of the channel, and for names that cannot be read */
export function flattenEntry(
  state: Pick<ChannelState, 'key' | 'channel' | 'lowUser' | 'highUser'>,
  row: EntryRow,
  names: RowNames,
  into: FlatEntries,
): void {
  const sender = names.senderOf(state, row);
  into.push(row.offset, row.at, row.messages, sender, row.body, row.key, rareColumnsOf(row, names));
}

function rareColumnsOf(row: EntryRow, names: RowNames): RareColumns | undefined {
  return rareContentOf(names.kindOf(row), names.applicationOf(row), row, row.replyTo);
}

/** Takes body and headers out of the first entry if they are longer; true: it did. */
export function truncateFirst(flat: FlatEntries, maxBytes: number): boolean {
  if (flat.length === 0) return false;
  const body = flat[4] as string;
  const rare = flat[6] as RareColumns | undefined;
  if (contentBytes({ body, headers: rare?.headers }) <= maxBytes) return false;
  flat[4] = '';
  flat[6] = rare === undefined ? undefined : { ...rare, headers: undefined };
  return true;
}

/** A channel's head; `life` is undefined if the channel does not exist, or has had no entry yet. */
export interface HeadFrame {
  readonly channel: ChannelName;
  readonly life: number | undefined;
  readonly head: number;
  readonly base: number;
}

export interface PageFrame extends HeadFrame {
  readonly entries: FlatEntries;
  /** Ascending; between the entries by their offsets. */
  readonly gaps: readonly LogGap[];
  readonly more: boolean;
}

export function headFrameOf(key: ChannelName, state: ChannelState | undefined): HeadFrame {
  return {
    channel: key,
    life: state?.isBegun ? state.life : undefined,
    head: state?.head ?? 0,
    base: state?.base ?? 0,
  };
}

/** Of a channel without entries, or of which none was asked for. */
export function emptyPage(head: HeadFrame): PageFrame {
  return { ...head, entries: [], gaps: [], more: false };
}

export function headFrom(frame: HeadFrame, channel: Channel, era: string): ChannelHead {
  const epoch = frame.life === undefined ? undefined : epochOf(era, frame.life);
  return { channel, epoch, head: frame.head, base: frame.base };
}

export function pageFrom(frame: PageFrame, channel: Channel, era: string): Page {
  const head = headFrom(frame, channel, era);
  const entries = head.epoch === undefined ? [] : entriesFrom(frame.entries, channel, head.epoch);
  return { ...head, items: mergeItems(entries, frame.gaps), more: frame.more };
}

export function entriesFrom(flat: FlatEntries, channel: Channel, epoch: Epoch): Entry[] {
  const entries: Entry[] = [];
  for (let start = 0; start < flat.length; start += ENTRY_STRIDE) {
    entries.push(entryAt(flat, start, channel, epoch));
  }
  return entries;
}

function entryAt(flat: FlatEntries, start: number, channel: Channel, epoch: Epoch): Entry {
  const from = senderFrom(flat[start + 3] as 0 | 1 | UserId | undefined, channel);
  const key = flat[start + 5] as string | undefined;
  const rare = flat[start + 6] as RareColumns | undefined;
  const content = contentFrom(from, flat[start + 4] as string, key, rare, replyPosition(rare?.replyTo, epoch));
  const [offset, at, messages] = [flat[start] as number, flat[start + 1] as number, flat[start + 2] as number];
  return makeEntry(channel, content, { epoch, offset, at, messages });
}

function senderFrom(sender: 0 | 1 | UserId | undefined, channel: Channel): UserId | undefined {
  if (typeof sender !== 'number') return sender;
  if (channel.kind !== 'direct') throw new TypeError(`expected a direct channel, got ${channel.key}`);
  return sender === 0 ? channel.low : channel.high;
}

/** A stored answer's target with its epoch filled in. */
function replyPosition(replyTo: StoredReply | undefined, epoch: Epoch): Position | undefined {
  return replyTo === undefined ? undefined : { epoch: replyTo.epoch ?? epoch, offset: replyTo.offset };
}
