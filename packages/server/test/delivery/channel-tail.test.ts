import type { Epoch, UserId } from '@longwire/protocol';
import { describe, expect, it } from 'vitest';
import { directChannel } from '../../src/channel/channel.js';
import { makeEntry } from '../../src/channel/entry.js';
import { ChannelTail } from '../../src/delivery/channel-tail.js';
import { EntryPushes } from '../../src/delivery/encoded-push.js';
import { jsonCodec } from '../../src/delivery/json-codec.js';
import { RingBudget } from '../../src/delivery/ring-budget.js';
import { contentOf } from '../storage/requests.js';
import { binaryCodec } from './binary-codec.js';

const channel = directChannel('alice' as UserId, 'bob' as UserId);
const epoch = 'e1' as Epoch;

function entry(offset: number, body = '1'): EntryPushes {
  const content = contentOf('alice' as UserId, body);
  return new EntryPushes(makeEntry(channel, content, { epoch, offset, at: 1, messages: offset }));
}

function offsets(list: readonly EntryPushes[] | undefined): number[] | undefined {
  return list?.map((pushes) => pushes.entry.offset);
}

const rings = new RingBudget(1_000_000_000, () => undefined);

describe('ChannelTail', () => {
  it('gives all entries above a position it reaches back to', () => {
    const tail = new ChannelTail(channel, epoch, 7, rings);
    for (const offset of [8, 9, 10]) tail.add(entry(offset));
    expect(offsets(tail.since(8))).toEqual([9, 10]);
    expect(offsets(tail.since(10))).toEqual([]);
    expect(tail.since(6)).toBeUndefined();
  });

  it('forgets what lies before a hole', () => {
    const tail = new ChannelTail(channel, epoch, 0, rings);
    tail.add(entry(1));
    tail.add(entry(3));
    expect(tail.since(1)).toBeUndefined();
    expect(offsets(tail.since(2))).toEqual([3]);
    tail.raise(9);
    expect(tail.since(2)).toBeUndefined();
    expect(tail.head).toBe(9);
  });

  it('keeps a bounded number of entries and of bytes', () => {
    const many = new ChannelTail(channel, epoch, 0, rings);
    for (let offset = 1; offset <= 1_000; offset += 1) many.add(entry(offset));
    expect(many.since(1_000 - 257)).toBeUndefined();
    expect(many.since(1_000 - 256)).toHaveLength(256);
    const large = new ChannelTail(channel, epoch, 0, rings);
    for (let offset = 1; offset <= 10; offset += 1) large.add(entry(offset, 'x'.repeat(60_000)));
    expect(large.since(9)).toHaveLength(1);
    expect(large.since(5)).toBeUndefined();
  });
});

describe('ChannelTail', () => {
  it.each([
    ['before', 'json', jsonCodec],
    ['after', 'json', jsonCodec],
    ['before', 'binary', binaryCodec],
    ['after', 'binary', binaryCodec],
  ] as const)(
    'keeps frames in memory of their own, encoded %s they are added as %s, and not in blocks that Node shares',
    (when, _name, codec) => {
      const tail = new ChannelTail(channel, epoch, 0, rings);
      const pushes = entry(1);
      const viewers = ['alice', 'bob'] as UserId[];
      const sent = when === 'before' ? viewers.map((user) => pushes.for({ user, codec }).prepared.frames) : [];
      tail.add(pushes);
      const kept = viewers.map((user) => pushes.for({ user, codec }).prepared.frames);
      if (when === 'before') expect(kept).toEqual(sent);
      for (const frames of kept) expect(frames.buffer.byteLength).toBe(frames.length);
      for (const user of viewers) {
        const { payload } = pushes.for({ user, codec });
        if (typeof payload !== 'string') expect(payload.buffer.byteLength).toBeLessThan(payload.length + 16);
      }
    },
  );
});

describe('RingBudget', () => {
  const full = (budget: RingBudget): ChannelTail => {
    const tail = new ChannelTail(channel, epoch, 0, budget);
    tail.add(entry(1, 'x'.repeat(10_000)));
    return tail;
  };
  const bytes = (() => {
    const budget = new RingBudget(1_000_000, () => undefined);
    full(budget);
    return budget.bytes;
  })();

  it('empties the ring that was not used for longest, and keeps its head', () => {
    let emptied = 0;
    const budget = new RingBudget(2.5 * bytes, () => {
      emptied += 1;
    });
    const [first, second] = [full(budget), full(budget)];
    first.since(0);
    const third = full(budget);
    expect([first, second, third].map((tail) => tail.since(0)?.length)).toEqual([1, undefined, 1]);
    expect(second.head).toBe(1);
    expect([budget.bytes, emptied]).toEqual([2 * bytes, 1]);
  });

  it('does not empty a pinned ring, whatever the others hold', () => {
    const budget = new RingBudget(0, () => undefined);
    const tail = new ChannelTail(channel, epoch, 0, budget);
    tail.pin();
    tail.add(entry(1));
    full(budget);
    tail.add(entry(2));
    expect(offsets(tail.since(0))).toEqual([1, 2]);
    tail.unpin();
    // Reading it is a use of it, which empties it after what was read was taken.
    expect(offsets(tail.since(1))).toEqual([2]);
    expect(tail.since(1)).toBeUndefined();
    expect(budget.bytes).toBe(0);
  });

  it('holds nothing of tails that were dropped', () => {
    const budget = new RingBudget(1_000_000, () => undefined);
    const tail = full(budget);
    tail.drop();
    tail.drop();
    expect(budget.bytes).toBe(0);
  });
});
