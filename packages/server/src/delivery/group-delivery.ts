// Entries of groups on their way to the sessions of the members, who change with them.

import type { UserId } from '@longwire/protocol';
import type { Channel, ChannelKey } from '../channel/channel.js';
import type { Entry } from '../channel/entry.js';
import type { ChangedMember, Stay } from '../channel/membership.js';
import type { LoadedChannel } from '../membership/loaded-channel.js';
import type { LocalUsers } from '../membership/local-users.js';
import type { MemberCache } from '../membership/member-cache.js';
import type { CatchUp } from './catch-up.js';
import type { ChannelTail } from './channel-tail.js';
import type { ChannelTails } from './channel-tails.js';
import type { EntryPushes } from './encoded-push.js';
import { type LogReader, skipTo } from './log-reader.js';
import { announceJoin, notifyRemoved } from './stays.js';
import type { UserReaders } from './user-readers.js';

export interface GroupDeliveryParts {
  readonly users: LocalUsers<UserReaders>;
  readonly members: MemberCache<UserReaders>;
  readonly tails: ChannelTails;
  readonly catchUp: CatchUp;
  /** How far a user has read, as far as that is in memory. */
  readonly readOf: (user: UserId, channel: Channel) => number;
}

/** What was applied in a group while its members were not loaded. */
interface MissedEntries {
  /** The first offset. */
  readonly from: number;
  newest: Entry;
  /** Members who changed meanwhile, in their last state. */
  readonly changed: Map<UserId, ChangedMember>;
}

export class GroupDelivery {
  readonly #users: LocalUsers<UserReaders>;
  readonly #members: MemberCache<UserReaders>;
  readonly #tails: ChannelTails;
  readonly #catchUp: CatchUp;
  readonly #readOf: GroupDeliveryParts['readOf'];
  readonly #missed = new Map<ChannelKey, MissedEntries>();

  constructor({ users, members, tails, catchUp, readOf }: GroupDeliveryParts) {
    this.#users = users;
    this.#members = members;
    this.#tails = tails;
    this.#catchUp = catchUp;
    this.#readOf = readOf;
    members.follow({ onLoaded: (channel) => this.#onLoaded(channel) });
  }

  /**
   * The newest entry that reached none of the group's readers at the tail, because its members are being loaded. Until they
   * are, no reader is at the tail there.
   */
  newestMissed({ key }: Channel): Entry | undefined {
    return this.#missed.size === 0 ? undefined : this.#missed.get(key)?.newest;
  }

  /**
   * Where the stay ended that a user was in, if what ended it was applied while the members are being loaded: what was read
   * of the channel before does not say so.
   */
  endMissed(user: UserId, { key }: Channel, { dueFrom }: Pick<Stay, 'dueFrom'>): number | undefined {
    const member = this.#missed.size === 0 ? undefined : this.#missed.get(key)?.changed.get(user);
    return member !== undefined && member.joined > dueFrom ? member.leftBefore : member?.left;
  }

  /**
   * Whether a reader that has everything stays behind, because members are being loaded to whom what is applied meanwhile
   * will be put behind: it must not have it twice.
   */
  keepsBehind(reader: LogReader, { key }: Channel): boolean {
    const missed = this.#missed.get(key);
    if (missed === undefined) return false;
    return reader.behind.get(key)?.end === undefined || missed.changed.has(reader.user);
  }

  /** @param changed  the members whom the entry changes */
  deliver(pushes: EntryPushes, changed: readonly ChangedMember[], answered: object | undefined): void {
    const { channel, offset } = pushes.entry;
    const loaded = this.#members.peek(channel);
    if (loaded === undefined) {
      this.#noteMissed(pushes.entry, changed);
      return;
    }
    for (const member of changed) {
      if (member.joined === offset) this.#announce(member, pushes.entry, loaded);
      if (member.joined === offset && member.leftBefore !== undefined)
        this.#continue(member, () => this.#tails.at(pushes));
    }
    for (const { readers } of loaded.audience) readers?.deliver(pushes, answered);
    for (const member of changed) {
      this.#end(member, channel);
      if (member.left !== undefined) this.#notifyLeft(member.user, channel);
      this.#serve(member.user);
    }
  }

  /** The user has joined: their sessions are shown the group before its entries. */
  #announce(member: ChangedMember, entry: Entry, loaded: LoadedChannel<UserReaders>): void {
    const readers = this.#users.readersOf(member.user);
    if (readers === undefined || member.left !== undefined) return;
    announceJoin(readers, member, entry, loaded, this.#readOf(member.user, loaded.channel));
  }

  /** Readers at the tail have everything that their user gets. */
  #notifyLeft(user: UserId, channel: Channel): void {
    for (const reader of this.#users.readersOf(user) ?? []) {
      if (reader.isAtTailOf(channel)) notifyRemoved(reader, channel);
    }
  }

  /** The members are not loaded: they get the entry from the log once they are. */
  #noteMissed(entry: Entry, changed: readonly ChangedMember[]): void {
    const { channel, offset } = entry;
    let missed = this.#missed.get(channel.key);
    if (missed === undefined) {
      missed = { from: offset, newest: entry, changed: new Map() };
      this.#missed.set(channel.key, missed);
      this.#members.load(channel);
    }
    missed.newest = entry;
    for (const member of changed) {
      // Readers that are behind are served meanwhile.
      this.#end(member, channel);
      // Of several stays that began meanwhile only the last one is due; sessions have what came before the first of them.
      const leftBefore = missed.changed.get(member.user)?.leftBefore ?? member.leftBefore;
      missed.changed.set(member.user, { ...member, leftBefore });
    }
  }

