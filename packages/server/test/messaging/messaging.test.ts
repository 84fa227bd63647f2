import { describe, expect, it } from 'vitest';
import { directChannelKey } from '../../src/channel/channel-key.js';
import { History } from '../../src/messaging/history.js';
import { Positions } from '../../src/messaging/positions.js';
import { presentReceipts } from '../../src/messaging/receipts.js';
import { alice, bob, MessagingFixture, phone } from './messaging-fixture.js';

const channel = directChannelKey(alice, bob);

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
    expect((await floor.send({ body: large })).ok).toBe(true);
  });

  it('moves the read cursor of a sender who has read everything below, and of no other', async () => {
    const floor = await MessagingFixture.open();
    await floor.send();
    await floor.send();
    expect((await floor.book.load(alice, channel)).read).toBe(2);
    await floor.send({ from: bob, to: alice });
    expect((await floor.book.load(bob, channel)).read).toBe(0);
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
    const positions = new Positions(floor.heads, floor.book);
    const { epoch } = floor.entries[0]!.entry;
    expect(
      await positions.acknowledge(bob, phone, channel, { epoch: 'other' as typeof epoch, offset: 1 }),
    ).toMatchObject({
      code: 'stale_epoch',
    });
    expect(await positions.read(bob, channel, { epoch, offset: 2 })).toMatchObject({ code: 'invalid_field' });
    expect(await floor.book.load(bob, channel)).toEqual({ read: 0, delivered: 0 });
    expect(await positions.read(bob, channel, { epoch, offset: 1 })).toEqual({ ok: true });
    expect(await floor.book.load(bob, channel)).toEqual({ read: 1, delivered: 0 });
  });

  it('never go back, neither in memory nor on disk', async () => {
    const floor = await MessagingFixture.open();
    for (let index = 0; index < 5; index += 1) await floor.send();
    await floor.store.directory.openDevice(bob, phone, 1);
    floor.book.acknowledge(bob, phone, channel, 4);
    floor.book.acknowledge(bob, phone, channel, 2);
    await floor.book.load(bob, channel);
    await floor.book.flush();
    floor.book.acknowledge(bob, phone, channel, 3);
    await floor.book.flush();
    const slice = await floor.store.directory.standings(bob, phone, undefined, 10);
    expect(slice.standings[0]?.cursor).toBe(4);
  });

  it('are seen by look-ups before they are written, and also while they are being written', async () => {
    const floor = await MessagingFixture.open();
    await floor.send();
    await floor.book.load(bob, channel);
    floor.book.acknowledge(bob, phone, channel, 1);
    expect(floor.book.peekDevice(bob, phone, channel)).toBe(1);
    const writing = floor.book.flush();
    expect(floor.book.peekDevice(bob, phone, channel)).toBe(1);
    await writing;
    expect(floor.book.peekDevice(bob, phone, channel)).toBeUndefined();
  });
});

describe('receipts', () => {
  it('are merged to one per channel and user, with the newest state', async () => {
    const floor = await MessagingFixture.open();
    for (let index = 0; index < 3; index += 1) await floor.send();
    await floor.book.load(bob, channel);
    floor.receipts.tell();
    floor.events.length = 0;
    for (const offset of [1, 2, 3]) floor.book.acknowledge(bob, phone, channel, offset);
    floor.book.read(bob, channel, 2);
    floor.receipts.tell();
    expect(floor.events).toMatchObject([{ type: 'receipt', user: bob, channel, delivered: 3, read: 2 }]);
    floor.receipts.tell();
    expect(floor.events).toHaveLength(1);
  });

  it('can be asked for: the present state of everybody in the channel', async () => {
    const floor = await MessagingFixture.open();
    await floor.send();
    floor.book.read(bob, channel, 1);
    expect(await presentReceipts(floor.book, floor.heads, channel)).toMatchObject([
      { user: alice, delivered: 0, read: 1 },
      { user: bob, delivered: 0, read: 1 },
    ]);
  });
});

describe('history', () => {
  it('pages from the end towards the beginning and back, ascending and without holes', async () => {
    const floor = await MessagingFixture.open();
    for (let index = 1; index <= 7; index += 1) await floor.send({ body: `${index}` });
    const history = new History(floor.store.log, floor.heads);
    const page = async (request: { before?: number; after?: number }) => {
      const at = (offset: number | undefined) => (offset === undefined ? undefined : { offset });
      const outcome = await history.page({ channel, limit: 3, before: at(request.before), after: at(request.after) });
      return outcome.ok ? [outcome.entries.map((entry) => entry.offset), outcome.more] : outcome.code;
    };
    expect(await page({})).toEqual([[5, 6, 7], true]);
    expect(await page({ before: 5 })).toEqual([[2, 3, 4], true]);
    expect(await page({ before: 2 })).toEqual([[1], false]);
    expect(await page({ after: 0 })).toEqual([[1, 2, 3], true]);
    expect(await page({ after: 6 })).toEqual([[7], false]);
    expect(await page({ after: 7 })).toEqual([[], false]);
  });

  it('refuses a position of another epoch, and has nothing for a channel nobody wrote to', async () => {
    const floor = await MessagingFixture.open();
    const history = new History(floor.store.log, floor.heads);
    const none = { channel, before: undefined, after: undefined, limit: 10 };
    expect(await history.page(none)).toEqual({ ok: true, entries: [], more: false });
    await floor.send();
    const { epoch } = floor.entries[0]!.entry;
    expect(await history.page({ ...none, before: { epoch: `${epoch}x` as typeof epoch, offset: 1 } })).toMatchObject({
      code: 'stale_epoch',
    });
  });
});
