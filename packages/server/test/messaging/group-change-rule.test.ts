// Who may change what in a group: one sentence of PROTOCOL.md after the other.

import type { GroupId, GroupSettings, UserId } from '@longwire/protocol';
import { describe, expect, it } from 'vitest';
import type { MemberRole, PendingState } from '../../src/channel/membership.js';
import { judgeGroupChange } from '../../src/messaging/rules/group-change-rule.js';
import type { Candidates, GroupAction, GroupJudgement, GroupState } from '../../src/messaging/rules/group-judgement.js';

const [owner, second, admin, member, stranger] = ['owner', 'second', 'admin', 'member', 'stranger'] as UserId[] as [
  UserId,
  UserId,
  UserId,
  UserId,
  UserId,
];
const eng = 'eng' as GroupId;
const limits = { maxMembers: 1_000, maxPending: 1_000 };

function groupOf(
  roles: Record<string, MemberRole>,
  settings: GroupSettings = {},
  states: Record<string, PendingState> = {},
): GroupState {
  const pending = new Map(Object.entries(states)) as Map<UserId, PendingState>;
  const members = new Map(Object.entries(roles)) as Map<UserId, MemberRole>;
  return {
    exists: members.size > 0,
    isTaken: members.size > 0,
    settings,
    memberCount: members.size,
    pendingCount: pending.size,
    roleOf: (user) => members.get(user),
    members: () => members.keys(),
    pendingStateOf: (user) => pending.get(user),
    pendingUsers: () => pending.keys(),
  };
}

const usual = (settings?: GroupSettings, states?: Record<string, PendingState>) =>
  groupOf({ owner: 'owner', admin: 'admin', member: 'member' }, settings, states);
const willing = (...wanted: UserId[]): Candidates => ({ wanted, consenting: new Set(wanted) });
const judge = (actor: UserId, action: GroupAction, group = usual()) => judgeGroupChange(action, actor, group, limits);
const codeOf = (judgement: GroupJudgement) =>
  judgement.verdict === 'refused' ? judgement.refusal.code : judgement.verdict;
function changeOf(judgement: GroupJudgement) {
  if (judgement.verdict !== 'change') throw new Error(`expected a change, got ${JSON.stringify(judgement)}`);
  return judgement.change;
}

describe('group.create', () => {
  const create = (settings: GroupSettings = {}, users: Candidates = willing()): GroupAction => {
    return { type: 'create', group: eng, settings, users };
  };
  const none = groupOf({});

  it('makes its user the owner and adds the users, in one entry group whose body is the settings given', () => {
    const change = changeOf(judge(owner, create({ title: 'T', history: 'start' }, willing(owner, member)), none));
    expect(change).toMatchObject({ kind: 'group', body: { title: 'T', history: 'start' } });
    expect(change.outcome).toEqual({ group: eng, added: [member], invited: [] });
    expect(change.change.members).toEqual([
      { type: 'join', user: owner, role: 'owner', visibleFrom: 'start' },
      { type: 'join', user: member, role: 'member', visibleFrom: 'start' },
    ]);
    expect(JSON.parse(change.change.settings!)).toEqual({ title: 'T', history: 'start' });
  });

  it('is refused with exists if the id is or was in use', () => {
    expect(codeOf(judge(owner, create()))).toBe('exists');
    expect(codeOf(judge(owner, create(), { ...none, isTaken: true }))).toBe('exists');
  });

  it('invites users who have not written to its user, in the same entry, and is refused with invalid_field above 199 others', () => {
    const users = { wanted: [member, stranger], consenting: new Set([member]) };
    const { change, outcome } = changeOf(judge(owner, create({}, users), none));
    expect(outcome).toEqual({ group: eng, added: [member], invited: [stranger] });
    expect(change.pending).toEqual([{ user: stranger, state: 'invited', by: owner }]);
    const many = Array.from({ length: 200 }, (_, index) => `u${index}` as UserId);
    expect(codeOf(judge(owner, create({}, willing(...many)), none))).toBe('invalid_field');
    expect(codeOf(judge(owner, create({}, willing(...many.slice(1))), none))).toBe('change');
  });
});

