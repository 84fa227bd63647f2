// The rights and members of channels in use. They follow the order gate, in the synchronous step in which a row is fanned
// out, so that the order of the log alone decides who gets what.

import type { UserId } from '@longwire/protocol';
import type { Channel, ChannelKey } from '../channel/channel.js';
import type { LaneNumbers, LaneRow } from '../channel/lane.js';
import type { AppliedChange, ChannelMember, ChannelRights, PendingMember } from '../channel/membership.js';
import { isCorrupt, ServerError } from '../errors.js';
import type { Clock } from '../runtime/clock.js';
import { LoadedChannel } from './loaded-channel.js';
import type { LocalUsers } from './local-users.js';

/** The part of the message log that has the rights and the members of a group. */
export interface RightsSource {
  rights(channels: readonly Channel[]): Promise<{
    readonly rights: readonly (ChannelRights | 'damaged')[];
    readonly through: LaneNumbers;
  }>;
  members(
    channel: Channel,
    after: UserId | undefined,
    limit: number,
  ): Promise<{
    readonly members: readonly ChannelMember[];
    readonly next: UserId | undefined;
    readonly version: number;
    readonly through: LaneNumbers;
  }>;
  pending(
    channel: Channel,
    after: UserId | undefined,
    limit: number,
  ): Promise<{
    readonly pending: readonly PendingMember[];
    readonly next: UserId | undefined;
    readonly through: LaneNumbers;
  }>;
}

/** Follows the order gate. */
export interface RowListener {
  onRow(row: LaneRow): void;
}

export interface MemberCacheParts<Readers> {
  readonly log: RightsSource;
  /** Of the order gate: resolves when everything up to the numbers was applied. Undefined: it is already. */
  readonly whenApplied: (numbers: LaneNumbers) => Promise<void> | undefined;
  readonly users: LocalUsers<Readers>;
  readonly clock: Clock;
  /** Called when rights or members could not be read. Who would have to be in them is not a member as long as it is so. */
  readonly onFailure: (error: unknown, channel: Channel) => void;
}

export interface MemberCacheLimits {
  /** Channels kept, except for those that are pinned. */
  readonly channels: number;
  /** Members of all of them together, and users who are pending there. */
  readonly members: number;
}

/** What follows the cache. */
export interface MemberCacheListener {
  /** Called before anything else can be applied: what was applied while the channel was loaded has reached no reader. */
  onLoaded?(channel: Channel): void;
  /** A row that changes the rights in a loaded channel is being applied. */
  onChanged?(channel: Channel): void;
}

export const MEMBER_CACHE_LIMITS: MemberCacheLimits = Object.freeze({ channels: 10_000, members: 200_000 });
/**
 * Channels without rights of their own that are kept: groups that do not exist, and direct channels in which no user blocks. They have
 * a place of their own, because a user can name as many as they like, and must not push out those in use.
 */
export const MAX_PLAIN_CHANNELS = 1_000;
/** What was to be loaded for rows that were applied, and could not be, is read again after this time. */
export const LOAD_RETRY_MS = 1_000;

const MEMBERS_PER_CALL = 1_000;

/** Changes that were applied while a channel was being loaded. */
interface Loading<Readers> {
  readonly changes: { readonly seq: number; readonly change: AppliedChange }[];
  readonly loaded: Promise<LoadedChannel<Readers>>;
}

export class MemberCache<Readers = unknown> {
  readonly #parts: MemberCacheParts<Readers>;
  readonly #limits: MemberCacheLimits;
  readonly #listeners: MemberCacheListener[] = [];
  /** The one that was not used for the longest first. */
  readonly #channels = new Map<ChannelKey, LoadedChannel<Readers>>();
  /** Those of which no row has changed the rights, in the same order. */
  readonly #plain = new Map<ChannelKey, LoadedChannel<Readers>>();
  readonly #loading = new Map<ChannelKey, Loading<Readers>>();
  #members = 0;

  /** Follows the gate before the hub does. */
  readonly beforeFanOut: RowListener = {
    onRow: (row) => {
      if (row.change !== undefined) this.#begin(row, row.change);
    },
  };

  /** Follows the gate after the hub. */
  readonly afterFanOut: RowListener = {
    onRow: ({ channel, change }) => {
      const loaded = change === undefined ? undefined : this.#channels.get(channel.key);
      if (loaded === undefined || change === undefined) return;
      this.#members -= loaded.userCount;
      loaded.finish(change);
      this.#members += loaded.userCount;
    },
  };

  constructor(parts: MemberCacheParts<Readers>, limits: MemberCacheLimits = MEMBER_CACHE_LIMITS) {
    this.#parts = parts;
    this.#limits = limits;
  }

  follow(listener: MemberCacheListener): void {
    this.#listeners.push(listener);
  }

  /** Channels that are loaded. */
  get size(): number {
    return this.#channels.size + this.#plain.size;
  }

