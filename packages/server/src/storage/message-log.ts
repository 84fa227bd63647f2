// Port: the logs of all channels. The log is the truth; everything else is a way of reading it.

import type { Epoch, Position, UserId } from '@longwire/protocol';
import type { Channel, DirectChannel } from '../channel/channel.js';
import type { EntryContent } from '../channel/entry.js';
import type { Lane, LaneNumbers, LanePage } from '../channel/lane.js';
import type { LogItem } from '../channel/log-item.js';
import type {
  AppliedChange,
  ChannelMember,
  ChannelRights,
  PendingMember,
  RightsChange,
  Stay,
} from '../channel/membership.js';
import type { ServerError } from '../errors.js';
import type { MAINTENANCE_STEP_MS, MaintenanceProgress, MaintenanceStep } from './maintenance.js';
import type { QuotaRefusal } from './quotas.js';

/** What an append depends on, judged inside its transaction. */
export interface Guard {
  /**
   * The version of the channel's rights under which the append was allowed: the number of the newest row that changed them,
   * 0 if none did. `any`: whatever they are, unless the channel is closed.
   */
  readonly rightsVersion: number | 'any';
  /** True: the append is not allowed. The key is still looked up, because the repeat of something stored is never forbidden. */
  readonly isRefused: boolean;
}

/**
 * An append is judged in this order, in every engine: a known key is `repeated`, whatever the rights; then `isRefused`; then
 * the rights, `stale` if they are others; then `mustExist` and the quotas. So the order of the log alone decides between a
 * message and a change of rights.
 */
export interface AppendRequest {
  readonly channel: Channel;
  /** Undefined: a row without an offset, which must have a `change`. */
  readonly content: EntryContent | undefined;
  /** Wall clock of the caller, milliseconds since 1970. The engine never lets it go back within a channel. */
  readonly at: number;
  /** A position before the first attempt; present on repeats only. The client's, moved on by `searchKey`. */
  readonly since: Position | undefined;
  readonly guard: Guard;
  /** Applied with the row. The guard must then name a version. A group begins with the first one that has a join. */
  readonly change: RightsChange | undefined;
  /** Users of the channel who are not created, although they may be new. */
  readonly mustExist: readonly UserId[];
}

/** Without a row, `seq` is the number of the newest row of the lane that was there when the request was judged. */
export type AppendResult =
  | {
      readonly outcome: 'stored';
      readonly seq: number;
      readonly epoch: Epoch;
      readonly offset: number;
      readonly at: number;
      readonly messages: number;
      /** The request's change; `seq` is the version of the rights from now on. */
      readonly change: AppliedChange | undefined;
    }
  /** A row without an offset was stored: `seq` is the version of the rights from now on. */
  | { readonly outcome: 'controlled'; readonly seq: number; readonly change: AppliedChange }
  /** A known key: nothing was appended, the position is that of the first attempt. */
  | {
      readonly outcome: 'repeated';
      readonly seq: number;
      readonly epoch: Epoch;
      readonly offset: number;
      readonly at: number;
    }
  /** `isRefused` was set and the key is not known. */
  | { readonly outcome: 'refused'; readonly seq: number }
  /** The rights have another version, the channel is closed, or a group does not exist: nothing was stored. */
  | { readonly outcome: 'stale'; readonly seq: number; readonly rightsVersion: number }
  /** A user in `mustExist` is not known: nothing was created. */
  | { readonly outcome: 'unknown-user'; readonly seq: number }
  /** The log after `since` is too long to be searched in a commit: nothing was appended. `searchKey` comes first. */
  | { readonly outcome: 'unsearched'; readonly seq: number }
  /** A quota of the sender is exhausted, and the key is not known. */
  | ({ readonly outcome: 'quota'; readonly seq: number } & QuotaRefusal)
  /** What the channel, its users or the key's first attempt look like cannot be read: nothing was appended. */
  | { readonly outcome: 'damaged'; readonly seq: number };

export interface AppendAttempt {
  /** The rows of the batch are stamped `stamp`, `stamp` + 1 and so on. */
  readonly stamp: number;
  /** The outcome of an earlier attempt is unknown: rows of it that are there are recognised by their stamps. */
  readonly isSecondTry: boolean;
}

