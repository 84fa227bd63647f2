import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Channel, namedReaders } from '../../src/channel/channel.js';
import { PAGE_ENTRIES } from '../../src/delivery/catch-up.js';
import { type DeviceSession, type ModelDevice, PAGE_LIMIT, ReadingModel } from './reading-model.js';
import { expectNaive, step, take } from './reading-steps.js';

/** From no memory for rings at all to enough for all of them. An entry of the model takes a few hundred bytes. */
const allRingsBytes = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 8_000 }), fc.constant(1_000_000));
/** Every session, those of users with two, and none: shared or one by one, the sessions get the same. */
const shareFrom = fc.constantFrom(1, 2, 1_000);
const hubOptions = fc.record({ allRingsBytes, shareFrom });
function openAtTail(model: ReadingModel, device: ModelDevice): DeviceSession {
  const { session } = device;
  if (session === undefined) throw new Error('the device is not connected');
  while (session.slices !== undefined) model.openStep(session);
  return session;
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