describe('to users who are no members, and in a group that has ended,', () => {
  const actions: GroupAction[] = [
    { type: 'update', settings: { title: 'T' } },
    { type: 'add', users: willing(stranger) },
    { type: 'join' },
    { type: 'leave' },
    { type: 'remove', users: [member] },
    { type: 'role', user: member, role: 'admin' },
    { type: 'delete' },
  ];
  it.each(actions)('group.$type gets not_a_member', (action) => {
    expect(codeOf(judge(stranger, action))).toBe('not_a_member');
    expect(codeOf(judge(stranger, action, groupOf({})))).toBe('not_a_member');
    expect(codeOf(judge(owner, action, { ...usual({ joining: 'open' }), exists: false }))).toBe('not_a_member');
  });
});

describe('group.update', () => {
  const update: GroupAction = { type: 'update', settings: { title: null, posting: 'admins' } };

  it('is for owners and admins, and stores all settings and an entry group with what changes', () => {
    const group = usual({ title: 'T', joining: 'open' });
    expect(codeOf(judge(member, update, group))).toBe('forbidden');
    for (const actor of [owner, admin]) {
      const { kind, body, change } = changeOf(judge(actor, update, group));
      expect({ kind, body }).toEqual({ kind: 'group', body: { title: null, posting: 'admins' } });
      expect(JSON.parse(change.settings!)).toEqual({ joining: 'open', posting: 'admins' });
    }
  });

  it('makes no entry where nothing changes', () => {
    expect(judge(owner, update, usual({ posting: 'admins' })).verdict).toBe('nothing');
    const defaults = { joining: 'closed', history: 'joining', posting: 'members' } as const;
    expect(judge(owner, { type: 'update', settings: defaults }, usual({})).verdict).toBe('nothing');
  });
});

describe('group.add', () => {
  it('is for owners and admins, and passes over who is a member', () => {
    const add: GroupAction = { type: 'add', users: willing(stranger, member) };
    expect(codeOf(judge(member, add))).toBe('forbidden');
    expect(changeOf(judge(admin, add))).toMatchObject({
      kind: 'member',
      body: { change: 'added', users: [stranger] },
      outcome: { added: [stranger], invited: [] },
    });
    expect(judge(admin, { type: 'add', users: willing(member) })).toEqual({
      verdict: 'nothing',
      outcome: { added: [], invited: [] },
    });
  });

  it('invites users who have not written to its user, without an entry, and adds those who have asked to join', () => {
    const users = { wanted: [stranger, second], consenting: new Set<UserId>() };
    const { kind, change, outcome } = changeOf(judge(admin, { type: 'add', users }));
    expect({ kind, outcome }).toEqual({ kind: undefined, outcome: { added: [], invited: [stranger, second] } });
    expect(change.members).toEqual([]);
    expect(change.pending).toEqual([stranger, second].map((user) => ({ user, state: 'invited', by: admin })));
    const asked = usual({}, { stranger: 'requested', second: 'invited' });
    expect(changeOf(judge(admin, { type: 'add', users }, asked)).outcome).toEqual({ added: [stranger], invited: [] });
  });

  it('is refused with quota_exceeded above groups.maxMembers and groups.maxPending', () => {
    const judgeWith = (users: Candidates, some: object) =>
      codeOf(judgeGroupChange({ type: 'add', users }, owner, usual(), { ...limits, ...some }));
    expect(judgeWith(willing(stranger), { maxMembers: 3 })).toBe('quota_exceeded');
    expect(judgeWith({ wanted: [stranger, second], consenting: new Set() }, { maxPending: 1 })).toBe('quota_exceeded');
    expect(judgeWith({ wanted: [stranger], consenting: new Set() }, { maxMembers: 3, maxPending: 1 })).toBe('change');
  });
});

