import type { UserId } from '@longwire/protocol';
import { deferred } from '@longwire/test-support/deferred';
import { describe, expect, it } from 'vitest';
import { directChannel } from '../../src/channel/channel.js';
import type { LogItem } from '../../src/channel/log-item.js';
import { Positions } from '../../src/messaging/positions.js';
import { presentReceipts } from '../../src/messaging/receipts.js';
import type { MessageLog } from '../../src/storage/message-log.js';
import { entriesOf } from '../storage/requests.js';
import { alice, bob, MessagingFixture, phone } from './messaging-fixture.js';

const channel = directChannel(alice, bob);

describe('sending', () => {
  it('fans an entry out and settles its send in one step, in the order of the offsets', async () => {
    const floor = await MessagingFixture.open();
    const settledAfter: number[] = [];
    await Promise.all([1, 2, 3].map(() => floor.send({}, () => settledAfter.push(floor.entries.length))));
    expect(floor.entries.map(({ entry }) => entry.offset)).toEqual([1, 2, 3]);
    // `sent` stands in the place of the entry: when it is queued, nothing above has been.
    expect(settledAfter).toEqual([1, 2, 3]);
  });

  it('gives a repeat the first offset and fans nothing out again', async () => {
    const floor = await MessagingFixture.open();
    const [first, joined] = await Promise.all([floor.send({ key: 'k1' }), floor.send({ key: 'k1' })]);
    const later = await floor.send({ key: 'k1', body: '"another"' });
    expect(first).toMatchObject({ ok: true, isRepeated: false, position: { offset: 1 } });
    expect(joined).toMatchObject({ ok: true, isRepeated: true, position: { offset: 1 } });
    expect(later).toMatchObject({ ok: true, isRepeated: true, position: { offset: 1 } });
    expect(floor.entries).toHaveLength(1);
  });

  it('refuses what does not fit into the queue, as retryable, and takes it once there is room', async () => {
    const floor = await MessagingFixture.open(50_000);
    const large = JSON.stringify('x'.repeat(20_000));
    const [taken, refused] = await Promise.all([floor.send({ body: large }), floor.send({ body: large })]);
    expect(taken.ok).toBe(true);
    expect(refused).toMatchObject({ ok: false, code: 'unavailable', afterMs: expect.any(Number) });
    expect(floor.refusals.counts['limits.pendingAppendBytes']).toBe(1);
    expect((await floor.send({ body: large })).ok).toBe(true);
  });

  it('refuses new messages with storage_full while the disk has too little room, and answers repeats of stored ones', async () => {
    const floor = await MessagingFixture.open();
    await floor.send({ key: 'k1' });
    floor.hasRoom = false;
    expect(await floor.send({ key: 'k2' })).toMatchObject({ ok: false, code: 'storage_full' });
    expect(await floor.send({ key: 'k1' })).toMatchObject({ ok: true, isRepeated: true, position: { offset: 1 } });
    expect(await floor.send({ from: alice, to: alice })).toMatchObject({ ok: false, code: 'storage_full' });
    expect(floor.refusals.counts['limits.minFreeBytes']).toBe(2);
    floor.hasRoom = true;
    expect(await floor.send({ key: 'k2' })).toMatchObject({ ok: true, isRepeated: false, position: { offset: 2 } });
    expect(floor.entries).toHaveLength(2);
  });

  it('moves the read cursor of a sender who has read everything below, and of no other', async () => {
    const floor = await MessagingFixture.open();
    await floor.send();
    await floor.send();
    expect((await floor.cursors.load(alice, channel)).read).toBe(2);
    await floor.send({ from: bob, to: alice });
    expect((await floor.cursors.load(bob, channel)).read).toBe(0);
  });

  it('moves the read cursor of a sender who reads on up to own messages, also those sent before', async () => {
    const floor = await MessagingFixture.open();
    const fromBob = { from: bob, to: alice };
    await floor.send(fromBob);
    await floor.send(fromBob);
    await floor.send();
    floor.cursors.read(alice, channel, 1);
    expect((await floor.cursors.load(alice, channel)).read).toBe(1);
    floor.cursors.read(alice, channel, 2);
    expect((await floor.cursors.load(alice, channel)).read).toBe(3);
    await floor.send();
    expect((await floor.cursors.load(alice, channel)).read).toBe(4);
    // Only what lies between own messages and was not read holds it up.
    await floor.send(fromBob);
    await floor.send();
    await floor.send();
    expect((await floor.cursors.load(alice, channel)).read).toBe(4);
    floor.cursors.read(alice, channel, 5);
    expect((await floor.cursors.load(alice, channel)).read).toBe(7);
    await floor.receipts.publishDue();
    expect(floor.events).toContainEqual(expect.objectContaining({ type: 'receipt', user: alice, read: 7 }));
  });

  it('is idle once everything that was given has settled', async () => {
    const floor = await MessagingFixture.open();
    const outcomes: unknown[] = [];
    for (let index = 0; index < 2_500; index += 1) void floor.send({}, (outcome) => outcomes.push(outcome));
    await floor.queue.idle();
    expect(outcomes).toHaveLength(2_500);
  });
});

