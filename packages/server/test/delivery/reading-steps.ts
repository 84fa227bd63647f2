// What may happen to the reading model, and what must hold in the end.

import fc from 'fast-check';
import { expect } from 'vitest';
import type { Channel } from '../../src/channel/channel.js';
import { addressOf } from '../../src/channel/channel-address.js';
import type { ModelDevice, ReadingModel } from './reading-model.js';
export type Step =
  | {
      readonly do: 'append';
      readonly channel: number;
      readonly sender: number;
      readonly echo: boolean;
      readonly count: number;
    }
  | { readonly do: 'publish'; readonly count: number }
  | { readonly do: 'connect'; readonly device: number; readonly capacity: number; readonly givesCursors: boolean }
  | { readonly do: 'open'; readonly device: number }
  | { readonly do: 'drain'; readonly device: number; readonly count: number }
  | { readonly do: 'page'; readonly index: number; readonly endsTurn: boolean }
  | { readonly do: 'readPage'; readonly index: number }
  | { readonly do: 'reconnect'; readonly device: number; readonly capacity: number; readonly givesCursors: boolean }
  | { readonly do: 'disconnect'; readonly device: number }
  | { readonly do: 'writeCursors' }
  | {
      readonly do: 'remove';
      readonly channel: number;
      readonly part: number;
      readonly count: number;
      readonly reason: 'removed' | 'superseded';
    }
  | { readonly do: 'trim'; readonly channel: number; readonly part: number }
  /** Joins a group, or leaves it. */
  | { readonly do: 'member'; readonly channel: number; readonly user: number }
  | { readonly do: 'crash' };
const device = fc.nat({ max: 4 });
export const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      channel: fc.nat({ max: 8 }),
      sender: fc.nat({ max: 4 }),
      echo: fc.boolean(),
      count: fc.integer({ min: 1, max: 12 }),
    }),
  },
  { weight: 10, arbitrary: fc.record({ do: fc.constant('publish' as const), count: fc.integer({ min: 1, max: 8 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('connect' as const),
      device,
      capacity: fc.integer({ min: 1, max: 12 }),
      givesCursors: fc.boolean(),
    }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('open' as const), device }) },
  {
    weight: 10,
    arbitrary: fc.record({ do: fc.constant('drain' as const), device, count: fc.integer({ min: 1, max: 10 }) }),
  },
  {
    weight: 10,
    arbitrary: fc.record({ do: fc.constant('page' as const), index: fc.nat({ max: 3 }), endsTurn: fc.boolean() }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('readPage' as const), index: fc.nat({ max: 3 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('reconnect' as const),
      device,
      capacity: fc.integer({ min: 1, max: 12 }),
      givesCursors: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('disconnect' as const), device }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('writeCursors' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('remove' as const),
      channel: fc.nat({ max: 8 }),
      // At the end of the log as often as anywhere else.
      part: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0.8, max: 1, noNaN: true })),
      count: fc.integer({ min: 1, max: 9 }),
      reason: fc.constantFrom('removed' as const, 'superseded' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('trim' as const),
      channel: fc.nat({ max: 8 }),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('member' as const),
      channel: fc.integer({ min: 7, max: 8 }),
      user: fc.nat({ max: 2 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
);

export async function take(model: ReadingModel, next: Step): Promise<void> {
  switch (next.do) {
    case 'append': {
      const channel = model.channels[next.channel]!;
      const sender = model.devices[next.sender]!;
      const from = model.writerIn(channel, sender.user);
      if (from === undefined) return;
      const origin = sender.user === from && sender.session?.reader?.phase === 'open' ? sender.session : undefined;
      for (let index = 0; index < next.count; index += 1) model.append(channel, from, origin, next.echo);
      return;
    }
    case 'publish':
      for (let index = 0; index < next.count; index += 1) model.publish();
      return;
    case 'connect':
      return model.connect(model.devices[next.device]!, next.capacity, next.givesCursors);
    case 'open': {
      const { session } = model.devices[next.device]!;
      if (session !== undefined) model.openStep(session);
      return;
    }
    case 'drain': {
      const { session } = model.devices[next.device]!;
      if (session?.reader?.phase === 'open') model.drain(session, next.count);
      return;
    }
    case 'page':
      return model.answerPage(next.index % Math.max(1, model.pages.length), next.endsTurn);
    case 'readPage':
      return model.readPage(next.index % Math.max(1, model.pages.length));
    // Comes back with everything acknowledged: what arrives while it opens is all it may get.
    case 'reconnect': {
      const reconnecting = model.devices[next.device]!;
      if (reconnecting.session?.reader?.phase !== 'open') return;
      await model.catchUp(reconnecting.session);
      model.disconnect(reconnecting);
      return model.connect(reconnecting, next.capacity, next.givesCursors);
    }
    case 'disconnect':
      return model.disconnect(model.devices[next.device]!);
    case 'writeCursors':
      return model.writeCursors();
    case 'remove': {
      const channel = model.channels[next.channel]!;
      const length = model.logs.get(channel.key)?.length ?? 0;
      return model.remove(channel, Math.max(1, Math.round(next.part * length)), next.count, next.reason);
    }
    case 'trim': {
      const channel = model.channels[next.channel]!;
      return model.trim(channel, Math.round(next.part * (model.logs.get(channel.key)?.length ?? 0)));
    }
    case 'member': {
      const user = model.users[next.user]!;
      return model.append(model.channels[next.channel]!, user, undefined, false, user);
    }
    case 'crash':
      return model.crash();
  }
}

/** The device's app has been handed what a naive reader of the log would be, in the same order. */
export function expectNaive(model: ReadingModel, { user, client }: ModelDevice, channel: Channel): void {
  const address = addressOf(channel, user);
  const length = model.logs.get(channel.key)?.length ?? 0;
  const handed = client.handed.get(address) ?? [];
  expect(handed).toEqual(ascending(handed));
  // A device with an unknown position learns of its own entry by `sent` alone.
  const answered = client.answered.get(address) ?? [];
  const skipped = client.skipped.get(address) ?? [];
  const known = ascending([...handed, ...answered, ...skipped]);
  if (channel.kind !== 'group') {
    expect(known).toEqual(Array.from({ length }, (_, index) => index + 1));
    // A gap is only about what is gone, and once for each.
    expect(skipped.filter((offset) => !model.isGone(channel, offset))).toEqual([]);
    expect(skipped).toEqual(ascending(skipped));
    return;
  }
  const { all, newest } = model.groups.due(channel, user, length);
  expect([...handed, ...answered].filter((offset) => !all.has(offset))).toEqual([]);
  expect([...newest].filter((offset) => !known.includes(offset))).toEqual([]);
  // Of an earlier stay, the rest is skipped when the user comes back.
  expect(skipped.filter((offset) => newest.has(offset) && !model.isGone(channel, offset))).toEqual([]);
}

/** Each of them once. */
function ascending(offsets: readonly number[]): number[] {
  return [...new Set(offsets)].sort((a, b) => a - b);
}
