// The rule of `group.members`: who is in a group, for its members.

import type { GroupMemberItem, UserId, UserProfile } from '@longwire/protocol';
import type { GroupChannel } from '../channel/channel.js';
import type { ChannelMember, PendingMember } from '../channel/membership.js';
import type { MemberCache } from '../membership/member-cache.js';
import type { MessageLog } from '../storage/message-log.js';
import { MAX_PROFILES_PER_CALL, type Profiles } from '../storage/profiles.js';
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
      readonly members: readonly GroupMemberItem[];
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

export interface GroupMembersParts {
  readonly members: Pick<MemberCache, 'prepare'>;
  readonly log: Pick<MessageLog, 'members' | 'pending'>;
  readonly profiles: Pick<Profiles, 'load'>;
  readonly turns: StoreTurns;
}

export class GroupMembers {
  readonly #parts: GroupMembersParts;

  constructor(parts: GroupMembersParts) {
    this.#parts = parts;
  }

  /**
   * Ascending by the bytes of their ids, with their names and pictures.
   * @throws (rejects) what the members cannot be read with
   */
  async page({ user, channel, after, limit }: GroupMembersRequest): Promise<GroupMembersOutcome> {
    const { members, log, turns } = this.#parts;
    const rights = await members.prepare(channel);
    if (rights.member(user) === undefined) return { ok: false, code: NOT_A_MEMBER.code, message: NOT_A_MEMBER.message };
    const page = await turns.run(user, () => log.members(channel, after, limit));
    const profiles = await this.#profilesOf(user, page.members);
    const all = page.members.map((member, index) => ({ user: member.user, role: member.role, ...profiles[index] }));
    return { ok: true, members: all, more: page.next !== undefined, total: rights.audience.length };
  }

  /**
   * Those who are invited or have asked to join, ascending by the bytes of their ids; for owners and admins.
   * @throws (rejects) what they cannot be read with
   */
  async pendingPage({ user, channel, after, limit }: GroupMembersRequest): Promise<PendingMembersOutcome> {
    const { members, log, turns } = this.#parts;
    const rights = await members.prepare(channel);
    const role = rights.member(user)?.role;
    if (role === undefined) return { ok: false, code: NOT_A_MEMBER.code, message: NOT_A_MEMBER.message };
    if (role === 'member') {
      const message = 'pending: only the owners and admins of a group see who is invited or has asked to join';
      return { ok: false, code: 'forbidden', message };
    }
    const page = await turns.run(user, () => log.pending(channel, after, limit));
    return { ok: true, pending: page.pending, more: page.next !== undefined, total: rights.pending.size };
  }

  async #profilesOf(onBehalfOf: UserId, members: readonly ChannelMember[]): Promise<readonly UserProfile[]> {
    const { profiles, turns } = this.#parts;
    const loaded: UserProfile[] = [];
    for (let start = 0; start < members.length; start += MAX_PROFILES_PER_CALL) {
      const part = members.slice(start, start + MAX_PROFILES_PER_CALL).map(({ user }) => user);
      loaded.push(...(await turns.run(onBehalfOf, () => profiles.load(part))));
    }
    return loaded;
  }
}
