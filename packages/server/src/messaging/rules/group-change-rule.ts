// Who may change what in a group, and what then becomes of it. Pure: a judgement depends on its arguments alone, so that it
// can be made again when the rights have changed before it was stored.

import type { GroupOutcome, GroupSettings, GroupSettingsChange, UserId } from '@longwire/protocol';
import { changedSettings } from '../../channel/group-settings.js';
import {
  MAX_MEMBER_CHANGES,
  MAX_SETTINGS_BYTES,
  type MemberChange,
  type MemberRole,
  NO_RIGHTS_CHANGE,
  type RightsChange,
} from '../../channel/membership.js';
import {
  invitationOf,
  judgeAccept,
  judgeAdd,
  judgeDecline,
  judgeJoin,
  judgeOwnAccept,
  judgeOwnDecline,
  sortCandidates,
} from './group-joining-rule.js';
import {
  forbidden,
  type GroupAction,
  type GroupJudgement,
  type GroupLimits,
  type GroupState,
  joinOf,
  leaveOf,
  memberChange,
  nothing,
  pendingChange,
  refusalOfRoom,
  refused,
} from './group-judgement.js';
import { NOT_A_MEMBER } from './group-rule.js';

export function judgeGroupChange(
  action: GroupAction,
  actor: UserId,
  group: GroupState,
  limits: GroupLimits,
): GroupJudgement {
  if (action.type === 'create') return judgeCreate(action, actor, group, limits);
  const role = group.exists ? group.roleOf(actor) : undefined;
  if (action.type === 'join') return judgeJoin(actor, role, group, limits);
  const isOwn = 'user' in action && (action.user ?? actor) === actor;
  if (action.type === 'accept' && isOwn) return judgeOwnAccept(actor, role, group, limits);
  if (action.type === 'decline' && isOwn) return judgeOwnDecline(actor, group);
  if (role === undefined) return refused(NOT_A_MEMBER);
  if (action.type === 'leave') return judgeLeave(actor, role, group);
  if (role === 'member') return forbidden('only the owners and admins of a group change it');
  switch (action.type) {
    case 'update':
      return judgeUpdate(action.settings, group);
    case 'add':
      return judgeAdd(action.users, actor, group, limits);
    case 'accept':
      return judgeAccept(action.user ?? actor, actor, group, limits);
    case 'decline':
      return judgeDecline(action.user ?? actor, actor, group);
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
  const { added, invited } = sortCandidates({ ...users, wanted }, group);
  // The owner joins by the same entry.
  const members = [joinOf(actor, 'owner', settings), ...added.map((user) => joinOf(user, 'member', settings))];
  if (members.length > MAX_MEMBER_CHANGES) {
    const message = `users: a group begins with at most ${MAX_MEMBER_CHANGES} members, its owner included; add others later`;
    return refused({ code: 'invalid_field', message, counted: 'notAllowed' });
  }
  const full = refusalOfRoom(group, { members: members.length, pending: invited.length }, limits);
  if (full !== undefined) return refused(full);
  const pending = invited.map((user) => invitationOf(user, actor));
  return settingsChange(settings, changedSettings({}, settings), { members, pending }, { group: id, added, invited });
}

function judgeUpdate(change: GroupSettingsChange, group: GroupState): GroupJudgement {
  const settings = changedSettings(group.settings, change);
  if (JSON.stringify(settings) === JSON.stringify(group.settings)) return nothing({});
  return settingsChange(change, settings, {}, {});
}

function judgeLeave(actor: UserId, role: MemberRole, group: GroupState): GroupJudgement {
  const isLast = group.memberCount === 1;
  if (role === 'owner' && !isLast && countOwners(group) === 1) {
    return forbidden('the last owner of a group hands over before leaving: make another member an owner first');
  }
  if (isLast && group.pendingCount > 0) return withdrawSome(actor, group);
  return memberChange({ change: 'left', users: [actor] }, { members: [leaveOf(actor)], closes: isLast }, {});
}

function judgeRemove(users: readonly UserId[], actor: UserId, role: MemberRole, group: GroupState): GroupJudgement {
  if (users.includes(actor)) return forbidden('users: no member removes themselves; use group.leave');
  const leaving = users.filter((user) => group.roleOf(user) !== undefined);
  if (role === 'admin' && leaving.some((user) => group.roleOf(user) !== 'member')) {
    return forbidden('only owners remove owners and admins');
  }
  const withdrawn = users.filter((user) => group.pendingStateOf(user) !== undefined);
  const outcome = { removed: [...leaving, ...withdrawn] };
  const pending = withdrawn.map((user) => ({ user, state: undefined, by: actor }));
  if (leaving.length > 0) {
    return memberChange({ change: 'removed', users: leaving }, { members: leaving.map(leaveOf), pending }, outcome);
  }
  return pending.length > 0 ? pendingChange(pending, outcome) : nothing(outcome);
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
  if (present === role) return nothing({});
  if (present === 'owner' && countOwners(group) === 1) {
    return forbidden('the last owner of a group stays one: make another member an owner first');
  }
  const members: MemberChange[] = [{ type: 'role', user, role }];
  return memberChange({ change: 'role', users: [user], role }, { members }, {});
}

/** Of a large group the others are removed before it ends, as many at a time as one entry takes. */
function judgeDelete(actor: UserId, group: GroupState): GroupJudgement {
  if (group.pendingCount > 0) return withdrawSome(actor, group);
  const others = firstOf(group.members(), (user) => user !== actor);
  if (others.length === MAX_MEMBER_CHANGES) {
    return memberChange({ change: 'removed', users: others }, { members: others.map(leaveOf) }, {}, { isPart: true });
  }
  const members = [...others, actor].map(leaveOf);
  const change: RightsChange = { ...NO_RIGHTS_CHANGE, members, closes: true };
  return { verdict: 'change', change: { kind: 'group', body: { deleted: true }, change, outcome: {}, isPart: false } };
}

/** Before a group ends, no user is invited to it any more. */
function withdrawSome(actor: UserId, group: GroupState): GroupJudgement {
  const pending = firstOf(group.pendingUsers()).map((user) => ({ user, state: undefined, by: actor }));
  return pendingChange(pending, {}, { isPart: true });
}

/** As many users as one row takes. */
function firstOf(users: Iterable<UserId>, isWanted: (user: UserId) => boolean = () => true): UserId[] {
  const first: UserId[] = [];
  for (const user of users) {
    if (isWanted(user)) first.push(user);
    if (first.length === MAX_MEMBER_CHANGES) break;
  }
  return first;
}

function countOwners(group: GroupState): number {
  let owners = 0;
  for (const user of group.members()) if (group.roleOf(user) === 'owner') owners += 1;
  return owners;
}

function settingsChange(
  body: GroupSettingsChange,
  settings: GroupSettings,
  change: Partial<RightsChange>,
  outcome: GroupOutcome,
): GroupJudgement {
  const text = JSON.stringify(settings);
  if (Buffer.byteLength(text) > MAX_SETTINGS_BYTES) {
    const message = `the settings of a group have at most ${MAX_SETTINGS_BYTES} bytes of JSON text: nothing was stored`;
    return refused({ code: 'too_large', message, counted: 'notAllowed' });
  }
  const whole: RightsChange = { ...NO_RIGHTS_CHANGE, ...change, settings: text };
  return { verdict: 'change', change: { kind: 'group', body, change: whole, outcome, isPart: false } };
}