  /** What was applied while the members were being loaded is put behind for them. */
  #onLoaded(channel: Channel): void {
    const missed = this.#missed.get(channel.key);
    const loaded = this.#members.peek(channel);
    if (missed === undefined || loaded === undefined) return;
    this.#missed.delete(channel.key);
    const { from, newest, changed } = missed;
    const tail = this.#tails.of(channel, newest.epoch, newest.offset);
    for (const { id, readers } of loaded.audience) if (!changed.has(id)) putBehind(readers, tail, from - 1);
    for (const member of changed.values()) {
      const { leftBefore } = member;
      if (member.joined >= from) this.#announce(member, newest, loaded);
      if (member.joined < from) putBehind(this.#users.readersOf(member.user), tail, from - 1);
      // Of what was applied meanwhile, sessions have nothing.
      else this.#continue({ ...member, leftBefore: leftBefore && Math.min(leftBefore, from - 1) }, () => tail);
      this.#end(member, channel);
    }
    for (const { id } of loaded.audience) this.#serve(id);
    for (const user of changed.keys()) this.#serve(user);
    this.#tails.dropUnused(tail);
  }

  /**
   * The user has come back: their sessions go on at `dueFrom`, as if they had been behind, and learn of the gap. Of the stay
   * before, nothing more is due.
   */
  #continue({ user, dueFrom, leftBefore = dueFrom - 1 }: ChangedMember, tailOf: () => ChannelTail): void {
    for (const reader of this.#users.readersOf(user) ?? []) {
      const tail = tailOf();
      skipTo(reader.behind.get(tail.channel.key) ?? reader.fallBehind(tail, leftBefore), dueFrom);
    }
  }

  /**
   * Readers at the tail have everything. Those that are behind get the rest up to `left`, unless that is of a later stay than
   * the one they are still in: what lies between the two is none of theirs, and `#continue` leads them over it.
   */
  #end({ user, joined, left }: ChangedMember, { key }: Channel): void {
    if (left === undefined) return;
    for (const reader of this.#users.readersOf(user) ?? []) {
      const state = reader.behind.get(key);
      if (state !== undefined && (state.end === undefined || joined <= state.end)) state.end = left;
    }
  }

  #serve(user: UserId): void {
    for (const reader of this.#users.readersOf(user) ?? []) this.#catchUp.serve(reader);
  }
}

/** Except for readers of which the comparison found where they stand, or that are behind already. */
function putBehind(readers: Iterable<LogReader> | undefined, tail: ChannelTail, position: number): void {
  for (const reader of readers ?? []) {
    if (!reader.behind.has(tail.channel.key)) reader.fallBehind(tail, position);
  }
}
