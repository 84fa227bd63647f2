// Directory and cursors: the part of the contract that says how far who is.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ChannelKey } from '../../src/channel/channel.js';
import type { CursorWrite } from '../../src/storage/cursors.js';
import { device, direct, FIRST_AT, message, user } from './requests.js';
import type { StoreFactory, StoreUnderTest } from './store-under-test.js';

const MINUTE_MS = 60_000;
const channel = direct('alice', 'bob');

function cursorWrite(fields: Partial<CursorWrite>): CursorWrite {
  return { user: user('bob'), channel, read: undefined, delivered: undefined, devices: new Map(), ...fields };
}

export function describeCursorContract(name: string, create: StoreFactory): void {
  describe(`${name} keeps cursors and devices`, () => {
    let tested: StoreUnderTest;
    beforeEach(async () => {
      tested = await create();
      await tested.store.log.append(Array.from({ length: 10 }, () => message('alice', 'bob')));
    });
    afterEach(async () => {
      await tested.dispose();
    });

    test('cursors move forward only', async () => {
      const { cursors } = tested.store;
      expect(await cursors.load([{ user: user('bob'), channel }])).toEqual([
        { user: 'bob', channel, read: 0, delivered: 0 },
      ]);
      await cursors.write([cursorWrite({ read: 4, delivered: 6 })]);
      await cursors.write([cursorWrite({ read: 3, delivered: 7 }), cursorWrite({})]);
      expect(await cursors.load([{ user: user('bob'), channel }])).toMatchObject([{ read: 4, delivered: 7 }]);
    });

    test('cursors are answered in the order asked, with zeroes where nothing is stored', async () => {
      await tested.store.cursors.write([cursorWrite({ read: 2 })]);
      const wanted = [
        { user: user('nobody'), channel },
        { user: user('bob'), channel },
        { user: user('bob'), channel: direct('bob', 'dave') },
      ];
      expect((await tested.store.cursors.load(wanted)).map(({ read }) => read)).toEqual([0, 2, 0]);
    });

    test('cursors of unknown users, channels and devices are passed over', async () => {
      await tested.store.cursors.write([
        cursorWrite({ user: user('nobody'), read: 1 }),
        cursorWrite({ channel: direct('bob', 'dave'), read: 1 }),
        cursorWrite({ devices: new Map([[device('unknown'), 1]]), read: 3 }),
      ]);
      expect(await tested.store.cursors.load([{ user: user('bob'), channel }])).toMatchObject([{ read: 3 }]);
    });

    test('a device is new once, and starts at the read cursor in channels its user has read', async () => {
      const { directory, cursors, log } = tested.store;
      await log.append([message('carol', 'bob')]);
      await cursors.write([cursorWrite({ read: 4 })]);
      expect(await directory.hasDevice(user('bob'), device('phone'))).toBe(false);
      expect(await directory.openDevice(user('bob'), device('phone'), FIRST_AT)).toBe('new');
      expect(await directory.openDevice(user('bob'), device('phone'), FIRST_AT + 1)).toBe('known');
      expect(await directory.hasDevice(user('bob'), device('phone'))).toBe(true);
      expect(await directory.hasDevice(user('nobody'), device('phone'))).toBe(false);
      const { channels: statuses, next } = await directory.channelStatuses(user('bob'), device('phone'), undefined, 10);
      expect(next).toBeUndefined();
      expect(statuses).toMatchObject([
        { channel, head: 10, base: 0, visibleFrom: 1, cursor: 4, read: 4 },
        { channel: direct('bob', 'carol'), head: 1, base: 0, visibleFrom: 1, cursor: undefined, read: 0 },
      ]);
    });

    test('a device cursor moves forward only and belongs to its device', async () => {
      const { directory, cursors } = tested.store;
      await directory.openDevice(user('bob'), device('phone'), FIRST_AT);
      await directory.openDevice(user('bob'), device('tablet'), FIRST_AT);
      await cursors.write([cursorWrite({ devices: new Map([[device('phone'), 5]]) })]);
      await cursors.write([cursorWrite({ devices: new Map([[device('phone'), 3]]) })]);
      const cursorOf = async (id: string) =>
        (await directory.channelStatuses(user('bob'), device(id), undefined, 10)).channels[0]?.cursor;
      expect([await cursorOf('phone'), await cursorOf('tablet')]).toEqual([5, undefined]);
    });

    test('the 33rd device makes the longest unused one forgotten, with its cursors', async () => {
      const { directory, cursors } = tested.store;
      const open = (index: number, minute: number) =>
        directory.openDevice(user('bob'), device(`d${index}`), FIRST_AT + minute * MINUTE_MS);
      for (let index = 0; index < 32; index += 1) await open(index, index);
      await cursors.write([cursorWrite({ devices: new Map([[device('d1'), 5]]) })]);
      await open(0, 40);
      expect(await open(32, 41)).toBe('new');
      expect(await open(0, 42)).toBe('known');
      expect(await open(1, 43)).toBe('new');
      const { channels: statuses } = await directory.channelStatuses(user('bob'), device('d1'), undefined, 10);
      expect(statuses[0]?.cursor).toBeUndefined();
    });

    test('statuses come in slices that together hold every channel once', async () => {
      const { directory, log } = tested.store;
      await log.append(Array.from({ length: 25 }, (_, index) => message('bob', `peer${index}`)));
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
      await log.append([message('carol', 'bob')]);
      await log.append([message('alice', 'bob')]);
      const { channels: statuses } = await directory.channelStatuses(user('bob'), device('phone'), undefined, 10);
      const byRecency = [...statuses].sort((a, b) => b.recency - a.recency).map(({ channel: key }) => key);
      expect(byRecency).toEqual([channel, direct('bob', 'carol')]);
    });

    test('a description leaves out body and headers of a last entry that has more than maxLastBytes', async () => {
      const { directory, log } = tested.store;
      const headers = '{"x":"1"}';
      await log.append([message('alice', 'bob', { body: '"é"', headers, slot: 's', key: 'k' })]);
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
      await log.append([message('carol', 'bob'), message('alice', 'bob')]);
      const { channels } = await directory.channelStatuses(user('bob'), device('phone'), undefined, 10);
      const wanted = channels.map(({ channel: key }) => ({ channel: key, read: 0 }));
      const described = await directory.describe(user('bob'), wanted, 1_000);
      expect(described.map(({ recency }) => recency)).toEqual(channels.map(({ recency }) => recency));
    });

    test('a description has the last entry, what is unread and all members', async () => {
      const { directory, cursors, log } = tested.store;
      await log.append([message('bob', 'alice', { body: '"last"' })]);
      await cursors.write([cursorWrite({ read: 4, delivered: 9 })]);
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

    test('unknown users have no channels', async () => {
      expect(await tested.store.directory.channelStatuses(user('nobody'), device('x'), undefined, 10)).toEqual({
        channels: [],
        next: undefined,
      });
    });
  });
}