  /** Undefined: the channel is not loaded. */
  peek({ key }: Channel): LoadedChannel<Readers> | undefined {
    return usedIn(this.#channels, key) ?? usedIn(this.#plain, key);
  }

  /**
   * At once if the channel is loaded.
   * @throws (rejects) ServerError `corrupt`, or what the store rejects with
   */
  prepare(channel: Channel): LoadedChannel<Readers> | Promise<LoadedChannel<Readers>> {
    return this.peek(channel) ?? this.#startLoading(channel).loaded;
  }

  /** A row of the channel was applied without its members: they are loaded, however often that fails. */
  load(channel: Channel): void {
    this.#startLoading(channel).loaded.catch((error: unknown) => {
      this.#parts.onFailure(error, channel);
      if (!isCorrupt(error)) this.#parts.clock.setTimer(LOAD_RETRY_MS, () => this.load(channel));
    });
  }

  /** An append that was allowed by it is in flight, until `unpin`. */
  pin(loaded: LoadedChannel<Readers>): void {
    loaded.pins += 1;
  }

  unpin(loaded: LoadedChannel<Readers>): void {
    loaded.pins -= 1;
    this.#evict();
  }

  #begin({ seq, channel }: LaneRow, change: AppliedChange): void {
    const { key } = channel;
    this.#loading.get(key)?.changes.push({ seq, change });
    const loaded = this.#channels.get(key) ?? this.#plain.get(key);
    if (loaded === undefined) return;
    // It has rights of its own from now on.
    if (this.#plain.delete(key)) this.#channels.set(key, loaded);
    this.#members -= loaded.userCount;
    loaded.begin(seq, change);
    this.#members += loaded.userCount;
    for (const listener of this.#listeners) listener.onChanged?.(channel);
  }

  #startLoading(channel: Channel): Loading<Readers> {
    const known = this.#loading.get(channel.key);
    if (known !== undefined) return known;
    const changes: Loading<Readers>['changes'] = [];
    const loading: Loading<Readers> = { changes, loaded: this.#load(channel, changes) };
    this.#loading.set(channel.key, loading);
    // Where it succeeded, the channel may have been dropped since, and be loading anew.
    loading.loaded.catch(() => this.#loading.delete(channel.key));
    return loading;
  }

  async #load(channel: Channel, changes: Loading<Readers>['changes']): Promise<LoadedChannel<Readers>> {
    const { log, whenApplied, users } = this.#parts;
    const slice = await log.rights([channel]);
    const [rights] = slice.rights;
    if (rights === undefined || rights === 'damaged') {
      throw new ServerError('corrupt', `the rights in ${channel.key} cannot be read`);
    }
    let { through } = slice;
    // Pages may be newer than the rights, and than one another: what has changed since is applied to them again.
    const members: ChannelMember[] = [];
    let after: UserId | undefined;
    const pending: PendingMember[] = [];
    if (channel.kind === 'group' && rights.version > 0) {
      do {
        const page = await log.members(channel, after, MEMBERS_PER_CALL);
        members.push(...page.members);
        through = page.through;
        after = page.next;
      } while (after !== undefined);
      do {
        const page = await log.pending(channel, after, MEMBERS_PER_CALL);
        pending.push(...page.pending);
        through = page.through;
        after = page.next;
      } while (after !== undefined);
    }
    // Not before it was applied: who joins by a row that is yet to be fanned out is not a member yet.
    await whenApplied(through);
    const loaded = new LoadedChannel(rights, { members, pending }, users);
    for (const { seq, change } of changes) {
      if (seq <= rights.version) continue;
      loaded.begin(seq, change);
      loaded.finish(change);
    }
    this.#add(loaded);
    return loaded;
  }

  #add(loaded: LoadedChannel<Readers>): void {
    const { channel } = loaded;
    (loaded.version === 0 ? this.#plain : this.#channels).set(channel.key, loaded);
    this.#loading.delete(channel.key);
    this.#members += loaded.userCount;
    for (const listener of this.#listeners) listener.onLoaded?.(channel);
    this.#evict(loaded);
  }

  /** @param kept  was just loaded: its caller is about to pin it */
  #evict(kept?: LoadedChannel<Readers>): void {
    const { channels, members } = this.#limits;
    this.#drop(this.#plain, kept, () => this.#plain.size <= MAX_PLAIN_CHANNELS);
    this.#drop(this.#channels, kept, () => this.#channels.size <= channels && this.#members <= members);
  }

  /** The longest unused first, as long as there are too many. */
  #drop(
    among: Map<ChannelKey, LoadedChannel<Readers>>,
    kept: LoadedChannel<Readers> | undefined,
    isEnough: () => boolean,
  ): void {
    if (isEnough()) return;
    for (const [key, loaded] of among) {
      if (loaded.pins > 0 || loaded === kept) continue;
      among.delete(key);
      this.#members -= loaded.userCount;
      loaded.drop();
      if (isEnough()) return;
    }
  }
}

/** Moves it to the end of the order of use. */
function usedIn<Loaded>(among: Map<ChannelKey, Loaded>, key: ChannelKey): Loaded | undefined {
  if (among.size === 0) return undefined;
  const loaded = among.get(key);
  if (loaded === undefined) return undefined;
  among.delete(key);
  among.set(key, loaded);
  return loaded;
}
