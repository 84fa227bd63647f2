// What every storage engine promises of the names and pictures of users.

import type { GroupId } from '@longwire/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { groupChannel } from '../../src/channel/channel.js';
import { foldedName, NO_PROFILE, type ProfileChange } from '../../src/channel/profile.js';
import { MAX_PROFILES_PER_CALL } from '../../src/storage/profiles.js';
import { append, changeMembers, device, direct, joins, leaves, message, user } from './requests.js';
import type { StoreFactory, StoreUnderTest } from './store-under-test.js';

const alice = user('alice');
const bob = user('bob');
const carol = user('carol');
const dave = user('dave');
const eng = groupChannel('eng' as GroupId);
const picture = 'https://a.example/p.png';
const unchanged: ProfileChange = { name: undefined, picture: undefined };
const named = (name: string) => ({ name, picture: undefined });

export function describeProfileContract(name: string, create: StoreFactory): void {
  describe(`${name} keeps profiles:`, () => {
    let tested: StoreUnderTest;
    beforeEach(async () => {
      tested = await create();
      await append(tested.store.log, [message('alice', 'bob'), message('carol', 'dave')]);
    });
    afterEach(async () => {
      await tested.dispose();
    });

    const signIn = (id: string, profile: ProfileChange | undefined) =>
      tested.store.directory.openDevice({
        user: user(id),
        device: device('phone'),
        mustExist: { user: false, device: false },
        at: 1,
        inUse: [],
        profile,
        unfinished: undefined,
      });

    test('openDevice and write change what is given, and null removes it', async () => {
      const { profiles } = tested.store;
      await signIn('alice', { name: 'Alice', picture });
      await signIn('alice', undefined);
      await signIn('bob', named('Bob'));
      const known = await profiles.write([
        { user: bob, ...unchanged, picture },
        { user: user('stranger'), ...unchanged, name: 'X' },
      ]);
      expect(known).toEqual([true, false]);
      expect(await profiles.load([bob, user('stranger'), alice, carol])).toEqual([
        { name: 'Bob', picture },
        NO_PROFILE,
        { name: 'Alice', picture },
        NO_PROFILE,
      ]);
      await signIn('alice', { name: 'Alice A.', picture: null });
      await profiles.write([{ user: bob, name: null, picture: null }]);
      expect(await profiles.load([alice, bob])).toEqual([named('Alice A.'), NO_PROFILE]);
    });

    test('describe has the profile of the other user of a direct channel', async () => {
      const { profiles, directory } = tested.store;
      await profiles.write([{ user: bob, ...unchanged, name: 'Bob' }]);
      const describe = async (viewer: string, channel = direct('alice', 'bob')) =>
        (await directory.describe(user(viewer), [{ channel, read: 0 }], 100))[0]?.profile;
      expect(await describe('alice')).toEqual(named('Bob'));
      expect(await describe('bob')).toEqual(NO_PROFILE);
      expect(await describe('carol', direct('carol', 'dave'))).toEqual(NO_PROFILE);
    });

    test('loadShared returns those of users with whom the viewer has a direct channel with an entry, and their own', async () => {
      const { profiles } = tested.store;
      await profiles.write([alice, bob, carol, dave].map((id) => ({ user: id, ...unchanged, name: `the ${id}` })));
      const asked = [dave, bob, alice, user('stranger')];
      expect(await profiles.loadShared({ viewer: alice, users: asked, group: undefined })).toEqual([
        NO_PROFILE,
        named('the bob'),
        named('the alice'),
        NO_PROFILE,
      ]);
    });

    test('loadShared with a group returns those of its members, and to a user who left those who had joined by then', async () => {
      const { profiles, log } = tested.store;
      await profiles.write([alice, bob, carol, dave].map((id) => ({ user: id, ...unchanged, name: `the ${id}` })));
      for (const next of [joins('alice'), joins('bob'), leaves('bob'), joins('carol')]) {
        await changeMembers(log, eng, next);
      }
      const seenBy = async (viewer: typeof alice) => {
        const seen = await profiles.loadShared({ viewer, users: [alice, bob, carol, dave], group: eng });
        return seen.map((profile) => profile.name !== undefined);
      };
      expect(await seenBy(alice)).toEqual([true, true, true, false]);
      expect(await seenBy(carol)).toEqual([true, true, true, false]);
      expect(await seenBy(bob)).toEqual([true, true, false, false]);
      expect(await seenBy(dave)).toEqual([false, false, false, true]);
      const none = groupChannel('none' as GroupId);
      expect(await profiles.loadShared({ viewer: alice, users: [bob], group: none })).toEqual([NO_PROFILE]);
    });

    test('search finds names that begin with a folded prefix, in any case, ascending, and none without a name', async () => {
      const { profiles } = tested.store;
      const names = { alice: 'Zo\u00eb B', bob: 'ZO\u00cb a', carol: 'zo', dave: null };
      const writes = Object.entries(names).map(([id, name]) => ({ user: user(id), name, picture }));
      await profiles.write(writes);
      const found = async (prefix: string, limit = 10) =>
        (await profiles.search(foldedName(prefix), limit)).map((each) => each.user);
      expect(await found('ZO')).toEqual([carol, bob, alice]);
      expect(await found('zoe\u0308')).toEqual([bob, alice]);
      expect(await found('z', 2)).toEqual([carol, bob]);
      expect(await found('o')).toEqual([]);
      expect(await profiles.search('zo', 1)).toEqual([{ user: carol, name: 'zo', picture }]);
      await profiles.write([{ user: carol, ...unchanged, name: '100 %_' }]);
      expect([await found('zo'), await found('100 %_'), await found('100 __')]).toEqual([[bob, alice], [carol], []]);
      const store = await tested.restart?.();
      if (store !== undefined)
        expect((await store.profiles.search('zo', 10)).map((each) => each.user)).toEqual([bob, alice]);
    });

    test('load, loadShared and write take at most MAX_PROFILES_PER_CALL items', async () => {
      const many = Array.from({ length: MAX_PROFILES_PER_CALL + 1 }, () => alice);
      const { profiles } = tested.store;
      await expect(profiles.load(many)).rejects.toThrow(RangeError);
      await expect(profiles.loadShared({ viewer: alice, users: many, group: undefined })).rejects.toThrow(RangeError);
      await expect(profiles.write(many.map((id) => ({ user: id, ...unchanged })))).rejects.toThrow(RangeError);
    });

    test('they are the same after a restart', async () => {
      await signIn('alice', { name: 'Zoë 张三 😀', picture });
      const store = await tested.restart?.();
      if (store === undefined) return;
      expect(await store.profiles.load([alice])).toEqual([{ name: 'Zoë 张三 😀', picture }]);
    });
  });
}
