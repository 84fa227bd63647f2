// What decides who may write to a channel and who gets its entries, as of the newest row that was applied.

import type { UserId } from '@longwire/protocol';
import type { Channel } from '../channel/channel.js';
import type { AppliedChange, ChannelMember, ChannelRights, PendingMember, Stay } from '../channel/membership.js';
import type { LocalUser, LocalUsers } from './local-users.js';

export class LoadedChannel<Readers = unknown> {
  readonly channel: Channel;
  /** Appends that were allowed by it and are in flight: as long as there are any, it is not dropped. */
  pins = 0;
  #version: number;
  #isClosed: boolean;
  #settings: string | undefined;
  readonly #blocks: { low: boolean; high: boolean };
  readonly #localUsers: LocalUsers<Readers>;
  readonly #members = new Map<UserId, Stay>();
  #audience: LocalUser<Readers>[] = [];
  readonly #pending = new Map<UserId, PendingMember>();

  constructor(
    rights: ChannelRights,
    { members, pending }: { readonly members: readonly ChannelMember[]; readonly pending: readonly PendingMember[] },
    localUsers: LocalUsers<Readers>,
  ) {
    this.channel = rights.channel;
    this.#version = rights.version;
    this.#isClosed = rights.isClosed;
    this.#settings = rights.settings;
    this.#blocks = { ...rights.blocks };
    this.#localUsers = localUsers;
    for (const member of members) this.#put(member);
    for (const user of pending) this.#pending.set(user.user, user);
  }

  /** The version of the rights: what an append names that is judged by this. */
  get version(): number {
    return this.#version;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get settings(): string | undefined {
    return this.#settings;
  }

  /** Which of the two users of a direct channel blocks the other. */
  get blocks(): ChannelRights['blocks'] {
    return this.#blocks;
  }

  /** Undefined: not in the group. */
  member(user: UserId): Stay | undefined {
    return this.#members.get(user);
  }

  /** Of a group: its members here and elsewhere. */
  get audience(): readonly LocalUser<Readers>[] {
    return this.#audience;
  }

  /** Of a group: who is invited or has asked to join. */
  get pending(): ReadonlyMap<UserId, PendingMember> {
    return this.#pending;
  }

  /** How many users it holds. */
  get userCount(): number {
    return this.#audience.length + this.#pending.size;
  }

  /** The row with this number is applied, and not fanned out yet: who joins by it gets it. */
  begin(seq: number, change: AppliedChange): void {
    if (seq <= this.#version) return;
    this.#version = seq;
    this.#isClosed ||= change.closes;
    this.#settings = change.settings ?? this.#settings;
    for (const { by, isBlocked } of change.blocks) {
      if (this.channel.kind !== 'direct') continue;
      if (by === this.channel.low) this.#blocks.low = isBlocked;
      if (by === this.channel.high) this.#blocks.high = isBlocked;
    }
    for (const member of change.members) if (member.left === undefined) this.#put(member);
    for (const { user, state, by, at } of change.pending) {
      if (state === undefined) this.#pending.delete(user);
      else this.#pending.set(user, { user, state, by, at });
    }
  }

  /** The row was fanned out: who left by it gets nothing more. */
  finish(change: AppliedChange): void {
    const gone = new Set<UserId>();
    for (const { user, left } of change.members) if (left !== undefined && this.#members.delete(user)) gone.add(user);
    if (gone.size === 0) return;
    const staying: LocalUser<Readers>[] = [];
    for (const user of this.#audience) {
      if (gone.has(user.id)) this.#localUsers.release(user);
      else staying.push(user);
    }
    this.#audience = staying;
  }

  /** It is not loaded any more. */
  drop(): void {
    for (const user of this.#audience) this.#localUsers.release(user);
    this.#audience = [];
  }

  #put({ user, joined, left, role, dueFrom, visibleFrom }: ChannelMember): void {
    if (!this.#members.has(user)) this.#audience.push(this.#localUsers.hold(user));
    this.#members.set(user, { joined, left, role, dueFrom, visibleFrom });
  }
}