describe('group.accept and group.decline', () => {
  const accept = (user?: UserId): GroupAction => ({ type: 'accept', user });
  const decline = (user?: UserId): GroupAction => ({ type: 'decline', user });
  const group = usual({}, { stranger: 'invited', second: 'requested' });

  it('without a user concern the own invitation: accept joins, decline ends it or the own request', () => {
    const { kind, body, change } = changeOf(judge(stranger, accept(), group));
    expect({ kind, body }).toEqual({ kind: 'member', body: { change: 'joined', users: [stranger] } });
    expect(change.members).toEqual([{ type: 'join', user: stranger, role: 'member', visibleFrom: 'joining' }]);
    expect(codeOf(judge(second, accept(), group))).toBe('not_a_member');
    expect(codeOf(judge(member, accept(), group))).toBe('nothing');
    for (const user of [stranger, second]) {
      const declined = changeOf(judge(user, decline(), group));
      expect(declined.kind).toBeUndefined();
      expect(declined.change.pending).toEqual([{ user, state: undefined, by: user }]);
    }
    expect(codeOf(judge(stranger, decline(), usual()))).toBe('nothing');
    expect(codeOf(judge(stranger, decline(), groupOf({})))).toBe('nothing');
  });

  it('with a user are for owners and admins: accept adds one who has asked, decline ends a request or an invitation', () => {
    expect(codeOf(judge(member, accept(second), group))).toBe('forbidden');
    expect(codeOf(judge(stranger, accept(second), group))).toBe('not_a_member');
    expect(codeOf(judge(stranger, decline(second), group))).toBe('not_a_member');
    expect(changeOf(judge(admin, accept(second), group)).body).toEqual({ change: 'added', users: [second] });
    expect(codeOf(judge(admin, accept(stranger), group))).toBe('invalid_field');
    expect(codeOf(judge(admin, accept(member), group))).toBe('nothing');
    for (const user of [stranger, second]) {
      expect(changeOf(judge(admin, decline(user), group)).change.pending).toEqual([
        { user, state: undefined, by: admin },
      ]);
    }
    expect(codeOf(judge(admin, decline(member), group))).toBe('nothing');
  });
});

describe('group.join', () => {
  it('joins an open group, from where history says', () => {
    const { body, change } = changeOf(judge(stranger, { type: 'join' }, usual({ joining: 'open' })));
    expect(body).toEqual({ change: 'joined', users: [stranger] });
    expect(change.members).toEqual([{ type: 'join', user: stranger, role: 'member', visibleFrom: 'joining' }]);
  });

  it('gets not_a_member in a closed group, ok without an entry for a member, quota_exceeded above groups.maxMembers', () => {
    expect(codeOf(judge(stranger, { type: 'join' }, usual({ joining: 'closed' })))).toBe('not_a_member');
    expect(judge(member, { type: 'join' }).verdict).toBe('nothing');
    const few = { ...limits, maxMembers: 3 };
    const full = judgeGroupChange({ type: 'join' }, stranger, usual({ joining: 'open' }), few);
    expect(codeOf(full)).toBe('quota_exceeded');
  });

  it('asks to join a group that takes requests, once, and joins where the user is invited, whatever joining is', () => {
    const { kind, change, outcome } = changeOf(judge(stranger, { type: 'join' }, usual({ joining: 'request' })));
    expect({ kind, outcome }).toEqual({ kind: undefined, outcome: { pending: true } });
    expect(change.pending).toEqual([{ user: stranger, state: 'requested', by: stranger }]);
    expect(judge(stranger, { type: 'join' }, usual({ joining: 'request' }, { stranger: 'requested' }))).toEqual({
      verdict: 'nothing',
      outcome: { pending: true },
    });
    for (const joining of ['closed', 'request', 'open'] as const) {
      const invited = usual({ joining }, { stranger: 'invited' });
      expect(changeOf(judge(stranger, { type: 'join' }, invited)).body).toMatchObject({ change: 'joined' });
    }
    const full = { ...limits, maxPending: 0 };
    const refused = judgeGroupChange({ type: 'join' }, stranger, usual({ joining: 'request' }), full);
    expect(codeOf(refused)).toBe('quota_exceeded');
  });
});

describe('group.leave', () => {
  it('is for every member, but not for the last owner while others are there', () => {
    expect(changeOf(judge(member, { type: 'leave' }))).toMatchObject({
      body: { change: 'left', users: [member] },
      change: { members: [{ type: 'leave', user: member }], closes: false },
    });
    expect(codeOf(judge(owner, { type: 'leave' }))).toBe('forbidden');
    expect(codeOf(judge(owner, { type: 'leave' }, groupOf({ owner: 'owner', second: 'owner' })))).toBe('change');
  });

  it('of the last member first ends all invitations and requests, 200 by a row', () => {
    const pending = Object.fromEntries(Array.from({ length: 450 }, (_, index) => [`u${index}`, 'invited' as const]));
    const { kind, change, isPart } = changeOf(
      judge(owner, { type: 'leave' }, groupOf({ owner: 'owner' }, {}, pending)),
    );
    expect({ kind, isPart, closes: change.closes }).toEqual({ kind: undefined, isPart: true, closes: false });
    expect(change.pending).toHaveLength(200);
    expect(changeOf(judge(owner, { type: 'delete' }, usual({}, { stranger: 'requested' })))).toMatchObject({
      isPart: true,
      change: { pending: [{ user: stranger, state: undefined, by: owner }] },
    });
  });

  it('of the last member ends the group', () => {
    expect(changeOf(judge(owner, { type: 'leave' }, groupOf({ owner: 'owner' }))).change.closes).toBe(true);
  });
});

