import type { ChannelSummary, Gap, GroupChange, LongwireMessage, MemberChange } from '@longwire/client';
import { describe, expect, it } from 'vitest';
import { Conversation } from '../src/page/state/conversation.js';

const place = { channel: 'user/bob', epoch: 'k3' } as const;

function messageAt(offset: number): LongwireMessage {
  return { ...place, offset, at: offset, from: 'bob', own: false, body: `m${offset}` } as LongwireMessage;
}

function gapOf(from: number, to: number, reason: string): Gap {
  return { ...place, from, to, next: to + 1, reason } as Gap;
}

/** Offsets of messages, and the ranges of gaps. */
const outlineOf = ({ items }: Conversation) =>
  items.map((item) => (item.kind === 'gap' ? [item.gap.from, item.gap.to] : item.kind === 'message' && item.offset));

describe('a conversation', () => {
  it('has gaps of pushes and of history in their places, once', () => {
    const conversation = new Conversation('user/bob');
    conversation.takeMessage(messageAt(5));
    conversation.takeGap(gapOf(6, 7, 'removed'));
    conversation.takeMessage(messageAt(8));
    const items = [gapOf(1, 2, 'expired'), messageAt(3), gapOf(4, 4, 'erased'), messageAt(5), gapOf(6, 7, 'removed')];
    conversation.takeHistory({ items, messages: [], more: false, first: { ...place, offset: 1 }, last: undefined });
    expect(outlineOf(conversation)).toEqual([[1, 2], 3, [4, 4], 5, [6, 7], 8]);
    expect(conversation.hasEarlier).toBe(false);
  });

  it('continues before the whole page of history, also where that is one gap', () => {
    const conversation = new Conversation('user/bob');
    conversation.takeMessage(messageAt(90));
    expect(conversation.earliest).toMatchObject({ offset: 90 });
    const first = { epoch: 'k3', offset: 40 };
    conversation.takeHistory({ items: [gapOf(40, 89, 'removed')], messages: [], more: true, first, last: undefined });
    expect(conversation.earliest).toEqual(first);
    expect(conversation.hasEarlier).toBe(true);
  });
});

describe('a conversation of a group', () => {
  const eng = { channel: 'group/eng', epoch: 'k3', at: 1, from: 'bob', own: false } as const;
  const summary = { address: 'group/eng', epoch: 'k3', head: 5, read: 5, unread: 0, visibleFrom: 1, role: 'member' };
  const member = (offset: number, change: string, users: string[], role?: string) =>
    ({ ...eng, offset, change, users, role }) as unknown as MemberChange;
  const settings = (offset: number, changed: object, deleted = false) =>
    ({ ...eng, offset, settings: changed, deleted }) as unknown as GroupChange;

  function conversationOf(): Conversation {
    const conversation = new Conversation('group/eng');
    conversation.takeSummary({ ...summary, members: 3, title: 'Eng' } as unknown as ChannelSummary);
    return conversation;
  }

  it('has changes in their places, in words, which are not unread', () => {
    const conversation = conversationOf();
    conversation.takeMessage({ ...eng, offset: 6, body: 'x' } as unknown as LongwireMessage);
    expect(conversation.takeChange(member(7, 'left', ['dan']), 'alice')).toBe(true);
    conversation.takeChange(member(5, 'joined', ['dan']), 'alice');
    expect(conversation.items.map((item) => item.kind)).toEqual(['change', 'message', 'change']);
    expect([conversation.unread, conversation.preview]).toEqual([1, 'dan left 离开了群组']);
    conversation.takeOwnRead('k3', 6);
    expect(conversation.unread).toBe(0);
  });

  it('shows those who write and are named by their names and ids, once these are known', () => {
    const conversation = conversationOf();
    conversation.takeMessage({ ...eng, offset: 6, body: 'x' } as unknown as LongwireMessage);
    conversation.takeChange(member(7, 'added', ['dan', 'eve']), 'alice');
    expect(conversation.usersToName(2)).toEqual(['bob', 'dan']);
    expect(conversation.usersToName(2)).toEqual(['eve']);
    expect(conversation.usersToName(2)).toEqual([]);
    conversation.takeName('bob', 'Bob Builder');
    conversation.takeName('dan', undefined);
    expect(['bob', 'dan'].map((user) => conversation.userText(user))).toEqual(['Bob Builder (bob)', 'dan']);
  });

  it('follows the changes after its summary: members, role, title, posting, and the end', () => {
    const conversation = conversationOf();
    // Counted by the summary already.
    conversation.takeChange(member(5, 'added', ['dan', 'eve']), 'alice');
    expect(conversation.group).toMatchObject({ members: 3 });
    conversation.takeChange(member(6, 'added', ['fay']), 'alice');
    conversation.takeChange(settings(7, { title: null, posting: 'admins' }), 'alice');
    expect(conversation.group).toMatchObject({ members: 4, title: undefined, role: 'member' });
    expect(conversation.isReadOnly).toBe(true);
    conversation.takeChange(member(8, 'role', ['alice'], 'admin'), 'alice');
    expect(conversation.isReadOnly).toBe(false);
    conversation.takeChange(settings(9, {}, true), 'alice');
    expect(conversation.group).toMatchObject({ isOver: true });
    expect(conversation.isReadOnly).toBe(true);
  });

  it('is over for who is removed, until they join again', () => {
    const conversation = conversationOf();
    conversation.takeChange(member(6, 'removed', ['alice']), 'alice');
    expect(conversation.isReadOnly).toBe(true);
    conversation.takeState({ ...summary, head: 9, members: 3 } as unknown as ChannelSummary);
    expect([conversation.isReadOnly, conversation.group?.isOver]).toEqual([false, false]);
  });
});
