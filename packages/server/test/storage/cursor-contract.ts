// Directory and cursors: the part of the contract that says how far who is.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ChannelKey, inboxChannel } from '../../src/channel/channel.js';
import type { CursorWrite } from '../../src/storage/cursors.js';
import { append, device, direct, entryIn, FIRST_AT, message, user } from './requests.js';
import type { StoreFactory, StoreUnderTest } from './store-under-test.js';

const channel = direct('alice', 'bob');

function cursorWrite(fields: Partial<CursorWrite>): CursorWrite {
  return { user: user('bob'), channel, read: undefined, delivered: undefined, devices: new Map(), ...fields };
}

export function describeCursorContract(name: string, create: StoreFactory): void {
  describe(`${name} keeps cursors and devices`, () => {
    let tested: StoreUnderTest;
    beforeEach(async () => {
      tested = await create();
      await append(
        tested.store.log,
        Array.from({ length: 10 }, () => message('alice', 'bob')),
      );
    });
    afterEach(async () => {
      await tested.dispose();
    });

    const signIn = (id: string, at: number) =>
      tested.store.directory.openDevice({
        user: user('bob'),
        device: device(id),
        mustExist: { user: false, device: false },
        at,
        inUse: [],
        unfinished: undefined,
      });

    test('cursors move forward only', async () => {
      const { cursors } = tested.store;
      expect(await cursors.load([{ user: user('bob'), channel }])).toEqual([
        { user: 'bob', channel, read: 0, delivered: 0 },
      ]);
      await cursors.write([cursorWrite({ read: 4, delivered: 6 })], FIRST_AT);
      await cursors.write([cursorWrite({ read: 3, delivered: 7 }), cursorWrite({})], FIRST_AT);
      expect(await cursors.load([{ user: user('bob'), channel }])).toMatchObject([{ read: 4, delivered: 7 }]);
    });

    test('cursors are answered in the order asked, with zeroes where nothing is stored', async () => {
      await tested.store.cursors.write([cursorWrite({ read: 2 })], FIRST_AT);
      const wanted = [
        { user: user('nobody'), channel },
        { user: user('bob'), channel },
        { user: user('bob'), channel: direct('bob', 'dave') },
      ];
      expect((await tested.store.cursors.load(wanted)).map(({ read }) => read)).toEqual([0, 2, 0]);
    });

    test('cursors of unknown users, channels and devices are passed over', async () => {
      await tested.store.cursors.write(
        [
          cursorWrite({ user: user('nobody'), read: 1 }),
          cursorWrite({ channel: direct('bob', 'dave'), read: 1 }),
          cursorWrite({ devices: new Map([[device('unknown'), 1]]), read: 3 }),
        ],
        FIRST_AT,
      );
      expect(await tested.store.cursors.load([{ user: user('bob'), channel }])).toMatchObject([{ read: 3 }]);
    });

    test('a device is new once, and starts at the read cursor in channels its user has read', async () => {
      const { directory, cursors, log } = tested.store;
      await append(log, [message('carol', 'bob')]);
      await cursors.write([cursorWrite({ read: 4 })], FIRST_AT);
      expect(await directory.findDevice(user('bob'), device('phone'))).toBe('new');
      expect(await signIn('phone', FIRST_AT)).toBe('new');
      expect(await signIn('phone', FIRST_AT + 1)).toBe('known');
      expect(await directory.findDevice(user('bob'), device('phone'))).toBe('known');
      expect(await directory.findDevice(user('nobody'), device('phone'))).toBe('new');
      const { channels: statuses, next } = await directory.channelStatuses(user('bob'), device('phone'), undefined, 10);
      expect(next).toBeUndefined();
      expect(statuses).toMatchObject([
        { channel, head: 10, base: 0, visibleFrom: 1, cursor: 4, read: 4 },
        { channel: direct('bob', 'carol'), head: 1, base: 0, visibleFrom: 1, cursor: undefined, read: 0 },
      ]);
    });

    test('a device cursor moves forward only and belongs to its device', async () => {
      const { directory, cursors } = tested.store;
      await signIn('phone', FIRST_AT);
      await signIn('tablet', FIRST_AT);
      await cursors.write([cursorWrite({ devices: new Map([[device('phone'), 5]]) })], FIRST_AT);
      await cursors.write([cursorWrite({ devices: new Map([[device('phone'), 3]]) })], FIRST_AT);
      const cursorOf = async (id: string) =>
        (await directory.channelStatuses(user('bob'), device(id), undefined, 10)).channels[0]?.cursor;
      expect([await cursorOf('phone'), await cursorOf('tablet')]).toEqual([5, undefined]);
    });

    test('statuses come in slices that together hold every channel once', async () => {
      const { directory, log } = tested.store;
      await append(
        log,
        Array.from({ length: 25 }, (_, index) => message('bob', `peer${index}`)),
      );
      const seen: ChannelKey[] = [];
      let after: number | undefined;
      do {
        const slice = await directory.channelStatuses(user('bob'), device('phone'), after, 10);
        expect(slice.channels.length).toBeLessThanOrEqual(10);
        seen.push(...slice.channels.map(({ channel: { key } }) => key));
        after = slice.next;
      } while (after !== undefined);
      expect(new Set(seen).size).toBe(26);
      expect(seen).toHaveLength(26);
    });

    test('recency ascends with the last entry', async () => {
      const { directory, log } = tested.store;
      await append(log, [message('carol', 'bob')]);
      await append(log, [message('alice', 'bob')]);
      const { channels: statuses } = await directory.channelStatuses(user('bob'), device('phone'), undefined, 10);
      const byRecency = [...statuses].sort((a, b) => b.recency - a.recency).map(({ channel: key }) => key);
      expect(byRecency).toEqual([channel, direct('bob', 'carol')]);
    });

    test('a description leaves out body and headers of a last entry that has more than maxLastBytes', async () => {
      const { directory, log } = tested.store;
      const headers = '{"x":"1"}';
      await append(log, [message('alice', 'bob', { body: '"é"', headers, slot: 's', key: 'k' })]);
      const describe = async (maxLastBytes: number) =>
        (await directory.describe(user('bob'), [{ channel, read: 0 }], maxLastBytes))[0];
      const bytes = Buffer.byteLength(`"é"${headers}`);
      expect(await describe(bytes)).toMatchObject({ isLastTruncated: false, last: { body: '"é"', headers } });
      expect(await describe(bytes - 1)).toMatchObject({
        isLastTruncated: true,
        last: { body: '', headers: undefined, slot: 's', key: 'k', offset: 11 },
      });
    });

    test('a description has the recency that the status of its channel has', async () => {
      const { directory, log } = tested.store;
      await append(log, [message('carol', 'bob'), message('alice', 'bob')]);
      const { channels } = await directory.channelStatuses(user('bob'), device('phone'), undefined, 10);
      const wanted = channels.map(({ channel: key }) => ({ channel: key, read: 0 }));
      const described = await directory.describe(user('bob'), wanted, 1_000);
      expect(described.map(({ recency }) => recency)).toEqual(channels.map(({ recency }) => recency));
    });

    test('a description has the last entry, what is unread and all members', async () => {
      const { directory, cursors, log } = tested.store;
      await append(log, [message('bob', 'alice', { body: '"last"' })]);
      await cursors.write([cursorWrite({ read: 4, delivered: 9 })], FIRST_AT);
      const describe = (read: number) => directory.describe(user('bob'), [{ channel, read }], 1_000);
      expect(await describe(0)).toMatchObject([
        {
          channel,
          head: 11,
          visibleFrom: 1,
          unread: 6,
          last: { offset: 11, body: '"last"', from: 'bob' },
          members: [
            { user: 'alice', read: 0, delivered: 0 },
            { user: 'bob', read: 4, delivered: 9 },
          ],
        },
      ]);
      expect((await describe(8))[0]?.unread).toBe(2);
      expect((await describe(11))[0]?.unread).toBe(0);
      const others = [{ channel: direct('alice', 'carol'), read: 0 }];
      expect(await directory.describe(user('bob'), others, 1_000)).toEqual([]);
    });

    test('readSingly marks messages of an inbox above its read cursor, at most 1 000, until the cursor reaches them', async () => {
      const to = inboxChannel(user('bob'));
      const entries = (count: number) => Array.from({ length: count }, () => entryIn(to, undefined, { by: 'crm' }));
      await append(tested.store.log, [...entries(500), entryIn(to, undefined, { by: 'crm', kind: 'react' })]);
      await append(tested.store.log, entries(600));
      const readSingly = (offset: number, read = 0) => tested.store.cursors.readSingly({ channel: to, offset, read });
      const described = async (read = 0) => {
        const [found] = await tested.store.directory.describe(user('bob'), [{ channel: to, read }], 0);
        return [found?.unread, found?.singleReads];
      };
      expect([await readSingly(7), await readSingly(3), await readSingly(7)]).toEqual([[7], [3, 7], [3, 7]]);
      // Not a message, not there, removed.
      await tested.store.log.maintain({ kind: 'remove', channel: to, offsets: [9], reason: 'removed' });
      for (const offset of [501, 1_102, 9]) expect(await readSingly(offset)).toEqual([3, 7]);
      expect(await described()).toEqual([1_098, [3, 7]]);
      if (tested.restart !== undefined) await tested.restart();
      expect(await described(3)).toEqual([1_096, [7]]);
      expect(await readSingly(5, 6)).toEqual([7]);
      const others = Array.from({ length: 998 }, (_, index) => 1_101 - index).filter((offset) => offset !== 501);
      await Promise.all(others.map((offset) => readSingly(offset)));
      expect([(await readSingly(103))?.length, await readSingly(102), (await readSingly(500))?.length]).toEqual([
        1_000,
        undefined,
        1_000,
      ]);
      await tested.store.cursors.write([cursorWrite({ channel: to, read: 1_099 })], FIRST_AT);
      expect(await described()).toEqual([0, [1_100, 1_101]]);
      expect(await readSingly(1_101)).toEqual([1_100, 1_101]);
    });

    test('unknown users have no channels', async () => {
      expect(await tested.store.directory.channelStatuses(user('nobody'), device('x'), undefined, 10)).toMatchObject({
        channels: [],
        next: undefined,
      });
    });
  });
}