describe('group.remove', () => {
  const group = groupOf({ owner: 'owner', second: 'owner', admin: 'admin', member: 'member' });
  const remove = (...users: UserId[]): GroupAction => ({ type: 'remove', users });

  it('is for owners, who remove everybody else, and for admins, who remove those with the role member', () => {
    expect(changeOf(judge(owner, remove(second, admin, member, stranger), group))).toMatchObject({
      body: { change: 'removed', users: [second, admin, member] },
      outcome: { removed: [second, admin, member] },
    });
    expect(codeOf(judge(admin, remove(member), group))).toBe('change');
    expect(codeOf(judge(admin, remove(second), group))).toBe('forbidden');
    expect(codeOf(judge(member, remove(admin), group))).toBe('forbidden');
    expect(codeOf(judge(owner, remove(owner), group))).toBe('forbidden');
    expect(judge(owner, remove(stranger), group)).toEqual({ verdict: 'nothing', outcome: { removed: [] } });
  });

  it('ends invitations and requests as well, without an entry if no member is removed', () => {
    const some = usual({}, { stranger: 'invited', second: 'requested' });
    const ends = [stranger, second].map((user) => ({ user, state: undefined, by: admin }));
    const withdrawn = changeOf(judge(admin, remove(stranger, second), some));
    expect(withdrawn).toMatchObject({ kind: undefined, outcome: { removed: [stranger, second] } });
    expect(withdrawn.change.pending).toEqual(ends);
    const both = changeOf(judge(admin, remove(stranger, second, member), some));
    expect(both).toMatchObject({ kind: 'member', outcome: { removed: [member, stranger, second] } });
    expect(both.body).toEqual({ change: 'removed', users: [member] });
    expect(both.change.pending).toEqual(ends);
  });
});

describe('group.role', () => {
  const give = (user: UserId, role: MemberRole): GroupAction => ({ type: 'role', user, role });

  it('is for owners, and leaves one owner', () => {
    expect(changeOf(judge(owner, give(member, 'owner')))).toMatchObject({
      body: { change: 'role', users: [member], role: 'owner' },
      change: { members: [{ type: 'role', user: member, role: 'owner' }] },
    });
    expect(codeOf(judge(admin, give(member, 'admin')))).toBe('forbidden');
    expect(codeOf(judge(owner, give(owner, 'member')))).toBe('forbidden');
    expect(codeOf(judge(owner, give(owner, 'member'), groupOf({ owner: 'owner', second: 'owner' })))).toBe('change');
    expect(codeOf(judge(owner, give(stranger, 'admin')))).toBe('invalid_field');
    expect(judge(owner, give(member, 'member')).verdict).toBe('nothing');
  });
});

describe('group.delete', () => {
  it('is for owners: everybody has left by its entry, and the group takes nothing more', () => {
    expect(codeOf(judge(admin, { type: 'delete' }))).toBe('forbidden');
    const { body, change, isPart } = changeOf(judge(owner, { type: 'delete' }));
    expect({ body, isPart }).toEqual({ body: { deleted: true }, isPart: false });
    expect(change.closes).toBe(true);
    expect(change.members.map(({ user }) => user)).toEqual([admin, member, owner]);
  });

  it('of a large group removes the others first, 200 by an entry', () => {
    const users = Array.from({ length: 450 }, (_, index) => `u${index}`);
    const large = groupOf(Object.fromEntries([['owner', 'owner'], ...users.map((user) => [user, 'member'])]));
    const { kind, change, isPart } = changeOf(judge(owner, { type: 'delete' }, large));
    expect({ kind, isPart, closes: change.closes }).toEqual({ kind: 'member', isPart: true, closes: false });
    expect(change.members).toHaveLength(200);
  });
});