describe('positions', () => {
  it('refuses another epoch and an offset above the head, and moves nothing', async () => {
    const floor = await MessagingFixture.open();
    await floor.send();
    const positions = new Positions(floor.heads, floor.cursors, floor.access);
    const { epoch } = floor.entries[0]!.entry;
    expect(
      await positions.acknowledge(bob, phone, [{ channel, claimed: { epoch: 'other' as typeof epoch, offset: 1 } }]),
    ).toMatchObject({
      code: 'stale_epoch',
    });
    expect(await positions.read(bob, channel, { epoch, offset: 2 })).toMatchObject({ code: 'invalid_field' });
    expect(await floor.cursors.load(bob, channel)).toEqual({ read: 0, delivered: 0 });
    expect(await positions.read(bob, channel, { epoch, offset: 1 })).toEqual({ ok: true });
    expect(await floor.cursors.load(bob, channel)).toEqual({ read: 1, delivered: 0 });
  });

  it('never go back, neither in memory nor on disk', async () => {
    const floor = await MessagingFixture.open();
    for (let index = 0; index < 5; index += 1) await floor.send();
    await floor.store.directory.openDevice({
      user: bob,
      device: phone,
      mustExist: { user: false, device: false },
      at: 1,
      inUse: [],
      unfinished: undefined,
    });
    floor.cursors.acknowledge(bob, phone, channel, 4);
    floor.cursors.acknowledge(bob, phone, channel, 2);
    await floor.cursors.load(bob, channel);
    await floor.cursors.flush();
    floor.cursors.acknowledge(bob, phone, channel, 3);
    await floor.cursors.flush();
    const slice = await floor.store.directory.channelStatuses(bob, phone, undefined, 10);
    expect(slice.channels[0]?.cursor).toBe(4);
  });

  it('that were accepted are written by flush while the stored ones are still being loaded, and published once they are', async () => {
    const floor = await MessagingFixture.open();
    await floor.send();
    await floor.store.directory.openDevice({
      user: bob,
      device: phone,
      mustExist: { user: false, device: false },
      at: 1,
      inUse: [],
      unfinished: undefined,
    });
    // All places in the store are taken by other look-ups.
    const others = deferred<void>();
    const busy = Array.from({ length: 100 }, (_, index) =>
      floor.turns.run(`u${index}` as UserId, () => others.promise),
    );
    floor.cursors.acknowledge(bob, phone, channel, 1);
    floor.cursors.read(bob, channel, 1);
    await floor.cursors.flush();
    const [stored] = await floor.store.cursors.load([{ user: bob, channel }]);
    const { channels } = await floor.store.directory.channelStatuses(bob, phone, undefined, 10);
    expect([stored, channels[0]?.cursor]).toMatchObject([{ read: 1, delivered: 1 }, 1]);
    others.resolve();
    await Promise.all(busy);
    await floor.cursors.load(bob, channel);
    await floor.receipts.publishDue();
    expect(floor.events.filter((event) => event.type === 'receipt' && event.user === bob)).toMatchObject([
      { delivered: 1, read: 1 },
    ]);
  });

  it('are seen by look-ups before they are written, and also while they are being written', async () => {
    const floor = await MessagingFixture.open();
    await floor.send();
    await floor.cursors.load(bob, channel);
    floor.cursors.acknowledge(bob, phone, channel, 1);
    expect(floor.cursors.peekDevice(bob, phone, channel)).toBe(1);
    const writing = floor.cursors.flush();
    expect(floor.cursors.peekDevice(bob, phone, channel)).toBe(1);
    await writing;
    expect(floor.cursors.peekDevice(bob, phone, channel)).toBeUndefined();
  });
});

