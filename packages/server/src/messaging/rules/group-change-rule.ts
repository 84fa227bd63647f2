// Who may change what in a group, and what then becomes of it. Pure: a judgement depends on its arguments alone, so that it
// can be made again when the rights have changed before it was stored.

import type { GroupId, GroupOutcome, GroupSettings, GroupSettingsChange, UserId } from '@longwire/protocol';
import { changedSettings } from '../../channel/group-settings.js';
import {
  MAX_MEMBER_CHANGES,
  MAX_SETTINGS_BYTES,
  type MemberChange,
  type MemberRole,
  type RightsChange,
} from '../../channel/membership.js';
import { NOT_A_MEMBER } from './group-rule.js';
import type { RuleRefusal } from './rule-refusal.js';

/** What a user wants to change. */
export type GroupAction =
  | { readonly type: 'create'; readonly group: GroupId; readonly settings: GroupSettings; readonly users: Candidates }
  | { readonly type: 'update'; readonly settings: GroupSettingsChange }
  | { readonly type: 'add'; readonly users: Candidates }
  | { readonly type: 'join' }
  | { readonly type: 'leave' }
  | { readonly type: 'remove'; readonly users: readonly UserId[] }
  | { readonly type: 'role'; readonly user: UserId; readonly role: MemberRole }
  | { readonly type: 'delete' };

/** Users to be added, and which of them have written to the one who adds them: only those may be. */
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
  /** Undefined: not a member. */
  roleOf(user: UserId): MemberRole | undefined;
  members(): Iterable<UserId>;
}

export interface GroupLimits {
  /** Of one group. */
  readonly maxMembers: number;
}

/** What is to be stored: an entry of the group with a change of its rights. */
export interface GroupChange {
  readonly kind: 'group' | 'member';
  readonly body: object;
  readonly change: RightsChange;
  readonly outcome: GroupOutcome;
  /** There is more to do of the same than one entry takes: the action is judged again once this is stored. */
  readonly isPart: boolean;
}

export type GroupJudgement =
  | { readonly verdict: 'change'; readonly change: GroupChange }
  /** It is so already. */
  | { readonly verdict: 'nothing'; readonly outcome: GroupOutcome }
  | { readonly verdict: 'refused'; readonly refusal: RuleRefusal };

export function judgeGroupChange(
  action: GroupAction,
  actor: UserId,
  group: GroupState,
  limits: GroupLimits,
): GroupJudgement {
  if (action.type === 'create') return judgeCreate(action, actor, group, limits);
  const role = group.exists ? group.roleOf(actor) : undefined;
  if (action.type === 'join') return judgeJoin(actor, role, group, limits);
  if (role === undefined) return refused(NOT_A_MEMBER);
  if (action.type === 'leave') return judgeLeave(actor, role, group);
  if (role === 'member') return forbidden('only the owners and admins of a group change it');
  switch (action.type) {
    case 'update':
      return judgeUpdate(action.settings, group);
    case 'add':
      return judgeAdd(action.users, group, limits);
    case 'remove':
      return judgeRemove(action.users, actor, role, group);
    case 'role':
      return role === 'owner' ? judgeRole(action, group) : forbidden('only owners change roles');
    case 'delete':
      return role === 'owner' ? judgeDelete(actor, group) : forbidden('only owners delete a group');
  }
}

function judgeCreate(
  { group: id, settings, users }: Extract<GroupAction, { type: 'create' }>,
  actor: UserId,
  group: GroupState,
  limits: GroupLimits,
): GroupJudgement {
  if (group.isTaken) {
    return refused({ code: 'exists', message: `group: ${id} is taken; choose another id`, counted: 'notAllowed' });
  }
  const wanted = users.wanted.filter((user) => user !== actor);
  // The owner joins by the same entry.
  const added = wanted.slice(0, MAX_MEMBER_CHANGES - 1);
  const unwilling = refusalOfAdding({ ...users, wanted }, 1, limits) ?? refusalOfCount(wanted.length - added.length);
  if (unwilling !== undefined) return refused(unwilling);
  const members: MemberChange[] = [
    joinOf(actor, 'owner', settings),
    ...added.map((user) => joinOf(user, 'member', settings)),
  ];
  return settingsChange(settings, settings, members, { group: id, added });
}

function judgeUpdate(change: GroupSettingsChange, group: GroupState): GroupJudgement {
  const settings = changedSettings(group.settings, change);
  if (JSON.stringify(settings) === JSON.stringify(group.settings)) return { verdict: 'nothing', outcome: {} };
  return settingsChange(change, settings, [], {});
}

function judgeAdd(users: Candidates, group: GroupState, limits: GroupLimits): GroupJudgement {
  const added = users.wanted.filter((user) => group.roleOf(user) === undefined);
  if (added.length === 0) return { verdict: 'nothing', outcome: { added } };
  const unwilling = refusalOfAdding({ ...users, wanted: added }, group.memberCount, limits);
  if (unwilling !== undefined) return refused(unwilling);
  const joins = added.map((user) => joinOf(user, 'member', group.settings));
  return memberChange({ change: 'added', users: added }, joins, { added });
}

function judgeJoin(
  actor: UserId,
  role: MemberRole | undefined,
  group: GroupState,
  limits: GroupLimits,
): GroupJudgement {
  if (role !== undefined) return { verdict: 'nothing', outcome: {} };
  if (!group.exists || group.settings.joining !== 'open') return refused(NOT_A_MEMBER);
  if (group.memberCount >= limits.maxMembers) return refused(fullGroup(limits));
  return memberChange({ change: 'joined', users: [actor] }, [joinOf(actor, 'member', group.settings)], {});
}

