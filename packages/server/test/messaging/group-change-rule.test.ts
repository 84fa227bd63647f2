// Who may change what in a group: one sentence of PROTOCOL.md after the other.

import type { GroupId, GroupSettings, UserId } from '@longwire/protocol';
import { describe, expect, it } from 'vitest';
import type { MemberRole } from '../../src/channel/membership.js';
import {
  type Candidates,
  type GroupAction,
  type GroupJudgement,
  type GroupState,
  judgeGroupChange,
} from '../../src/messaging/rules/group-change-rule.js';

const [owner, second, admin, member, stranger] = ['owner', 'second', 'admin', 'member', 'stranger'] as UserId[] as [
  UserId,
  UserId,
  UserId,
  UserId,
  UserId,
];
const eng = 'eng' as GroupId;
const limits = { maxMembers: 1_000 };

function groupOf(roles: Record<string, MemberRole>, settings: GroupSettings = {}): GroupState {
  const members = new Map(Object.entries(roles)) as Map<UserId, MemberRole>;
  return {
    exists: members.size > 0,
    isTaken: members.size > 0,
    settings,
    memberCount: members.size,
    roleOf: (user) => members.get(user),
    members: () => members.keys(),
  };
}

const usual = (settings?: GroupSettings) => groupOf({ owner: 'owner', admin: 'admin', member: 'member' }, settings);
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
    expect(change.outcome).toEqual({ group: eng, added: [member] });
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

  it('is refused with forbidden if one of the users has not written to its user, and with invalid_field above 199 users', () => {
    const users = { wanted: [member, stranger], consenting: new Set([member]) };
    expect(codeOf(judge(owner, create({}, users), none))).toBe('forbidden');
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
  });
});

describe('group.add', () => {
  it('is for owners and admins, and passes over who is a member', () => {
    const add: GroupAction = { type: 'add', users: willing(stranger, member) };
    expect(codeOf(judge(member, add))).toBe('forbidden');
    expect(changeOf(judge(admin, add))).toMatchObject({
      kind: 'member',
      body: { change: 'added', users: [stranger] },
      outcome: { added: [stranger] },
    });
    expect(judge(admin, { type: 'add', users: willing(member) })).toEqual({
      verdict: 'nothing',
      outcome: { added: [] },
    });
  });

  it('is refused with forbidden for users who have not written to its user, and with quota_exceeded above groups.maxMembers', () => {
    const users = { wanted: [stranger], consenting: new Set<UserId>() };
    expect(codeOf(judge(owner, { type: 'add', users }))).toBe('forbidden');
    const full = judgeGroupChange({ type: 'add', users: willing(stranger) }, owner, usual(), { maxMembers: 3 });
    expect(codeOf(full)).toBe('quota_exceeded');
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
    const full = judgeGroupChange({ type: 'join' }, stranger, usual({ joining: 'open' }), { maxMembers: 3 });
    expect(codeOf(full)).toBe('quota_exceeded');
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