describe('receipts', () => {
  it('are merged to one per channel and user, with the newest state', async () => {
    const floor = await MessagingFixture.open();
    for (let index = 0; index < 3; index += 1) await floor.send();
    await floor.cursors.load(bob, channel);
    await floor.receipts.publishDue();
    floor.events.length = 0;
    for (const offset of [1, 2, 3]) floor.cursors.acknowledge(bob, phone, channel, offset);
    floor.cursors.read(bob, channel, 2);
    await floor.receipts.publishDue();
    expect(floor.events).toMatchObject([{ type: 'receipt', user: bob, channel, delivered: 3, read: 2 }]);
    await floor.receipts.publishDue();
    expect(floor.events).toHaveLength(1);
  });

  it('presentReceipts returns the state of all members of the channel', async () => {
    const floor = await MessagingFixture.open();
    await floor.send();
    floor.cursors.read(bob, channel, 1);
    expect(await presentReceipts(floor, channel, [alice, bob])).toMatchObject([
      { user: alice, delivered: 0, read: 1 },
      { user: bob, delivered: 0, read: 1 },
    ]);
  });
});

describe('history', () => {
  it('pages from the end towards the beginning and back, ascending and without holes', async () => {
    const floor = await MessagingFixture.open();
    for (let index = 1; index <= 7; index += 1) await floor.send({ body: `${index}` });
    const history = floor.history();
    const page = async (request: { before?: number; after?: number }) => {
      const at = (offset: number | undefined) => (offset === undefined ? undefined : { offset });
      const outcome = await history.page({
        user: bob,
        channel,
        limit: 3,
        before: at(request.before),
        after: at(request.after),
      });
      return outcome.ok ? [entriesOf(outcome.items).map((entry) => entry.offset), outcome.more] : outcome.code;
    };
    expect(await page({})).toEqual([[5, 6, 7], true]);
    expect(await page({ before: 5 })).toEqual([[2, 3, 4], true]);
    expect(await page({ before: 2 })).toEqual([[1], false]);
    expect(await page({ after: 0 })).toEqual([[1, 2, 3], true]);
    expect(await page({ after: 6 })).toEqual([[7], false]);
    expect(await page({ after: 7 })).toEqual([[], false]);
  });

  it('has gaps in their places, and nothing above the head', async () => {
    const floor = await MessagingFixture.open();
    for (let index = 1; index <= 4; index += 1) await floor.send();
    // As the store answers where 2 and 3 were removed, and 5 to 7 are committed but not fanned out yet.
    const gaps: LogItem[] = [
      { from: 2, to: 3, reason: 'removed' },
      { from: 5, to: 7, reason: 'erased' },
    ];
    const log: Pick<MessageLog, 'page'> = {
      page: async (request) => {
        const page = await floor.store.log.page(request);
        const [first, , , last] = page.items;
        return { ...page, items: [first!, gaps[0]!, last!, gaps[1]!] };
      },
    };
    const history = floor.history(log);
    const outcome = await history.page({ user: bob, channel, before: undefined, after: undefined, limit: 10 });
    expect(outcome).toMatchObject({ ok: true, items: [{ offset: 1 }, gaps[0], { offset: 4 }] });
  });

  it('refuses a position of another epoch, and has no entries for a channel without any', async () => {
    const floor = await MessagingFixture.open();
    const history = floor.history();
    const none = { user: bob, channel, before: undefined, after: undefined, limit: 10 };
    expect(await history.page(none)).toEqual({ ok: true, epoch: undefined, items: [], more: false });
    await floor.send();
    const { epoch } = floor.entries[0]!.entry;
    expect(await history.page({ ...none, before: { epoch: `${epoch}x` as typeof epoch, offset: 1 } })).toMatchObject({
      code: 'stale_epoch',
    });
  });
});
