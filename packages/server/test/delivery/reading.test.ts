import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Channel, namedReaders } from '../../src/channel/channel.js';
import { addressOf } from '../../src/channel/channel-address.js';
import { PAGE_ENTRIES } from '../../src/delivery/catch-up.js';
import { type DeviceSession, type ModelDevice, PAGE_LIMIT, ReadingModel } from './reading-model.js';

type Step =
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
/** From no memory for rings at all to enough for all of them. An entry of the model takes a few hundred bytes. */
const allRingsBytes = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 8_000 }), fc.constant(1_000_000));
/** Every session, those of users with two, and none: shared or one by one, the sessions get the same. */
const shareFrom = fc.constantFrom(1, 2, 1_000);
const hubOptions = fc.record({ allRingsBytes, shareFrom });
const step: fc.Arbitrary<Step> = fc.oneof(
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

async function take(model: ReadingModel, next: Step): Promise<void> {
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

function openAtTail(model: ReadingModel, device: ModelDevice): DeviceSession {
  const { session } = device;
  if (session === undefined) throw new Error('the device is not connected');
  while (session.slices !== undefined) model.openStep(session);
  return session;
}

/** The device's app has been handed what a naive reader of the log would be, in the same order. */
function expectNaive(model: ReadingModel, { user, client }: ModelDevice, channel: Channel): void {
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

describe('a reader of logs', () => {
  it('gets what a naive reader of the whole log gets, whatever arrives, is removed, fills up, reconnects or crashes in between', async () => {
    await fc.assert(
      fc.asyncProperty(
        hubOptions,
        fc.array(step, { minLength: 200, maxLength: 400, size: 'max' }),
        async (options, steps) => {
          const model = new ReadingModel(options);
          for (const next of steps) await take(model, next);
          await model.settle();
          expect(model.faults).toEqual([]);
          for (const device of model.devices) {
            for (const channel of model.channels) {
              if (model.readersOf(channel).includes(device.user)) expectNaive(model, device, channel);
            }
          }
          expect([model.hub.tailsKept, model.hub.ringBytes]).toEqual([0, 0]);
        },
      ),
      { numRuns: 300 },
    );
  });

  // What the property found, or would find once in many thousand runs.
  describe('who leaves a group gets nothing of what comes before the next joining', () => {
    const ENG = 7;
    const OPS = 8;
    const [ALICE, BOB] = [0, 1];
    const member = (channel: number, user: number): Step => ({ do: 'member', channel, user });
    const publish = (count: number): Step => ({ do: 'publish', count });
    const connect = (capacity: number): Step => ({ do: 'connect', device: 0, capacity, givesCursors: false });
    const open = (count: number): Step[] => Array.from({ length: count }, () => ({ do: 'open', device: 0 }));
    const write = (channel: number, count: number): Step => ({
      do: 'append',
      channel,
      sender: 0,
      echo: false,
      count,
    });
    /** One group is loaded at a time. */
    const unloadEng = [member(OPS, BOB), publish(1)];

    it.each<[string, Step[]]>([
      [
        'when they come back and leave once more between the answer of the store and its comparison',
        [
          member(ENG, ALICE),
          member(ENG, ALICE),
          publish(2),
          connect(4),
          ...open(3),
          member(ENG, ALICE),
          member(ENG, ALICE),
          member(ENG, BOB),
          publish(3),
        ],
      ],
      [
        'when they leave between the answer of the store and its comparison, and members are loaded slowly',
        [
          member(ENG, ALICE),
          publish(1),
          ...unloadEng,
          connect(4),
          ...open(3),
          member(ENG, ALICE),
          member(ENG, BOB),
          member(OPS, BOB),
          publish(2),
          ...open(2),
          { do: 'page', index: 0, endsTurn: false },
          { do: 'page', index: 0, endsTurn: false },
        ],
      ],
      [
        'when they are behind, and come back and leave once more while members are loaded',
        [
          member(ENG, ALICE),
          publish(1),
          connect(1),
          ...open(5),
          { do: 'page', index: 0, endsTurn: true },
          { do: 'drain', device: 0, count: 1 },
          write(ENG, 3),
          publish(3),
          member(ENG, ALICE),
          publish(1),
          ...unloadEng,
          member(ENG, BOB),
          member(ENG, ALICE),
          member(ENG, ALICE),
          // Until this one is applied.
          member(OPS, BOB),
          publish(3),
          ...Array.from({ length: 9 }, (): Step => ({ do: 'drain', device: 0, count: 1 })),
        ],
      ],
    ])('%s', async (_, steps) => {
      const model = new ReadingModel({ allRingsBytes: 1_000_000 });
      for (const next of steps) await take(model, next);
      await model.settle();
      const [alice] = model.devices;
      expectNaive(model, alice!, model.channels[ENG]!);
    });
  });

  it('joins a tail that moves on while each page is read, with any allRingsBytes', async () => {
    await fc.assert(
      fc.asyncProperty(
        hubOptions,
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 1, max: PAGE_LIMIT - 1 }),
        async (options, behindBy, arrivingPerPage) => {
          const model = new ReadingModel(options);
          const [channel] = model.channels;
          const arrive = (count: number): void => {
            for (let n = 0; n < count; n += 1) {
              model.append(channel!, model.users[0]!, undefined, false);
              model.publish();
            }
          };
          arrive(behindBy + 1);
          const bob = model.devices[1]!;
          model.connect(bob, Number.MAX_SAFE_INTEGER, true);
          openAtTail(model, bob);
          // Each page brings the reader nearer by what it has more than arrives; then it has to be at the tail.
          const enough = 2 + Math.ceil((behindBy + 1) / (PAGE_LIMIT - arrivingPerPage));
          for (let page = 0; page < enough && model.pages.length > 0; page += 1) {
            model.readPage(0);
            arrive(arrivingPerPage);
            await model.answerPage(0);
          }
          expect([model.pages.length, model.hub.tailsKept]).toEqual([0, 0]);
          const texts = bob.session!.outbox.map((text) => (JSON.parse(text) as { offset: number }).offset);
          expect(texts).toEqual(texts.map((_, index) => index + 1));
          expect(texts).toHaveLength(model.logs.get(channel!.key)!.length);
        },
      ),
    );
  });

  it('begins at cursor + 1 in a channel that was compared, when an entry arrives before opening is finished', async () => {
    const model = new ReadingModel();
    const [channel] = model.channels;
    const bob = model.devices[1]!;
    for (let index = 0; index < 10; index += 1) model.append(channel!, model.users[0]!, undefined, false);
    while (model.committed.length > 0) model.publish();
    bob.stored.set(channel!.key, 10);
    model.connect(bob, 100, false);
    model.openStep(bob.session!);
    model.append(channel!, model.users[0]!, undefined, false);
    model.publish();
    openAtTail(model, bob);
    while (model.pages.length > 0) await model.answerPage(0);
    const offsets = bob.session!.outbox.map((text) => (JSON.parse(text) as { offset: number }).offset);
    expect([offsets, model.reads]).toEqual([[11], 0]);
  });

  it('causes no log read for 1 000 messages to 100 readers at the tail', () => {
    const model = new ReadingModel();
    const [channel] = model.channels;
    const sessions = Array.from({ length: 100 }, () => {
      const bob = model.devices[1]!;
      bob.session = undefined;
      model.connect(bob, Number.MAX_SAFE_INTEGER, true);
      return openAtTail(model, bob);
    });
    for (let index = 0; index < 1_000; index += 1) {
      model.append(channel!, model.users[0]!, undefined, false);
      model.publish();
    }
    expect(model.reads).toBe(0);
    for (const session of sessions) expect(session.outbox).toHaveLength(1_000);
  });

  it('asks for the pages of several channels at once when it is alone', async () => {
    const model = new ReadingModel();
    for (const channel of model.channels) {
      const from = namedReaders(channel)[0]!;
      for (let index = 0; index < 3; index += 1) model.append(channel, from, undefined, false);
    }
    while (model.committed.length > 0) model.publish();
    const bob = model.devices[1]!;
    model.connect(bob, 100, true);
    openAtTail(model, bob);
    const channels = model.channels.filter((channel) => namedReaders(channel).includes(bob.user));
    expect(model.pages.map(({ request }) => request.channel)).toEqual(channels);
    while (model.pages.length > 0) await model.answerPage(0);
    expect([bob.session!.outbox.length, model.hub.tailsKept]).toEqual([3 * channels.length, 0]);
  });

  it('asks for the page of a channel by itself where that has as much as a page may', async () => {
    const model = new ReadingModel();
    const [withAlice, withCarol, , ...others] = model.channels;
    const arrive = (channel: Channel, count: number): void => {
      for (let index = 0; index < count; index += 1) model.append(channel, model.users[1]!, undefined, false);
    };
    arrive(withAlice!, PAGE_ENTRIES - 1);
    arrive(withCarol!, 5_000);
    for (const channel of others) arrive(channel, 1);
    while (model.committed.length > 0) model.publish();
    const bob = model.devices[2]!;
    model.connect(bob, 10_000, true);
    openAtTail(model, bob);
    expect(model.pages.map(({ request }) => request.channel)).toEqual([withAlice]);
    while (model.pages.length > 0) await model.answerPage(0);
    expect(model.hub.tailsKept).toBe(0);
  });

  it('gives each of many readers behind in many channels its share of the pages in flight', async () => {
    const model = new ReadingModel();
    for (const channel of model.channels) {
      for (let index = 0; index < 20; index += 1) model.append(channel, namedReaders(channel)[0]!, undefined, false);
    }
    while (model.committed.length > 0) model.publish();
    for (const device of model.devices) {
      model.connect(device, 1_000, true);
      openAtTail(model, device);
    }
    const asked = new Set<unknown>();
    for (let turns = 0; turns < 12; turns += 1) {
      for (const { request } of model.pages) asked.add(request.channel.key);
      expect(model.pages.length).toBeLessThanOrEqual(16);
      await model.answerPage(0);
    }
    expect(asked.size).toBe(model.channels.filter(({ kind }) => kind === 'direct').length);
    while (model.pages.length > 0) await model.answerPage(0);
    expect(model.hub.tailsKept).toBe(0);
  });

  it('gets a gap in its place, cut at the head: what was removed before it was fanned out arrives live', async () => {
    const model = new ReadingModel();
    const [channel] = model.channels;
    for (let index = 0; index < 8; index += 1) model.append(channel!, model.users[0]!, undefined, false);
    for (let index = 0; index < 4; index += 1) model.publish();
    model.remove(channel!, 2, 1, 'superseded');
    model.remove(channel!, 4, 3, 'removed');
    const bob = model.devices[1]!;
    model.connect(bob, 100, true);
    openAtTail(model, bob);
    while (model.pages.length > 0) await model.answerPage(0);
    while (model.committed.length > 0) model.publish();
    const pushes = bob.session!.outbox.map((text) => JSON.parse(text) as Record<string, unknown>);
    expect(pushes.map(({ type, offset, from, to, reason }) => (type === 'gap' ? [from, to, reason] : offset))).toEqual([
      1,
      [2, 2, 'superseded'],
      3,
      [4, 4, 'removed'],
      ...[5, 6, 7, 8],
    ]);
    expect([model.faults, model.hub.tailsKept]).toEqual([[], 0]);
  });

  it('shares one page read among readers that wait at the same place', async () => {
    const model = new ReadingModel();
    const [channel] = model.channels;
    for (let index = 0; index < 5; index += 1) model.append(channel!, model.users[0]!, undefined, false);
    while (model.committed.length > 0) model.publish();
    for (const bob of [model.devices[1]!, model.devices[2]!]) {
      model.connect(bob, 100, true);
      openAtTail(model, bob);
    }
    expect(model.reads).toBe(1);
    await model.answerPage(0);
    for (const bob of [model.devices[1]!, model.devices[2]!]) expect(bob.session!.outbox).toHaveLength(5);
    expect(model.hub.tailsKept).toBe(0);
  });
});