function judgeLeave(actor: UserId, role: MemberRole, group: GroupState): GroupJudgement {
  const isLast = group.memberCount === 1;
  if (role === 'owner' && !isLast && countOwners(group) === 1) {
    return forbidden('the last owner of a group hands over before leaving: make another member an owner first');
  }
  return memberChange({ change: 'left', users: [actor] }, [{ type: 'leave', user: actor }], {}, { closes: isLast });
}

function judgeRemove(users: readonly UserId[], actor: UserId, role: MemberRole, group: GroupState): GroupJudgement {
  if (users.includes(actor)) return forbidden('users: no member removes themselves; use group.leave');
  const removed = users.filter((user) => group.roleOf(user) !== undefined);
  if (role === 'admin' && removed.some((user) => group.roleOf(user) !== 'member')) {
    return forbidden('only owners remove owners and admins');
  }
  if (removed.length === 0) return { verdict: 'nothing', outcome: { removed } };
  return memberChange({ change: 'removed', users: removed }, removed.map(leaveOf), { removed });
}

function judgeRole(
  { user, role }: { readonly user: UserId; readonly role: MemberRole },
  group: GroupState,
): GroupJudgement {
  const present = group.roleOf(user);
  if (present === undefined) {
    const message = `user: expected a member of the group, ${user} is none`;
    return refused({ code: 'invalid_field', message, counted: 'notAllowed' });
  }
  if (present === role) return { verdict: 'nothing', outcome: {} };
  if (present === 'owner' && countOwners(group) === 1) {
    return forbidden('the last owner of a group stays one: make another member an owner first');
  }
  return memberChange({ change: 'role', users: [user], role }, [{ type: 'role', user, role }], {});
}

/** Of a large group the others are removed before it ends, as many at a time as one entry takes. */
function judgeDelete(actor: UserId, group: GroupState): GroupJudgement {
  const others: UserId[] = [];
  for (const user of group.members()) {
    if (user !== actor) others.push(user);
    if (others.length === MAX_MEMBER_CHANGES) break;
  }
  if (others.length === MAX_MEMBER_CHANGES) {
    return memberChange({ change: 'removed', users: others }, others.map(leaveOf), {}, { isPart: true });
  }
  const members = [...others, actor].map(leaveOf);
  const change: RightsChange = { members, settings: undefined, blocks: [], closes: true };
  const body = { deleted: true };
  return { verdict: 'change', change: { kind: 'group', body, change, outcome: {}, isPart: false } };
}

function refusalOfAdding(
  { wanted, consenting }: Candidates,
  memberCount: number,
  limits: GroupLimits,
): RuleRefusal | undefined {
  const strangers = wanted.filter((user) => !consenting.has(user));
  if (strangers.length > 0) {
    const message = `users: expected users who have written to you before; ${strangers[0]} has not: nothing was stored`;
    return { code: 'forbidden', message, counted: 'notAllowed' };
  }
  return memberCount + wanted.length > limits.maxMembers ? fullGroup(limits) : undefined;
}

function refusalOfCount(tooMany: number): RuleRefusal | undefined {
  if (tooMany === 0) return undefined;
  const message = `users: a group begins with at most ${MAX_MEMBER_CHANGES} members, its owner included; add others later`;
  return { code: 'invalid_field', message, counted: 'notAllowed' };
}

function fullGroup({ maxMembers }: GroupLimits): RuleRefusal {
  const message = `a group has at most ${maxMembers} members: nothing was stored`;
  return { code: 'quota_exceeded', message, counted: 'groups.maxMembers' };
}

function countOwners(group: GroupState): number {
  let owners = 0;
  for (const user of group.members()) if (group.roleOf(user) === 'owner') owners += 1;
  return owners;
}

function joinOf(user: UserId, role: MemberRole, { history }: GroupSettings): MemberChange {
  return { type: 'join', user, role, visibleFrom: history === 'start' ? 'start' : 'joining' };
}

function leaveOf(user: UserId): MemberChange {
  return { type: 'leave', user };
}

function memberChange(
  body: { readonly change: string; readonly users: readonly UserId[]; readonly role?: MemberRole },
  members: readonly MemberChange[],
  outcome: GroupOutcome,
  { closes = false, isPart = false }: { readonly closes?: boolean; readonly isPart?: boolean } = {},
): GroupJudgement {
  const change: RightsChange = { members, settings: undefined, blocks: [], closes };
  return { verdict: 'change', change: { kind: 'member', body, change, outcome, isPart } };
}

function settingsChange(
  body: GroupSettingsChange,
  settings: GroupSettings,
  members: readonly MemberChange[],
  outcome: GroupOutcome,
): GroupJudgement {
  const text = JSON.stringify(settings);
  if (Buffer.byteLength(text) > MAX_SETTINGS_BYTES) {
    const message = `the settings of a group have at most ${MAX_SETTINGS_BYTES} bytes of JSON text: nothing was stored`;
    return refused({ code: 'too_large', message, counted: 'notAllowed' });
  }
  const change: RightsChange = { members, settings: text, blocks: [], closes: false };
  return { verdict: 'change', change: { kind: 'group', body, change, outcome, isPart: false } };
}

function refused(refusal: RuleRefusal): GroupJudgement {
  return { verdict: 'refused', refusal };
}

function forbidden(message: string): GroupJudgement {
  return refused({ code: 'forbidden', message: `${message}: nothing was stored`, counted: 'notAllowed' });
}
