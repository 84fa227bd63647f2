// What is judged of a group, and what a judgement is.

import type { GroupId, GroupOutcome, GroupSettings, GroupSettingsChange, UserId } from '@longwire/protocol';
import {
  type MemberChange,
  type MemberRole,
  NO_RIGHTS_CHANGE,
  type PendingChange,
  type PendingState,
  type RightsChange,
} from '../../channel/membership.js';
import type { RuleRefusal } from './rule-refusal.js';

/** What a user wants to change. */
export type GroupAction =
  | { readonly type: 'create'; readonly group: GroupId; readonly settings: GroupSettings; readonly users: Candidates }
  | { readonly type: 'update'; readonly settings: GroupSettingsChange }
  | { readonly type: 'add'; readonly users: Candidates }
  | { readonly type: 'join' }
  /** `user` undefined: their own invitation, or for `decline` their own request as well. */
  | { readonly type: 'accept' | 'decline'; readonly user: UserId | undefined }
  | { readonly type: 'leave' }
  | { readonly type: 'remove'; readonly users: readonly UserId[] }
  | { readonly type: 'role'; readonly user: UserId; readonly role: MemberRole }
  | { readonly type: 'delete' };

/** Users who are wanted in a group, and which of them the one who wants them may add: the others are invited. */
export interface Candidates {
  readonly wanted: readonly UserId[];
  readonly consenting: ReadonlySet<UserId>;
}

/** A group as it is. */
export interface GroupState {
  /** It has begun and has not ended. */
  readonly exists: boolean;
  /** Its id is in use, or was. */
  readonly isTaken: boolean;
  readonly settings: GroupSettings;
  readonly memberCount: number;
  /** Users who are invited or have asked to join. */
  readonly pendingCount: number;
  /** Undefined: not a member. */
  roleOf(user: UserId): MemberRole | undefined;
  members(): Iterable<UserId>;
  /** Undefined: not pending. */
  pendingStateOf(user: UserId): PendingState | undefined;
  pendingUsers(): Iterable<UserId>;
}

export interface GroupLimits {
  /** Of one group. */
  readonly maxMembers: number;
  readonly maxPending: number;
}

/** What is to be stored: a change of the rights in the group. */
export interface GroupChange {
  /** Of the entry that carries the change; undefined: it is in no entry, because no member changes. */
  readonly kind: 'group' | 'member' | undefined;
  readonly body: object;
  readonly change: RightsChange;
  readonly outcome: GroupOutcome;
  /** There is more to do of the same than one row takes: the action is judged again once this is stored. */
  readonly isPart: boolean;
}

export type GroupJudgement =
  | { readonly verdict: 'change'; readonly change: GroupChange }
  /** It is so already. */
  | { readonly verdict: 'nothing'; readonly outcome: GroupOutcome }
  | { readonly verdict: 'refused'; readonly refusal: RuleRefusal };

/** An entry `member`. */
export function memberChange(
  body: { readonly change: string; readonly users: readonly UserId[]; readonly role?: MemberRole },
  change: Partial<RightsChange>,
  outcome: GroupOutcome,
  { isPart = false }: { readonly isPart?: boolean } = {},
): GroupJudgement {
  return {
    verdict: 'change',
    change: { kind: 'member', body, change: { ...NO_RIGHTS_CHANGE, ...change }, outcome, isPart },
  };
}

/** A row without an entry. */
export function pendingChange(
  pending: readonly PendingChange[],
  outcome: GroupOutcome,
  { isPart = false }: { readonly isPart?: boolean } = {},
): GroupJudgement {
  const change = { ...NO_RIGHTS_CHANGE, pending };
  return { verdict: 'change', change: { kind: undefined, body: {}, change, outcome, isPart } };
}

export function joinOf(user: UserId, role: MemberRole, { history }: GroupSettings): MemberChange {
  return { type: 'join', user, role, visibleFrom: history === 'start' ? 'start' : 'joining' };
}

export function leaveOf(user: UserId): MemberChange {
  return { type: 'leave', user };
}

export function nothing(outcome: GroupOutcome): GroupJudgement {
  return { verdict: 'nothing', outcome };
}

export function refused(refusal: RuleRefusal): GroupJudgement {
  return { verdict: 'refused', refusal };
}

export function forbidden(message: string): GroupJudgement {
  return refused({ code: 'forbidden', message: `${message}: nothing was stored`, counted: 'notAllowed' });
}

/** @param more  users who would be members, and users who would be pending */
export function refusalOfRoom(
  { memberCount, pendingCount }: Pick<GroupState, 'memberCount' | 'pendingCount'>,
  more: { readonly members: number; readonly pending: number },
  { maxMembers, maxPending }: GroupLimits,
): RuleRefusal | undefined {
  if (more.members > 0 && memberCount + more.members > maxMembers) {
    const message = `a group has at most ${maxMembers} members: nothing was stored`;
    return { code: 'quota_exceeded', message, counted: 'groups.maxMembers' };
  }
  if (more.pending > 0 && pendingCount + more.pending > maxPending) {
    const message = `at most ${maxPending} users are invited to a group or have asked to join it: nothing was stored`;
    return { code: 'quota_exceeded', message, counted: 'groups.maxPending' };
  }
  return undefined;
}
