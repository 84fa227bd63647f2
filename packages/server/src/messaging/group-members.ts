// The rule of `group.members`: who is in a group, for its members.

import type { UserId } from '@longwire/protocol';
import type { GroupChannel } from '../channel/channel.js';
import type { ChannelMember, PendingMember } from '../channel/membership.js';
import type { MemberCache } from '../membership/member-cache.js';
import type { MessageLog } from '../storage/message-log.js';
import { NOT_A_MEMBER } from './rules/group-rule.js';
import type { RuleRefusal } from './rules/rule-refusal.js';
import type { StoreTurns } from './store-turns.js';

export interface GroupMembersRequest {
  /** Who asks. */
  readonly user: UserId;
  readonly channel: GroupChannel;
  /** The last one of the page before. */
  readonly after: UserId | undefined;
  readonly limit: number;
}

export type GroupMembersOutcome =
  | {
      readonly ok: true;
      readonly members: readonly ChannelMember[];
      readonly more: boolean;
      /** Of the whole group. */
      readonly total: number;
    }
  | ({ readonly ok: false } & Pick<RuleRefusal, 'code' | 'message'>);

export type PendingMembersOutcome =
  | {
      readonly ok: true;
      readonly pending: readonly PendingMember[];
      readonly more: boolean;
      /** Of the whole group. */
      readonly total: number;
    }
  | Extract<GroupMembersOutcome, { readonly ok: false }>;

export class GroupMembers {
  readonly #members: Pick<MemberCache, 'prepare'>;
  readonly #log: Pick<MessageLog, 'members' | 'pending'>;
  readonly #turns: StoreTurns;

  constructor(members: Pick<MemberCache, 'prepare'>, log: Pick<MessageLog, 'members' | 'pending'>, turns: StoreTurns) {
    this.#members = members;
    this.#log = log;
    this.#turns = turns;
  }

  /**
   * Ascending by the bytes of their ids.
   * @throws (rejects) what the members cannot be read with
   */
  async page({ user, channel, after, limit }: GroupMembersRequest): Promise<GroupMembersOutcome> {
    const rights = await this.#members.prepare(channel);
    if (rights.member(user) === undefined) return { ok: false, code: NOT_A_MEMBER.code, message: NOT_A_MEMBER.message };
    const page = await this.#turns.run(user, () => this.#log.members(channel, after, limit));
    return { ok: true, members: page.members, more: page.next !== undefined, total: rights.audience.length };
  }

  /**
   * Those who are invited or have asked to join, ascending by the bytes of their ids; for owners and admins.
   * @throws (rejects) what they cannot be read with
   */
  async pendingPage({ user, channel, after, limit }: GroupMembersRequest): Promise<PendingMembersOutcome> {
    const rights = await this.#members.prepare(channel);
    const role = rights.member(user)?.role;
    if (role === undefined) return { ok: false, code: NOT_A_MEMBER.code, message: NOT_A_MEMBER.message };
    if (role === 'member') {
      const message = 'pending: only the owners and admins of a group see who is invited or has asked to join';
      return { ok: false, code: 'forbidden', message };
    }
    const page = await this.#turns.run(user, () => this.#log.pending(channel, after, limit));
    return { ok: true, pending: page.pending, more: page.next !== undefined, total: rights.pending.size };
  }
}