export type AppendOutcome =
  /** One result per entry, in order. Their `seq` ascend. */
  | { readonly outcome: 'done'; readonly lane: Lane; readonly results: readonly AppendResult[] }
  /**
   * The connection was lost during the commit: the caller gives the same batch again, as a second try. Batches that were
   * given after it and not answered are unknown as well, so that a second try keeps the order.
   */
  | { readonly outcome: 'unknown' };

/** A key whose first attempt may be older than what an engine recognises by itself. */
export interface KeySearch {
  readonly channel: Channel;
  /** The sender, as the content has it. */
  readonly from: UserId | undefined;
  readonly by: string | undefined;
  readonly key: string;
  readonly since: Position;
  /** What the last call returned; undefined: this is the first one. */
  readonly until: number | undefined;
}

export interface SearchedKey {
  /** Between the `since` that was given and this one, the log does not have the key. */
  readonly since: Position;
  /** The offset at which the search ends. Once `since` is there, `append` finds the key by itself, or there is none. */
  readonly until: number;
}

export interface ChannelHead {
  readonly channel: Channel;
  /** Undefined: the channel has never had an entry, and no epoch. */
  readonly epoch: Epoch | undefined;
  /** max(base, last row); 0 for a channel that does not exist. */
  readonly head: number;
  /** The highest offset ever removed by retention or erasure; 0 if none. */
  readonly base: number;
}

export interface Heads {
  /** In the order asked. */
  readonly heads: readonly ChannelHead[];
  /** The newest rows when the heads were read. */
  readonly through: LaneNumbers;
}

export interface RightsSlice {
  /** In the order asked. `damaged`: they cannot be read, so no one may write there. */
  readonly rights: readonly (ChannelRights | 'damaged')[];
  /** The newest rows when they were read. */
  readonly through: LaneNumbers;
}

export interface BlockedPage {
  readonly users: readonly UserId[];
  readonly more: boolean;
}

export interface MemberPage {
  /** Those who are in the group, ascending by the bytes of their ids. */
  readonly members: readonly ChannelMember[];
  /** Give it to the next call; undefined: that was the last page. */
  readonly next: UserId | undefined;
  /** The version of the rights that the page belongs to. */
  readonly version: number;
  /** The newest rows when it was read. */
  readonly through: LaneNumbers;
}

export interface PendingPage {
  /** Those who are invited to the group or have asked to join it, ascending by the bytes of their ids. */
  readonly pending: readonly PendingMember[];
  /** Give it to the next call; undefined: that was the last page. */
  readonly next: UserId | undefined;
  /** The version of the rights that the page belongs to. */
  readonly version: number;
  /** The newest rows when it was read. */
  readonly through: LaneNumbers;
}

/** A group in which a user is pending. */
export interface PendingPlace extends PendingMember {
  readonly channel: Channel;
}

export interface PendingPlaces {
  /** Ascending by the bytes of the ids of the groups. */
  readonly places: readonly PendingPlace[];
  /** Give it to the next call; undefined: that was the last page. */
  readonly next: Channel | undefined;
}

export interface PageRequest {
  readonly channel: Channel;
  /** `after`: ascending from `offset` + 1. `before`: the newest entries below `offset`, returned ascending all the same. Exclusive. */
  readonly direction: 'after' | 'before';
  /** With `before`, Number.MAX_SAFE_INTEGER means from the end. */
  readonly offset: number;
  /** 1-200: offsets of the page, those without content included. */
  readonly limit: number;
  /** The page ends before the entry that would exceed this many bytes of bodies; it has at least one item if there is one. */
  readonly maxBytes: number;
}

/** Pages that one call may ask for. */
export const MAX_PAGES = 64;

export interface Page extends ChannelHead {
  /**
   * Ascending and contiguous. What was removed, lies below `base` or cannot be read is a gap in its place; neighbours with
   * the same reason are one gap.
   */
  readonly items: readonly LogItem[];
  /** There are further offsets in the asked direction. */
  readonly more: boolean;
}

