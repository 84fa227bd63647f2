import type { Gap, LongwireMessage } from '@longwire/client';
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
