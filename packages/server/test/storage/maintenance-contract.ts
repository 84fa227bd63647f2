// Removal: the part of the contract about what is trimmed, removed, erased or expired, and what stays of it.

import { afterEach, describe, expect, test } from 'vitest';
import { announcements } from '../../src/channel/channel.js';
import { isGap, type LogItem } from '../../src/channel/log-item.js';
import type { MaintenanceStep } from '../../src/storage/maintenance.js';
import type { MessageLog } from '../../src/storage/message-log.js';
import { type StoreQuotas, unlimitedQuotas } from '../../src/storage/quotas.js';
import {
  append,
  appendOne,
  device,
  direct,
  entryIn,
  FIRST_AT,
  headsOf,
  inbox,
  message,
  readFeed,
  readItems,
  user,
} from './requests.js';
import type { StoreFactory, StoreUnderTest } from './store-under-test.js';

const channel = direct('alice', 'bob');

/** Offsets of entries, and gaps. */
export function outlineOf(items: readonly LogItem[]): unknown[] {
  return items.map((item) => (isGap(item) ? [item.from, item.to, item.reason] : item.offset));
}

/** @returns how many calls it took */
export async function maintain(log: MessageLog, step: MaintenanceStep, budgetMs?: number): Promise<number> {
  let next = step;
  for (let calls = 1; ; calls += 1) {
    const progress = await log.maintain(next, budgetMs);
    if (progress.isDone) return calls;
    next = progress.next;
  }
}

export const trimTo = (through: number): MaintenanceStep => ({ kind: 'trim', channel, through, after: undefined });
export const removeOf = (...offsets: number[]): MaintenanceStep => {
  return { kind: 'remove', channel, offsets, reason: 'removed' };
};
export const eraseOf = (id: string): MaintenanceStep => ({ kind: 'erase', user: user(id), after: undefined });

