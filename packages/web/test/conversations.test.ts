import type { ChannelSummary, LongwireMessage } from '@longwire/client';
import { describe, expect, it } from 'vitest';
import { Conversations } from '../src/page/state/conversations.js';

const epoch = 'e1-1';

function summary(peer: string, head: number, at = 0): ChannelSummary {
  const address = `user/${peer}`;
  const last = { type: 'message', channel: address, epoch, offset: head, from: peer, at, body: `${peer} ${head}` };
  return { address, epoch, head, read: 0, unread: 1, visibleFrom: 1, last } as unknown as ChannelSummary;
}

function message(peer: string, offset: number, at = 0): LongwireMessage {
  return {
    channel: `user/${peer}`,
    epoch,
    offset,
    from: peer,
    at,
    body: 'x',
    own: false,
  } as unknown as LongwireMessage;
}

const peersOf = (conversations: Conversations) => [...conversations].map(({ peer }) => peer);

/** As the page does with a message that is pushed. */
function take(conversations: Conversations, pushed: LongwireMessage): void {
  const conversation = conversations.at(pushed.channel)!;
  if (conversation.takeMessage(pushed)) conversations.promote(conversation);
}

describe('Conversations', () => {
  it('are in the order of the list of the server, whatever the clock said (at)', () => {
    const conversations = new Conversations();
    conversations.takeFirst([summary('new', 5, 1_000), summary('old', 9, 2_000)]);
    expect(peersOf(conversations)).toEqual(['new', 'old']);
  });

  it('move to the front with a message that is newer than those listed', () => {
    const conversations = new Conversations();
    conversations.takeFirst([summary('a', 5), summary('b', 5), summary('c', 5)]);
    take(conversations, message('c', 6));
    expect(peersOf(conversations)).toEqual(['c', 'a', 'b']);
    take(conversations, message('new', 1));
    expect(peersOf(conversations)).toEqual(['new', 'c', 'a', 'b']);
  });

  it('stay where they are while the backlog of a listed conversation is delivered', () => {
    const conversations = new Conversations();
    conversations.takeFirst([summary('a', 5), summary('b', 5)]);
    for (const offset of [3, 4, 5]) take(conversations, message('b', offset));
    expect(peersOf(conversations)).toEqual(['a', 'b']);
  });

  it('keep the one that was opened without a message in front after a reconnect', () => {
    const conversations = new Conversations();
    conversations.takeFirst([summary('a', 5), summary('b', 5)]);
    conversations.promote(conversations.at('user/new')!);
    conversations.takeFirst([summary('b', 6), summary('a', 5)]);
    expect(peersOf(conversations)).toEqual(['new', 'b', 'a']);
  });

  it('are appended by a further page of the list', () => {
    const conversations = new Conversations();
    conversations.takeFirst([summary('a', 5)]);
    conversations.takeFurther([summary('b', 5), summary('a', 1), summary('c', 5)]);
    expect(peersOf(conversations)).toEqual(['a', 'b', 'c']);
    expect(conversations.unread).toBe(3);
  });
});

describe('takeOwnRead', () => {
  it.each([
    ['everything', 5, 0],
    ['a part', 4, 1],
    ['less than before', 1, 2],
  ])('after reading %s leaves the unread count that remains', (_what, offset, unread) => {
    const conversations = new Conversations();
    conversations.takeFirst([{ ...summary('a', 5), unread: 2 }]);
    const conversation = conversations.at('user/a')!;
    conversation.takeOwnRead(epoch, offset);
    expect(conversation.unread).toBe(unread);
  });

  it('of another epoch changes nothing', () => {
    const conversations = new Conversations();
    conversations.takeFirst([summary('a', 5)]);
    conversations.at('user/a')?.takeOwnRead('e2-1', 5);
    expect(conversations.unread).toBe(1);
  });
});
