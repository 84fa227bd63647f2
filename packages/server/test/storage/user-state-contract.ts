// What every storage engine promises of users: when they were last seen, what they show, and who has written to whom.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  defaultUserSettings,
  MAX_SHARED_PER_CALL,
  MAX_STATES_PER_CALL,
  type UserStateWrite,
} from '../../src/storage/user-states.js';
import { append, changeMembers, device, group, joins, leaves, message, user } from './requests.js';
import type { StoreFactory, StoreUnderTest } from './store-under-test.js';

const AT = 1_790_000_000_000;
const alice = user('alice');
const bob = user('bob');
const hidden = { presence: false, receipts: false };

export function describeUserStateContract(name: string, create: StoreFactory): void {
  describe(`${name} keeps states of users:`, () => {
    let tested: StoreUnderTest;
    beforeEach(async () => {
      tested = await create();
    });
    afterEach(async () => {
      await tested.dispose();
    });

    const signIn = (name: string, at = AT) =>
      tested.store.directory.openDevice({
        user: user(name),
        device: device('phone'),
        mustExist: { user: false, device: false },
        at,
        inUse: [],
        unfinished: undefined,
      });
    const seen = (name: string, lastSeenAt: number): UserStateWrite => ({
      user: user(name),
      lastSeenAt,
      settings: undefined,
    });

    test('write keeps the latest lastSeenAt and the newest settings, load returns them in the order asked', async () => {
      await signIn('alice');
      await signIn('bob');
      const states = tested.store.userStates;
      await states.write([seen('alice', AT + 5), { user: bob, lastSeenAt: undefined, settings: hidden }]);
      await states.write([seen('alice', AT + 3), seen('bob', AT + 7)]);
      await states.write([{ user: alice, lastSeenAt: undefined, settings: { presence: true, receipts: false } }]);
      expect(await states.load([bob, alice])).toEqual([
        { user: bob, lastSeenAt: AT + 7, settings: hidden },
        { user: alice, lastSeenAt: AT + 5, settings: { presence: true, receipts: false } },
      ]);
    });

    test('load returns the defaults for an unknown user, and write passes one over', async () => {
      const states = tested.store.userStates;
      await states.write([seen('nobody', AT)]);
      expect(await states.load([user('nobody'), user('__proto__')])).toEqual([
        { user: 'nobody', lastSeenAt: undefined, settings: defaultUserSettings },
        { user: '__proto__', lastSeenAt: undefined, settings: defaultUserSettings },
      ]);
      expect(await states.load([])).toEqual([]);
    });

    test('load, write and haveWritten take at most MAX_STATES_PER_CALL items', async () => {
      const many = Array.from({ length: MAX_STATES_PER_CALL + 1 }, (_, index) => user(`u${index}`));
      const states = tested.store.userStates;
      await expect(states.load(many)).rejects.toThrow(RangeError);
      await expect(states.write(many.map((name) => seen(name, AT)))).rejects.toThrow(RangeError);
      await expect(states.haveWritten(many.map((from) => ({ from, to: alice })))).rejects.toThrow(RangeError);
      expect(await states.load(many.slice(1))).toHaveLength(MAX_STATES_PER_CALL);
    });

    test('haveWritten says for each pair whether the first has written to the second, in any order of their names', async () => {
      const { store } = tested;
      await append(store.log, [
        message('alice', 'bob'),
        message('alice', 'bob'),
        message('carol', 'alice'),
        message('dave', 'dave'),
      ]);
      const carol = user('carol');
      const dave = user('dave');
      const written = await store.userStates.haveWritten([
        { from: alice, to: bob },
        { from: bob, to: alice },
        { from: carol, to: alice },
        { from: alice, to: carol },
        { from: dave, to: dave },
        { from: bob, to: bob },
        { from: alice, to: user('nobody') },
      ]);
      expect(written).toEqual([true, false, true, false, true, false, false]);
      await append(store.log, [message('bob', 'alice')]);
      expect(await store.userStates.haveWritten([{ from: bob, to: alice }])).toEqual([true]);
    });

    test('sharedGroups returns a group of at most maxMembers in which both are now', async () => {
      const { store } = tested;
      const [eng, large] = [group('eng'), group('large')];
      await changeMembers(store.log, eng, joins('alice'), joins('bob'), joins('carol'));
      await changeMembers(store.log, large, joins('alice'), joins('dave'), joins('erin'), joins('bob'));
      await append(store.log, [message('alice', 'frank')]);
      const others = ['bob', 'carol', 'dave', 'frank', 'nobody'].map(user);
      const shared = async (maxMembers: number) =>
        (await store.userStates.sharedGroups(alice, others, maxMembers)).map((found) => found?.key);
      expect(await shared(3)).toEqual([eng.key, eng.key, undefined, undefined, undefined]);
      expect(await shared(2)).toEqual(others.map(() => undefined));
      expect((await shared(4))[2]).toBe(large.key);
      await changeMembers(store.log, eng, leaves('carol'));
      expect(await shared(3)).toEqual([eng.key, undefined, undefined, undefined, undefined]);
      await changeMembers(store.log, eng, leaves('alice'));
      expect(await shared(3)).toEqual(others.map(() => undefined));
      expect(await store.userStates.sharedGroups(user('nobody'), [alice], 9)).toEqual([undefined]);
      const many = Array.from({ length: MAX_SHARED_PER_CALL + 1 }, () => bob);
      await expect(store.userStates.sharedGroups(alice, many, 9)).rejects.toThrow(RangeError);
    });

    test('all of it holds after a restart', async () => {
      await signIn('alice');
      await append(tested.store.log, [message('bob', 'alice')]);
      await tested.store.userStates.write([{ user: alice, lastSeenAt: AT + 5, settings: hidden }]);
      const store = await tested.restart?.();
      if (store === undefined) return;
      expect(await store.userStates.load([alice])).toEqual([{ user: alice, lastSeenAt: AT + 5, settings: hidden }]);
      expect(await store.userStates.haveWritten([{ from: bob, to: alice }])).toEqual([true]);
    });

    test('lastSeenAt is no earlier than two minutes before the last use of a device: the process was killed meanwhile', async () => {
      const later = AT + 3_600_000;
      await signIn('alice', AT);
      await tested.store.userStates.write([seen('alice', AT + 5)]);
      await signIn('alice', later);
      const store = await tested.restart?.();
      if (store === undefined) return;
      const [state] = await store.userStates.load([alice]);
      expect(state?.lastSeenAt).toBe(later);
    });
  });
}
