import type { DeviceId, UserId } from '@longwire/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ChannelKey, directChannel } from '../../src/channel/channel.js';
import { channelSlices, NewestChannels } from '../../src/messaging/channel-slices.js';
import type { ChannelStatus } from '../../src/storage/directory.js';
import { append, message } from '../storage/requests.js';
import { alice, MessagingFixture } from './messaging-fixture.js';

function status(recency: number): ChannelStatus {
  const position = { head: 1, base: 0, dueFrom: 1, visibleFrom: 1, left: undefined, cursor: undefined, read: 0 };
  return {
    channel: directChannel('a' as UserId, `${recency}` as UserId),
    epoch: 'e' as ChannelStatus['epoch'],
    ...position,
    recency,
  };
}

describe('NewestChannels', () => {
  it('keeps what sorting all of them by recency and cutting would keep, and says whether there is more', () => {
    const recencies = fc.uniqueArray(fc.nat(1_000), { maxLength: 60 });
    fc.assert(
      fc.property(recencies, fc.integer({ min: 1, max: 20 }), fc.option(fc.nat(1_000)), (given, count, limit) => {
        const newest = new NewestChannels(count, limit ?? undefined);
        for (const recency of given) newest.add(status(recency));
        const wanted = given.filter((recency) => recency < (limit ?? Number.POSITIVE_INFINITY)).sort((a, b) => b - a);
        expect(newest.channels.map(({ recency }) => recency)).toEqual(wanted.slice(0, count));
        expect(newest.isMore).toBe(wanted.length > count);
      }),
    );
  });
});

describe('channelSlices', () => {
  it('passes each channel of the user once, a slice at a time', async () => {
    const { store, gate, turns } = await MessagingFixture.open();
    for (let start = 0; start < 450; start += 50) {
      await append(
        store.log,
        Array.from({ length: 50 }, (_, n) => message('alice', `peer-${start + n}`)),
      );
    }
    const slices: number[] = [];
    const seen = new Set<ChannelKey>();
    const source = { directory: store.directory, turns, gate };
    for await (const slice of channelSlices(source, alice, 'phone' as DeviceId)) {
      slices.push(slice.length);
      for (const { channel } of slice) seen.add(channel.key);
    }
    expect([slices, seen.size]).toEqual([[200, 200, 50], 450]);
    await store.close();
  });
});