export function describeMaintenanceContract(name: string, create: StoreFactory): void {
  describe(`${name} removes with maintain`, () => {
    let tested: StoreUnderTest;
    afterEach(() => tested.dispose());
    const open = async (quotas: Partial<StoreQuotas> = {}) => {
      tested = await create({ ...unlimitedQuotas, ...quotas });
    };
    const logOf = () => tested.store.log;
    const outline = async () => outlineOf(await readItems(logOf(), channel));
    /** Also in a process that was started again, where what is stored survives that. */
    async function bothWays(check: () => Promise<void>): Promise<void> {
      await check();
      if (tested.restart === undefined) return;
      await tested.restart();
      await check();
    }

    /** Of alice and bob in turn, with keys k1, k2 … */
    async function fill(count: number): Promise<void> {
      const batch = Array.from({ length: count }, (_, index) =>
        index % 2 === 0
          ? message('alice', 'bob', { key: `k${index + 1}`, headers: '{"h":"1"}' })
          : message('bob', 'alice', { key: `k${index + 1}` }),
      );
      await append(logOf(), batch);
    }

    async function describeOne(id: string) {
      const [description] = await tested.store.directory.describe(user(id), [{ channel, read: 0 }], 1_000);
      return description!;
    }

    test('remove: single entries become gaps in their places, joined where they are neighbours', async () => {
      await open();
      await fill(8);
      expect(await maintain(logOf(), removeOf(2, 3, 5, 99))).toBe(1);
      await maintain(logOf(), { ...removeOf(4, 5), reason: 'superseded' } as MaintenanceStep);
      await bothWays(async () => {
        expect(await outline()).toEqual([1, [2, 3, 'removed'], [4, 4, 'superseded'], [5, 5, 'removed'], 6, 7, 8]);
        const fields = { channel, limit: 3, maxBytes: 10_000 };
        const before = await logOf().page({ ...fields, direction: 'before', offset: 6 });
        expect(outlineOf(before.items)).toEqual([
          [3, 3, 'removed'],
          [4, 4, 'superseded'],
          [5, 5, 'removed'],
        ]);
        const after = await logOf().page({ ...fields, direction: 'after', offset: 2 });
        expect(outlineOf(after.items)).toEqual(outlineOf(before.items));
        expect([before.more, after.more]).toEqual([true, true]);
        expect(await headsOf(logOf(), [channel])).toMatchObject([{ head: 8, base: 0 }]);
      });
    });

    test('remove: unread counts, cursors and keys stay, and feed passes over the rows', async () => {
      await open();
      await fill(6);
      const write = { user: user('alice'), channel, read: 1, delivered: 2, devices: new Map([[device('phone'), 2]]) };
      await tested.store.cursors.write([write], FIRST_AT);
      const unread = async () => [(await describeOne('alice')).unread, (await describeOne('bob')).unread];
      const counts = await unread();
      await maintain(logOf(), removeOf(2, 4, 6));
      await bothWays(async () => {
        expect(await unread()).toEqual(counts);
        expect((await describeOne('alice')).last).toBeUndefined();
        expect(await tested.store.cursors.load([{ user: user('alice'), channel }])).toMatchObject([
          { read: 1, delivered: 2 },
        ]);
        expect((await readFeed(logOf())).map(({ entry }) => entry?.offset)).toEqual([1, 3, 5]);
        expect((await readFeed(logOf(), 3)).map(({ seq }) => seq)).toEqual([5]);
        expect(await appendOne(logOf(), message('bob', 'alice', { key: 'k4' }))).toMatchObject({
          outcome: 'repeated',
          offset: 4,
          at: FIRST_AT,
        });
      });
      expect(await appendOne(logOf(), message('bob', 'alice'))).toMatchObject({ offset: 7, messages: 7 });
    });

    test('trim: raises base, and what is below it is one gap of pages and not unread', async () => {
      await open();
      await fill(9);
      await maintain(logOf(), removeOf(2, 6));
      await maintain(logOf(), trimTo(4));
      await bothWays(async () => {
        expect(await headsOf(logOf(), [channel])).toMatchObject([{ head: 9, base: 4 }]);
        expect(await outline()).toEqual([[1, 4, 'expired'], 5, [6, 6, 'removed'], 7, 8, 9]);
        const fields = { channel, maxBytes: 10_000 };
        const page = async (direction: 'before' | 'after', offset: number, limit = 20) => {
          const { items, more } = await logOf().page({ ...fields, direction, offset, limit });
          return [outlineOf(items), more];
        };
        expect(await page('after', 2, 1)).toEqual([[[3, 4, 'expired'], 5], true]);
        expect(await page('before', 7)).toEqual([[[1, 4, 'expired'], 5, [6, 6, 'removed']], false]);
        expect(await page('before', 7, 1)).toEqual([[[6, 6, 'removed']], true]);
        expect(await page('before', 5)).toEqual([[[1, 4, 'expired']], false]);
        expect(await page('before', 3)).toEqual([[[1, 2, 'expired']], false]);
        expect(await page('before', 1)).toEqual([[], false]);
        expect([(await describeOne('alice')).unread, (await describeOne('bob')).unread]).toEqual([2, 3]);
        expect((await readFeed(logOf())).map(({ entry }) => entry?.offset)).toEqual([5, 7, 8, 9]);
        const { channels } = await tested.store.directory.channelStatuses(user('bob'), device('phone'), undefined, 10);
        expect(channels).toMatchObject([{ head: 9, base: 4 }]);
      });
      await maintain(logOf(), trimTo(3));
      expect(await headsOf(logOf(), [channel])).toMatchObject([{ base: 4 }]);
    });

    test('trim: past the newest entry, the channel keeps its head and goes on behind it', async () => {
      await open();
      await fill(3);
      await maintain(logOf(), trimTo(100));
      const gone = [[1, 3, 'expired']];
      await bothWays(async () => {
        expect(await headsOf(logOf(), [channel])).toMatchObject([{ head: 3, base: 3 }]);
        expect(await outline()).toEqual(gone);
        expect(await describeOne('bob')).toMatchObject({ head: 3, unread: 0, last: undefined });
        expect(await readFeed(logOf())).toEqual([]);
      });
      expect(await appendOne(logOf(), message('alice', 'bob'))).toMatchObject({ offset: 4, messages: 4 });
      await bothWays(async () => {
        expect(await outline()).toEqual([...gone, 4]);
        expect(await describeOne('bob')).toMatchObject({ unread: 1, last: { offset: 4 } });
      });
    });

    test('erase: all that a user wrote goes, in every channel, with its keys', async () => {
      await open();
      await fill(4);
      await append(logOf(), [message('alice', 'carol'), message('carol', 'alice'), message('bob', 'carol')]);
      await maintain(logOf(), removeOf(3));
      await maintain(logOf(), eraseOf('alice'));
      await maintain(logOf(), eraseOf('nobody'));
      await bothWays(async () => {
        expect(await outline()).toEqual([[1, 1, 'erased'], 2, [3, 3, 'erased'], 4]);
        expect(outlineOf(await readItems(logOf(), direct('alice', 'carol')))).toEqual([[1, 1, 'erased'], 2]);
        expect(outlineOf(await readItems(logOf(), direct('bob', 'carol')))).toEqual([1]);
        expect((await describeOne('bob')).unread).toBe(2);
      });
      expect(await appendOne(logOf(), message('bob', 'alice', { key: 'k2' }))).toMatchObject({ outcome: 'repeated' });
      expect(await appendOne(logOf(), message('alice', 'bob', { key: 'k1' }))).toMatchObject({ offset: 5 });
    });

    test('expire: entries whose expiresAt has come', async () => {
      await open();
      await append(
        logOf(),
        [30, undefined, 10, 20].map((expiresAt) => message('alice', 'bob', { expiresAt })),
      );
      const expire = (now: number) => maintain(logOf(), { kind: 'expire', now });
      await expire(9);
      expect(await outline()).toEqual([1, 2, 3, 4]);
      await expire(20);
      await bothWays(async () => expect(await outline()).toEqual([1, 2, [3, 4, 'expired']]));
      await maintain(logOf(), removeOf(1));
      await expire(100);
      await bothWays(async () => expect(await outline()).toEqual([[1, 1, 'removed'], 2, [3, 4, 'expired']]));
    });

    test.each([
      ['an inbox', inbox('bob')],
      ['the announcements', announcements],
    ])(
      'a slot of %s: the newer entry supersedes the older one in its append, which does not count as unread',
      async (_what, to) => {
        await open();
        const log = logOf();
        await append(log, [message('alice', 'bob')]);
        const unread = async () => {
          const [described] = await tested.store.directory.describe(user('bob'), [{ channel: to, read: 0 }], 0);
          return [described?.unread, described?.last?.offset];
        };
        const entry = (slot: string | undefined, fields: object = {}) =>
          entryIn(to, undefined, { by: 'crm', slot, ...fields });
        await append(log, [entry('a', { key: 'k' }), entry('b'), entry('a'), entry(undefined)]);
        await append(log, [entry('a', { expiresAt: FIRST_AT + 5 }), entry('b', { kind: 'react' })]);
        await bothWays(async () => {
          expect(outlineOf(await readItems(logOf(), to))).toEqual([
            [1, 1, 'superseded'],
            2,
            [3, 3, 'superseded'],
            4,
            5,
            6,
          ]);
          expect(await unread()).toEqual([3, 6]);
        });
        expect(await appendOne(logOf(), entry('a', { key: 'k' }))).toMatchObject({ outcome: 'repeated', offset: 1 });
        await maintain(logOf(), { kind: 'expire', now: FIRST_AT + 5 });
        expect(await unread()).toEqual([2, 6]);
        // The slot is empty: what comes next replaces nothing.
        await append(logOf(), [entry('a')]);
        const read = async (offset: number) => {
          const moved = { user: user('bob'), channel: to, read: offset, delivered: undefined, devices: new Map() };
          await tested.store.cursors.write([moved], FIRST_AT);
          return unread();
        };
        await bothWays(async () => {
          const outline = [[1, 1, 'superseded'], 2, [3, 3, 'superseded'], 4, [5, 5, 'expired'], 6, 7];
          expect(outlineOf(await readItems(logOf(), to))).toEqual(outline);
          expect(await unread()).toEqual([3, 7]);
        });
        expect(await read(2)).toEqual([2, 7]);
        expect(await read(5)).toEqual([1, 7]);
        await append(logOf(), [entry('a')]);
        expect(await unread()).toEqual([1, 8]);
      },
    );

    test('a slot of a direct channel replaces nothing', async () => {
      await open();
      await append(logOf(), [message('alice', 'bob', { slot: 'a' }), message('alice', 'bob', { slot: 'a' })]);
      expect(await outline()).toEqual([1, 2]);
    });

    test('the bytes are given back to their sender, once', async () => {
      const body = JSON.stringify('x'.repeat(98));
      await open({ storedBytesPerUser: 300 });
      for (let count = 0; count < 3; count += 1) await appendOne(logOf(), message('alice', 'bob', { body }));
      const refusal = { outcome: 'quota', quota: 'storedBytesPerUser' };
      expect(await appendOne(logOf(), message('alice', 'bob', { body: '1' }))).toMatchObject(refusal);
      await maintain(logOf(), removeOf(2));
      await maintain(logOf(), removeOf(2));
      await maintain(logOf(), trimTo(2));
      await maintain(logOf(), eraseOf('alice'));
      if (tested.restart !== undefined) await tested.restart();
      // 300 bytes are free again: the entry that is erased, the one below the base, and the one removed before.
      for (let count = 0; count < 3; count += 1) {
        expect(await appendOne(logOf(), message('alice', 'bob', { body }))).toMatchObject({ outcome: 'stored' });
      }
      await tested.restart?.();
      expect(await appendOne(logOf(), message('alice', 'bob', { body: '1' }))).toMatchObject(refusal);
    });

    test('each call with a budget of nothing does a part, between commits and reads that are right', async () => {
      await open();
      await fill(30);
      for (const step of [removeOf(1, 5, 9), trimTo(10), eraseOf('bob'), eraseOf('alice')]) {
        let next = step;
        let calls = 0;
        for (;;) {
          calls += 1;
          const progress = await logOf().maintain(next, 0);
          await appendOne(logOf(), message('carol', 'dave'));
          const items = await readItems(logOf(), channel);
          // Every offset is there once.
          let offset = 0;
          for (const item of items) {
            expect(isGap(item) ? item.from : item.offset).toBe(offset + 1);
            offset = isGap(item) ? item.to : item.offset;
          }
          expect(offset).toBe(30);
          if (progress.isDone) break;
          next = progress.next;
        }
        expect(calls).toBeGreaterThan(2);
      }
      expect(await outline()).toEqual([
        [1, 10, 'expired'],
        [11, 30, 'erased'],
      ]);
    });

    test('a channel that does not exist has nothing to remove', async () => {
      await open();
      expect(await maintain(logOf(), trimTo(5))).toBe(1);
      expect(await maintain(logOf(), removeOf(1))).toBe(1);
      expect(await headsOf(logOf(), [channel])).toMatchObject([{ head: 0, base: 0 }]);
    });
  });
}