export interface MessageLog {
  /**
   * Appends a batch of entries in one atomic step: keys, offsets and counts are settled in it. Creates channels, their
   * members and users that were never seen. Resolves once all of them survive a power cut. Batches complete in the order
   * in which they were given; an engine may commit several given batches together.
   * @param batch 1-1 000 entries; a known (sender, channel, key) appends nothing
   * @throws ServerError `storage_full` (nothing of the batch is stored, reads go on); any other failure ends the store (`Store.onFatal`)
   */
  append(batch: readonly AppendRequest[], attempt: AppendAttempt): Promise<AppendOutcome>;

  /**
   * Committed rows of a lane above `after`: at most `limit` (≤ 1 000), and not more than about 1 MiB of content. Reading
   * them never blocks commits.
   */
  feed(lane: Lane, after: number, limit: number): Promise<LanePage>;

  /**
   * Searches the log for the first attempt of a send, a few milliseconds of it, beside the commits. To be called again
   * with the result, until that says that the search has ended.
   * @throws ServerError `corrupt` if an entry cannot be read that may be the one
   */
  searchKey(search: KeySearch): Promise<SearchedKey>;

  /**
   * Reads one page. It may already hold entries of an append that has not been reported yet: the caller cuts it
   * at the head it has fanned out. Every row's checksum is verified, and that offsets have no holes. An entry that cannot
   * be read is reported (`Store.onDamage`).
   * @throws ServerError `corrupt` where nothing of the channel can be read
   */
  page(request: PageRequest): Promise<Page>;

  /**
   * Reads pages of several channels in one call, as `page` does; commits do not wait for all of them.
   * @param requests 1-64
   * @returns in the order asked; in the place of a page that cannot be read, why
   */
  pages(requests: readonly PageRequest[]): Promise<readonly (Page | ServerError)[]>;

  /**
   * Removes content, for a few milliseconds, between two commits. To be called again with what it returns, until it is
   * done. What was removed is a gap of pages from then on, and `feed` passes over it; a head, a cursor and a count of
   * unread messages keep their meaning; removed messages count as unread, those below `base` do not. The bytes are given
   * back to their senders. Durable when resolved; a crash leaves what the last commit left.
   * @param budgetMs default {@link MAINTENANCE_STEP_MS}
   * @throws ServerError `corrupt` where the channel of a step cannot be read
   */
  maintain(step: MaintenanceStep, budgetMs?: number): Promise<MaintenanceProgress>;

  /** Heads of channels as they are stored, which may be above what has been fanned out. */
  heads(channels: readonly Channel[]): Promise<Heads>;

  /** Rights as they are stored, which may be newer than what has been applied. */
  rights(channels: readonly Channel[]): Promise<RightsSlice>;

  /** How many users a user blocks. */
  countBlocks(user: UserId): Promise<number>;

  /**
   * A page of the users whom a user blocks, in the order in which their channels began.
   * @param after  the channel with the last one of the page before, blocked still or not
   * @returns undefined if there is no such channel
   */
  blockedUsers(user: UserId, after: DirectChannel | undefined, limit: number): Promise<BlockedPage | undefined>;

  /**
   * Members of a group in pages of at most `limit` (≤ 1 000); a channel that is none has none.
   * @throws ServerError `corrupt` if they cannot be read
   */
  members(channel: Channel, after: UserId | undefined, limit: number): Promise<MemberPage>;

  /** Users who are pending in a group, in pages of at most `limit` (≤ 1 000). One who cannot be read is reported, and none. */
  pending(channel: Channel, after: UserId | undefined, limit: number): Promise<PendingPage>;

  /**
   * The groups in which a user is pending, in pages of at most `limit` (≤ 1 000). As they are stored, which may be above what
   * has been fanned out.
   * @param after  a group, which need not exist
   */
  pendingOf(user: UserId, after: Channel | undefined, limit: number): Promise<PendingPlaces>;

  /**
   * All stays of a user in groups, in the order asked, each list ascending. Of other channels, none. Where they cannot be
   * read, none: the user is then not a member.
   */
  stays(user: UserId, channels: readonly Channel[]): Promise<readonly (readonly Stay[])[]>;
}
