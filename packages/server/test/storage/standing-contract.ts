// Standings: the part of the contract about the channels of a user that name no pair: groups, inbox and announcements.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { announcements, type Channel } from '../../src/channel/channel.js';
import type { ChannelStatus } from '../../src/storage/directory.js';
import {
  append,
  changeMembers,
  control,
  device,
  direct,
  entryIn,
  FIRST_AT,
  group,
  inbox,
  joins,
  leaves,
  message,
  user,
  versionOf,
} from './requests.js';
import type { StoreFactory, StoreUnderTest } from './store-under-test.js';

const eng = group('eng');
const phone = device('phone');
const laptop = device('laptop');

export function describeStandingContract(name: string, create: StoreFactory): void {
  describe(`${name} keeps how users stand to groups, inboxes and announcements`, () => {
    let tested: StoreUnderTest;
    beforeEach(async () => {
      tested = await create();
    });
    afterEach(async () => {
      await tested.dispose();
    });
    const logOf = () => tested.store.log;

    const signIn = (id: string, deviceId = phone) =>
      tested.store.directory.openDevice({
        user: user(id),
        device: deviceId,
        mustExist: { user: false, device: false },
        at: FIRST_AT,
        inUse: [],
        unfinished: undefined,
      });

    /** Over slices of one channel. */
    async function statusesOf(id: string, deviceId = phone): Promise<readonly ChannelStatus[]> {
      const statuses: ChannelStatus[] = [];
      let after: number | undefined;
      do {
        const slice = await tested.store.directory.channelStatuses(user(id), deviceId, after, 1);
        statuses.push(...slice.channels);
        after = slice.next;
      } while (after !== undefined);
      return statuses;
    }

    async function post(channel: Channel, from: string | undefined, count = 1, kind = 'message') {
      const rightsVersion = await versionOf(logOf(), channel);
      await append(
        logOf(),
        Array.from({ length: count }, () => entryIn(channel, from, { kind, rightsVersion })),
      );
    }

    const acknowledge = (id: string, channel: Channel, offset: number, deviceId = phone) =>
      tested.store.cursors.write(
        [{ user: user(id), channel, read: undefined, delivered: offset, devices: new Map([[deviceId, offset]]) }],
        FIRST_AT,
      );

    const read = (id: string, channel: Channel, offset: number) =>
      tested.store.cursors.write(
        [{ user: user(id), channel, read: offset, delivered: undefined, devices: new Map() }],
        FIRST_AT,
      );

    const describeTo = (id: string, channel: Channel, callersRead = 0) =>
      tested.store.directory.describe(user(id), [{ channel, read: callersRead }], 1_000);

    test('channelStatuses has dueFrom, visibleFrom and left of the newest stay', async () => {
      await append(logOf(), [message('bob', 'alice')]);
      await changeMembers(logOf(), eng, joins('bob', 'owner'));
      await post(eng, 'bob', 2);
      await changeMembers(logOf(), eng, joins('alice', 'member', 'start'), joins('carol'));
      const stay = { channel: eng, head: 4, dueFrom: 4, left: undefined, cursor: undefined, read: 0 };
      expect(await statusesOf('alice')).toMatchObject([
        { channel: { key: 'direct/alice/bob' }, dueFrom: 1, visibleFrom: 1, left: undefined },
        { ...stay, visibleFrom: 1 },
      ]);
      expect(await statusesOf('carol')).toMatchObject([{ ...stay, visibleFrom: 4 }]);
      expect((await statusesOf('bob')).map(({ channel }) => channel.key)).toEqual(['direct/alice/bob', 'group/eng']);
    });

    test('a channel without an entry, in which one blocks the other, is not listed', async () => {
      const blocks = [{ by: user('bob'), isBlocked: true }];
      await append(logOf(), [control(direct('alice', 'bob'), 0, { blocks })]);
      expect([await statusesOf('alice'), await statusesOf('bob')]).toEqual([[], []]);
      const empty = { head: 0, recency: 0, unread: 0, visibleFrom: 1, last: undefined };
      expect(await describeTo('alice', direct('alice', 'bob'))).toMatchObject([{ ...empty, isBlocked: false }]);
      expect(await describeTo('bob', direct('alice', 'bob'))).toMatchObject([{ ...empty, isBlocked: true }]);
      expect(await Promise.all([user('alice'), user('bob')].map((id) => logOf().countBlocks(id)))).toEqual([0, 1]);
      await append(logOf(), [message('alice', 'bob', { rightsVersion: 1 })]);
      expect([await statusesOf('alice'), await statusesOf('bob')]).toMatchObject([[{ head: 1 }], [{ head: 1 }]]);
    });

    test('a group that a user left stays among the channels of a device until that device acknowledged `left`', async () => {
      await Promise.all([signIn('bob', phone), signIn('bob', laptop)]);
      await changeMembers(logOf(), eng, joins('alice', 'owner'), joins('bob'));
      await changeMembers(logOf(), eng, leaves('bob'));
      await post(eng, 'alice');
      await acknowledge('bob', eng, 1);
      expect(await statusesOf('bob')).toMatchObject([{ channel: eng, left: 2, cursor: 1, head: 3 }]);
      await acknowledge('bob', eng, 2);
      expect(await statusesOf('bob')).toEqual([]);
      expect(await statusesOf('bob', laptop)).toMatchObject([{ channel: eng, left: 2, cursor: undefined }]);
      expect(await describeTo('bob', eng)).toEqual([]);
    });

    test('a user who comes back is due from the new joining, with the cursors they had', async () => {
      await signIn('bob');
      await changeMembers(logOf(), eng, joins('alice', 'owner'), joins('bob'));
      await acknowledge('bob', eng, 1);
      await changeMembers(logOf(), eng, leaves('bob'));
      await post(eng, 'alice', 3);
      await changeMembers(logOf(), eng, joins('bob', 'admin'));
      expect(await statusesOf('bob')).toMatchObject([
        { dueFrom: 6, visibleFrom: 6, left: undefined, cursor: 1, head: 6 },
      ]);
    });

    test('unread of a group: messages of others after the read cursor, and since the joining', async () => {
      await changeMembers(logOf(), eng, joins('alice', 'owner'));
      await post(eng, 'alice', 3);
      await changeMembers(logOf(), eng, joins('bob', 'member', 'start'));
      await post(eng, 'alice', 4);
      await post(eng, 'bob', 2);
      await post(eng, 'alice', 1, 'react');
      await post(eng, undefined, 1);
      expect(await describeTo('bob', eng)).toMatchObject([{ unread: 5, visibleFrom: 1, read: 0, members: [] }]);
      expect(await describeTo('alice', eng)).toMatchObject([{ unread: 3 }]);
      await read('bob', eng, 7);
      expect(await describeTo('bob', eng)).toMatchObject([{ unread: 3, read: 7 }]);
      expect(await describeTo('bob', eng, 10)).toMatchObject([{ unread: 1, read: 10 }]);
      expect(await describeTo('bob', eng, 13)).toMatchObject([{ unread: 0, read: 13 }]);
      expect(await describeTo('eve', eng)).toEqual([]);
    });

    test('unread subtracts own messages wherever they lie, also after a restart', async () => {
      await changeMembers(logOf(), eng, joins('bot', 'owner'), joins('bob'));
      const authors = ['bot', 'bot', 'bob', 'bot', 'bob', 'bob', 'bot'];
      for (const author of authors) await post(eng, author, 40);
      const expected = (id: string, after: number) =>
        authors
          .flatMap((author) => Array<string>(40).fill(author))
          .filter((author, at) => at + 1 >= after && author !== id);
      const check = async () => {
        for (const after of [0, 1, 39, 40, 41, 100, 200, 279, 280]) {
          for (const id of ['bot', 'bob']) {
            expect(await describeTo(id, eng, after)).toMatchObject([{ unread: expected(id, after).length }]);
          }
        }
      };
      await check();
      if (tested.restart === undefined) return;
      await tested.restart();
      await check();
    });

    test('an inbox has one member, its user, who is created with it', async () => {
      await append(logOf(), [entryIn(inbox('alice'), undefined, { by: 'crm' })]);
      expect(await statusesOf('alice')).toMatchObject([
        { channel: inbox('alice'), head: 1, dueFrom: 1, visibleFrom: 1 },
      ]);
      expect(await describeTo('alice', inbox('alice'))).toMatchObject([
        { unread: 1, members: [], last: { by: 'crm' } },
      ]);
      expect(await describeTo('bob', inbox('alice'))).toEqual([]);
    });

    test('announcements are due to users from the first one after their creation, and listed from then on', async () => {
      const announce = () => append(logOf(), [entryIn(announcements, undefined, { by: 'crm' })]);
      await signIn('early');
      await announce();
      await append(logOf(), [message('early', 'written-to')]);
      await signIn('late');
      expect(await statusesOf('late')).toEqual([]);
      expect(await statusesOf('early')).toMatchObject([
        { channel: announcements, dueFrom: 1, visibleFrom: 1, head: 1 },
        { channel: { kind: 'direct' } },
      ]);
      await announce();
      expect(await statusesOf('late')).toMatchObject([{ channel: announcements, dueFrom: 2, visibleFrom: 2, head: 2 }]);
      expect((await statusesOf('written-to'))[0]).toMatchObject({ channel: announcements, dueFrom: 2 });
      expect(await describeTo('late', announcements)).toMatchObject([{ unread: 1, head: 2 }]);
      expect(await describeTo('early', announcements)).toMatchObject([{ unread: 2 }]);
      await acknowledge('late', announcements, 2);
      await read('early', announcements, 2);
      expect(await statusesOf('late')).toMatchObject([{ cursor: 2 }]);
      expect(await describeTo('early', announcements)).toMatchObject([{ unread: 0, read: 2 }]);
      expect(await statusesOf('unknown')).toEqual([]);
      if (tested.restart === undefined) return;
      await tested.restart();
      expect(await statusesOf('late')).toMatchObject([{ channel: announcements, dueFrom: 2, cursor: 2 }]);
    });

    test('a device that is new begins at the read cursors of groups and announcements too', async () => {
      await signIn('bob');
      await changeMembers(logOf(), eng, joins('alice', 'owner'), joins('bob'));
      await post(eng, 'alice', 3);
      await append(logOf(), [entryIn(announcements, undefined, { by: 'crm' })]);
      await read('bob', eng, 2);
      await read('bob', announcements, 1);
      await signIn('bob', laptop);
      expect(await statusesOf('bob', laptop)).toMatchObject([
        { channel: eng, cursor: 2 },
        { channel: announcements, cursor: 1 },
      ]);
    });
  });
}
