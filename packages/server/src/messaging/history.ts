// The rule of `history`: a page of a channel, cut to what its reader may see and to what was fanned out. What lies between
// two stays in a group is passed over.

import type { Epoch, ErrorCode, UserId } from '@longwire/protocol';
import type { Channel } from '../channel/channel.js';
import { clipItems, isGap, type LogItem } from '../channel/log-item.js';
import type { Stay } from '../channel/membership.js';
import type { Directory } from '../storage/directory.js';
import type { MessageLog, Page, PageRequest } from '../storage/message-log.js';
import type { CommittedHeads } from './committed-heads.js';
import type { ClaimedPosition } from './positions.js';
import type { StoreTurns } from './store-turns.js';

export interface HistoryRequest {
  /** Who asks. */
  readonly user: UserId;
  readonly channel: Channel;
  /** Exclusive. With neither this nor `after`: the newest page. */
  readonly before: ClaimedPosition | undefined;
  readonly after: ClaimedPosition | undefined;
  readonly limit: number;
}

export type HistoryOutcome =
  /** `epoch` is undefined for a channel without entries. */
  | {
      readonly ok: true;
      readonly epoch: Epoch | undefined;
      readonly items: readonly LogItem[];
      readonly more: boolean;
    }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

/** Bytes of bodies in one answer. */
export const HISTORY_BYTES = 256 * 1024;

/** Offsets that a user may read, both included. */
interface VisibleRange {
  readonly from: number;
  readonly to: number;
}

const EMPTY: HistoryOutcome = Object.freeze({ ok: true, epoch: undefined, items: [], more: false });
const EVERYTHING: readonly VisibleRange[] = [{ from: 1, to: Number.MAX_SAFE_INTEGER }];

export interface HistoryParts {
  readonly log: Pick<MessageLog, 'page' | 'stays'>;
  readonly directory: Pick<Directory, 'describe'>;
  readonly heads: CommittedHeads;
  readonly turns: StoreTurns;
}

export class History {
  readonly #parts: HistoryParts;

  constructor(parts: HistoryParts) {
    this.#parts = parts;
  }

  /** Ascending. A channel without entries has none. */
  async page(request: HistoryRequest): Promise<HistoryOutcome> {
    const { user, channel, before, after } = request;
    const { heads } = this.#parts;
    const visible = await this.#visibleRanges(user, channel);
    if (visible.length === 0) {
      if (channel.kind !== 'group') return EMPTY;
      return { ok: false, code: 'not_a_member', message: 'channel: expected a group that this user is or was in' };
    }
    const { epoch } = await heads.of(user, channel);
    if (epoch === undefined) return EMPTY;
    const stale = staleEpoch(before, epoch) ?? staleEpoch(after, epoch);
    if (stale !== undefined) return { ok: false, code: 'stale_epoch', message: stale };
    const page = await (after === undefined
      ? this.#pageBefore(request, before?.offset ?? Number.MAX_SAFE_INTEGER, visible)
      : this.#pageAfter(request, after.offset, visible));
    // An entry above the head is on its way to this very session: it must not overtake itself.
    const { head } = await heads.of(user, channel);
    return { ok: true, epoch, items: clipItems(page.items, 1, head), more: page.more };
  }

  /** Of the newest range that has something below `offset`. */
  async #pageBefore(request: HistoryRequest, offset: number, visible: readonly VisibleRange[]): Promise<VisiblePage> {
    for (const [index, range] of [...visible.entries()].reverse()) {
      if (range.from >= offset) continue;
      const page = await this.#read(request, 'before', Math.min(offset, range.to + 1));
      const items = clipItems(page.items, range.from, range.to);
      const isCut = items.length < page.items.length || fromOf(items[0]) === range.from;
      if (items.length > 0) return { items, more: (page.more && !isCut) || index > 0 };
    }
    return NOTHING;
  }

  /** Of the oldest range that has something above `offset`. */
  async #pageAfter(request: HistoryRequest, offset: number, visible: readonly VisibleRange[]): Promise<VisiblePage> {
    for (const [index, range] of visible.entries()) {
      if (range.to <= offset) continue;
      const page = await this.#read(request, 'after', Math.max(offset, range.from - 1));
      const items = clipItems(page.items, range.from, range.to);
      const isCut = items.length < page.items.length || toOf(items.at(-1)) === range.to;
      if (items.length > 0) return { items, more: (page.more && !isCut) || index < visible.length - 1 };
    }
    return NOTHING;
  }

  #read({ user, channel, limit }: HistoryRequest, direction: PageRequest['direction'], offset: number): Promise<Page> {
    const { log, turns } = this.#parts;
    return turns.run(user, () => log.page({ channel, direction, offset, limit, maxBytes: HISTORY_BYTES }));
  }

  /** Ascending, apart from one another. */
  async #visibleRanges(user: UserId, channel: Channel): Promise<readonly VisibleRange[]> {
    const { log, directory, turns } = this.#parts;
    switch (channel.kind) {
      case 'direct':
        return EVERYTHING;
      case 'inbox':
        return channel.user === user ? EVERYTHING : [];
      case 'group': {
        const [stays] = await turns.run(user, () => log.stays(user, [channel]));
        return rangesOf(stays ?? []);
      }
      case 'all': {
        const [described] = await turns.run(user, () => directory.describe(user, [{ channel, read: 0 }], 0));
        return described === undefined ? [] : [{ from: described.visibleFrom, to: Number.MAX_SAFE_INTEGER }];
      }
      case 'topic':
        return [];
    }
  }
}

type VisiblePage = Pick<Page, 'items' | 'more'>;

const NOTHING: VisiblePage = { items: [], more: false };

/** Stays ascend, and each of them may reach back to the start. */
function rangesOf(stays: readonly Stay[]): readonly VisibleRange[] {
  const ranges: VisibleRange[] = [];
  for (const { visibleFrom, left = Number.MAX_SAFE_INTEGER } of stays) {
    let from = visibleFrom;
    for (let last = ranges.at(-1); last !== undefined && last.to >= from - 1; last = ranges.at(-1)) {
      from = Math.min(from, last.from);
      ranges.pop();
    }
    ranges.push({ from, to: left });
  }
  return ranges;
}

function fromOf(item: LogItem | undefined): number | undefined {
  return item === undefined || isGap(item) ? item?.from : item.offset;
}

function toOf(item: LogItem | undefined): number | undefined {
  return item === undefined || isGap(item) ? item?.to : item.offset;
}

function staleEpoch(claimed: ClaimedPosition | undefined, epoch: Epoch): string | undefined {
  if (claimed?.epoch === undefined || claimed.epoch === epoch) return undefined;
  return `the channel's epoch is ${epoch}, not ${claimed.epoch}; ask without a position, or with one of this epoch`;
}
