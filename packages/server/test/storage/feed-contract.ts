// Lanes: the part of the contract about the order of commits, the feed, and batches that are given a second time.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AppendRequest, MessageLog } from '../../src/storage/message-log.js';
import { append, device, direct, headsOf, message, readFeed, readLog, user } from './requests.js';
import type { StoreFactory, StoreUnderTest } from './store-under-test.js';

/** Both engines have this one. */
const LANE = 0;
const newestOf = async (log: MessageLog): Promise<number> => (await log.heads([])).through.get(LANE)!;

async function again(log: MessageLog, batch: readonly AppendRequest[], stamp: number) {
  const outcome = await log.append(batch, { stamp, isSecondTry: true });
  if (outcome.outcome !== 'done') throw new Error(`the outcome of the append is ${outcome.outcome}`);
  return outcome.results;
}

export function describeFeedContract(name: string, create: StoreFactory): void {
  describe(`${name} numbers its rows in the order of their commits`, () => {
    let tested: StoreUnderTest;
    beforeEach(async () => {
      tested = await create();
    });
    afterEach(async () => {
      await tested.dispose();
    });

    test('append returns seq: the number of the row, or that of the newest one when the request was judged', async () => {
      const { log } = tested.store;
      expect(tested.store.lanes).toEqual(new Map([[LANE, 0]]));
      await append(log, [message('alice', 'bob', { key: 'k' })]);
      const results = await append(log, [
        message('alice', 'bob'),
        message('alice', 'bob', { key: 'k' }),
        message('alice', 'carol'),
        message('alice', 'carol', { isRefused: true }),
      ]);
      expect(results.map(({ outcome, seq }) => [outcome, seq])).toEqual([
        ['stored', 2],
        ['repeated', 2],
        ['stored', 3],
        ['refused', 3],
      ]);
      expect(await append(log, [message('bob', 'alice')])).toMatchObject([{ outcome: 'stored', seq: 4 }]);
    });

    test('feed returns the rows of all channels by their numbers, with the entries that pages have and their stamps', async () => {
      const { log } = tested.store;
      await append(log, [message('alice', 'bob', { key: 'k', slot: 's' }), message('bob', 'carol')], 1_024);
      const [head] = await headsOf(log, [direct('alice', 'bob')]);
      const reply = { replyTo: { epoch: head!.epoch!, offset: 1 }, headers: '{"x":"1"}', contentType: 'a/b' };
      await append(log, [message('bob', 'alice', reply), message('alice', 'alice')], 2_048);
      const rows = await readFeed(log);
      expect(rows.map(({ seq, stamp }) => [seq, stamp])).toEqual([
        [1, 1_024],
        [2, 1_025],
        [3, 2_048],
        [4, 2_049],
      ]);
      const [withBob, bobWithCarol, alone] = await Promise.all(
        [direct('alice', 'bob'), direct('bob', 'carol'), direct('alice', 'alice')].map((channel) =>
          readLog(log, channel),
        ),
      );
      expect(rows.map(({ entry }) => entry)).toEqual([withBob![0], bobWithCarol![0], withBob![1], alone![0]]);
    });

    test('feed continues after any number, ends at its limit and at about 1 MiB, and returns nothing at the end', async () => {
      const { log } = tested.store;
      const body = JSON.stringify('x'.repeat(60_000));
      await append(
        log,
        Array.from({ length: 50 }, (_, index) => message('alice', `peer${index}`, { body })),
      );
      expect((await log.feed(LANE, 0, 7)).rows.length).toBeLessThanOrEqual(7);
      expect((await readFeed(log, 0, 7)).map(({ seq }) => seq)).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
      expect((await readFeed(log, 45)).map(({ seq }) => seq)).toEqual([46, 47, 48, 49, 50]);
      const page = await log.feed(LANE, 0, 1_000);
      expect(page.rows.length).toBeGreaterThan(0);
      expect(page.rows.length).toBeLessThan(20);
      expect(page.through).toBe(page.rows.length);
      expect(await log.feed(LANE, 50, 10)).toEqual({ rows: [], through: 50 });
    });

    test('heads and channelStatuses return in `through` the newest row that they have seen', async () => {
      const { log, directory } = tested.store;
      await append(log, [message('alice', 'bob'), message('alice', 'carol')]);
      const through = new Map([[LANE, 2]]);
      expect(await log.heads([direct('alice', 'bob')])).toMatchObject({ heads: [{ head: 1 }], through });
      expect((await directory.channelStatuses(user('alice'), device('phone'), undefined, 10)).through).toEqual(through);
      expect((await directory.channelStatuses(user('eve'), device('phone'), undefined, 10)).through).toEqual(through);
    });

    test('appends are stored while the feed is read without a pause', async () => {
      const { log } = tested.store;
      await append(
        log,
        Array.from({ length: 1_000 }, () => message('alice', 'bob')),
      );
      let isDone = false;
      const readers = Array.from({ length: 8 }, async () => {
        while (!isDone) await log.feed(LANE, 0, 1_000);
      });
      for (let count = 0; count < 10; count += 1) await append(log, [message('alice', 'bob')]);
      isDone = true;
      await Promise.all(readers);
      expect(await newestOf(log)).toBe(1_010);
    });

    test('a second try of a stored batch returns the results of the first one, keys or not, and stores nothing', async () => {
      const { log } = tested.store;
      await append(log, [message('alice', 'bob', { key: 'k' })], 1_024);
      const batch = [
        message('alice', 'bob', { key: 'k' }),
        message('alice', 'bob', { key: 'k2' }),
        message('bob', 'alice'),
        message('alice', 'dave', { isRefused: true }),
        message('carol', 'bob'),
      ];
      const first = await append(log, batch, 2_048);
      await append(log, [message('bob', 'alice')], 3_072);
      const second = await again(log, batch, 2_048);
      const own = [1, 2, 4];
      expect(own.map((index) => second[index])).toEqual(own.map((index) => first[index]));
      // What has no row of its own is judged again.
      expect(second.map(({ outcome, seq }) => [outcome, seq])).toEqual([
        ['repeated', 5],
        ['stored', 2],
        ['stored', 3],
        ['refused', 5],
        ['stored', 4],
      ]);
      expect(await newestOf(log)).toBe(5);
      expect(await headsOf(log, [direct('alice', 'bob')])).toMatchObject([{ head: 4 }]);
    });

    test('a second try of a batch that was not stored stores it', async () => {
      const { log } = tested.store;
      await append(log, [message('alice', 'bob')], 1_024);
      const batch = [message('alice', 'bob'), message('alice', 'carol')];
      expect(await again(log, batch, 2_048)).toMatchObject([
        { outcome: 'stored', offset: 2, seq: 2 },
        { outcome: 'stored', offset: 1, seq: 3 },
      ]);
      expect((await readFeed(log, 1)).map(({ stamp }) => stamp)).toEqual([2_048, 2_049]);
    });

    test('numbers continue after a restart, and rows from before it are never taken for a second try', async () => {
      await append(tested.store.log, [message('alice', 'bob')], 1_024);
      if (tested.restart === undefined) return;
      const store = await tested.restart();
      expect(store.lanes).toEqual(new Map([[LANE, 1]]));
      expect(await again(store.log, [message('alice', 'bob')], 1_024)).toMatchObject([{ seq: 2, offset: 2 }]);
      expect((await readFeed(store.log)).map(({ seq, entry }) => [seq, entry?.offset])).toEqual([
        [1, 1],
        [2, 2],
      ]);
    });
  });
}
