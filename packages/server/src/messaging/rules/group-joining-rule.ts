// How users come into a group: added, invited, on request, or by themselves where it is open.

import type { UserId } from '@longwire/protocol';
import type { MemberRole, PendingChange } from '../../channel/membership.js';
import {
  type Candidates,
  type GroupJudgement,
  type GroupLimits,
  type GroupState,
  joinOf,
  memberChange,
  nothing,
  pendingChange,
  refusalOfRoom,
  refused,
} from './group-judgement.js';
import { NOT_A_MEMBER } from './group-rule.js';

export interface SortedCandidates {
  readonly added: readonly UserId[];
  /** Those who are invited already are not among them. */
  readonly invited: readonly UserId[];
}

/** Who asks to join agrees to be added. */
export function sortCandidates({ wanted, consenting }: Candidates, group: GroupState): SortedCandidates {
  const [added, invited]: [UserId[], UserId[]] = [[], []];
  for (const user of wanted) {
    if (group.roleOf(user) !== undefined) continue;
    const state = group.pendingStateOf(user);
    if (consenting.has(user) || state === 'requested') added.push(user);
    else if (state === undefined) invited.push(user);
  }
  return { added, invited };
}

export function invitationOf(user: UserId, by: UserId): PendingChange {
  return { user, state: 'invited', by };
}

export function judgeAdd(users: Candidates, actor: UserId, group: GroupState, limits: GroupLimits): GroupJudgement {
  const { added, invited } = sortCandidates(users, group);
  const outcome = { added, invited };
  if (added.length + invited.length === 0) return nothing(outcome);
  const full = refusalOfRoom(group, { members: added.length, pending: invited.length }, limits);
  if (full !== undefined) return refused(full);
  const pending = invited.map((user) => invitationOf(user, actor));
  if (added.length === 0) return pendingChange(pending, outcome);
  const members = added.map((user) => joinOf(user, 'member', group.settings));
  return memberChange({ change: 'added', users: added }, { members, pending }, outcome);
}

/** @param role  of the user; undefined: not a member, or the group does not exist */
export function judgeJoin(
  actor: UserId,
  role: MemberRole | undefined,
  group: GroupState,
  limits: GroupLimits,
): GroupJudgement {
  if (role !== undefined) return nothing({});
  const { joining } = group.settings;
  const state = group.exists ? group.pendingStateOf(actor) : undefined;
  const isClosed = !group.exists || joining === undefined || joining === 'closed';
  if (state === 'invited' || (joining === 'open' && !isClosed)) return judgeEntering(actor, actor, group, limits);
  if (isClosed) return refused(NOT_A_MEMBER);
  if (state === 'requested') return nothing({ pending: true });
  const full = refusalOfRoom(group, { members: 0, pending: 1 }, limits);
  if (full !== undefined) return refused(full);
  return pendingChange([{ user: actor, state: 'requested', by: actor }], { pending: true });
}

/** One's own invitation. */
export function judgeOwnAccept(
  actor: UserId,
  role: MemberRole | undefined,
  group: GroupState,
  limits: GroupLimits,
): GroupJudgement {
  if (role !== undefined) return nothing({});
  const isInvited = group.exists && group.pendingStateOf(actor) === 'invited';
  return isInvited ? judgeEntering(actor, actor, group, limits) : refused(NOT_A_MEMBER);
}

/** One's own invitation or request. To users without one, all groups look alike. */
export function judgeOwnDecline(actor: UserId, group: GroupState): GroupJudgement {
  const isPending = group.exists && group.pendingStateOf(actor) !== undefined;
  return isPending ? pendingChange([{ user: actor, state: undefined, by: actor }], {}) : nothing({});
}

/** The request of another user. */
export function judgeAccept(user: UserId, actor: UserId, group: GroupState, limits: GroupLimits): GroupJudgement {
  if (group.roleOf(user) !== undefined) return nothing({});
  if (group.pendingStateOf(user) === 'requested') return judgeEntering(user, actor, group, limits);
  const message = `user: expected one who has asked to join the group, ${user} has not: nothing was stored`;
  return refused({ code: 'invalid_field', message, counted: 'notAllowed' });
}

/** The request of another user, or the invitation that they have not answered. */
export function judgeDecline(user: UserId, actor: UserId, group: GroupState): GroupJudgement {
  if (group.pendingStateOf(user) === undefined) return nothing({});
  return pendingChange([{ user, state: undefined, by: actor }], {});
}

function judgeEntering(user: UserId, actor: UserId, group: GroupState, limits: GroupLimits): GroupJudgement {
  const full = refusalOfRoom(group, { members: 1, pending: 0 }, limits);
  if (full !== undefined) return refused(full);
  const change = user === actor ? 'joined' : 'added';
  return memberChange({ change, users: [user] }, { members: [joinOf(user, 'member', group.settings)] }, {});
}
