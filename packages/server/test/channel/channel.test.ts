import { formatAddress, type ParsedAddress, parseUserId, type UserId } from '@longwire/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { directChannel, namedReaders, peerIn } from '../../src/channel/channel.js';
import { addressOf, channelAt } from '../../src/channel/channel-address.js';
import { channelOfName, nameOf } from '../../src/storage/channel-name.js';

const alice = 'alice' as UserId;
const bob = 'bob' as UserId;

const id = fc
  .string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
  .filter((text) => parseUserId(text) !== undefined);
const level = fc.oneof(id, fc.constantFrom('', 'a b', '%41', '+', '#'));
const address = fc.oneof(
  id.map((peer) => ({ kind: 'direct', peer })),
  id.map((group) => ({ kind: 'group', group })),
  fc.constant({ kind: 'inbox', user: undefined }),
  id.map((user) => ({ kind: 'inbox', user })),
  fc.constant({ kind: 'announcement' }),
  fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => ({ kind: 'topic', levels })),
) as fc.Arbitrary<ParsedAddress>;

describe('channelAt', () => {
  it('finds one channel for the addresses that its two users have for each other', () => {
    const channel = channelAt({ kind: 'direct', peer: bob }, alice);
    expect(channel).toEqual(channelAt({ kind: 'direct', peer: alice }, bob));
    expect([addressOf(channel, alice), addressOf(channel, bob)]).toEqual(['user/bob', 'user/alice']);
  });

  it('is undone by addressOf for every address, and gives other channels other keys', () => {
    fc.assert(
      fc.property(address, address, id, (first, second, speaker) => {
        const [a, b] = [channelAt(first, speaker as UserId), channelAt(second, speaker as UserId)];
        const [textA, textB] = [addressOf(a, speaker as UserId), addressOf(b, speaker as UserId)];
        const isOwnInbox = first.kind === 'inbox' && first.user === speaker;
        expect(textA).toBe(isOwnInbox ? 'inbox' : formatAddress(first));
        expect(a.key === b.key).toBe(textA === textB);
      }),
    );
  });
});

describe('channelOfName', () => {
  it('returns the channel of which nameOf gave the name', () => {
    fc.assert(
      fc.property(address, id, (given, speaker) => {
        const channel = channelAt(given, speaker as UserId);
        expect(channelOfName(nameOf(channel))).toEqual(channel);
      }),
    );
  });

  it.each(['', 'direct', 'direct/alice', 'user/alice', 'all/x'])('throws a TypeError for %o', (text) => {
    expect(() => channelOfName(text as never)).toThrow(TypeError);
  });
});

describe('a direct channel', () => {
  it('with oneself has one reader, who is their own peer', () => {
    const channel = directChannel(alice, alice);
    expect([namedReaders(channel), peerIn(channel, alice)]).toEqual([[alice], alice]);
  });
});
