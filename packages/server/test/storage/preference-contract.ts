// What every storage engine promises of the preferences of users.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FOREVER, MAX_PREFERENCES_PER_CALL, type PreferenceWrite } from '../../src/storage/preferences.js';
import { append, direct, message, user } from './requests.js';
import type { StoreFactory, StoreUnderTest } from './store-under-test.js';

const plain = { mutedUntil: 0, isArchived: false, hiddenThrough: 0 };
const [alice, bob] = [user('alice'), user('bob')];
const withBob = direct('alice', 'bob');
const withCarol = direct('alice', 'carol');

export function describePreferenceContract(name: string, create: StoreFactory): void {
  describe(`${name} keeps preferences:`, () => {
    let tested: StoreUnderTest;
    beforeEach(async () => {
      tested = await create();
      await append(tested.store.log, [message('alice', 'carol'), message('alice', 'bob')]);
    });
    afterEach(async () => {
      await tested.dispose();
    });

    const write = (...batch: PreferenceWrite[]) => tested.store.preferences.write(batch);

    test('load returns those of each user in the order of the channels, the newest of each', async () => {
      await write({ user: alice, channel: withBob, ...plain, mutedUntil: FOREVER });
      await write(
        { user: alice, channel: withBob, ...plain, mutedUntil: 5, hiddenThrough: 1 },
        { user: alice, channel: withCarol, ...plain, isArchived: true },
      );
      expect(await tested.store.preferences.load([bob, alice, user('nobody')])).toEqual([
        [],
        [
          { channel: withCarol, ...plain, isArchived: true },
          { channel: withBob, ...plain, mutedUntil: 5, hiddenThrough: 1 },
        ],
        [],
      ]);
    });

    test('write removes what is plain, and passes over unknown users and channels', async () => {
      await write({ user: alice, channel: withBob, ...plain, isArchived: true });
      await write(
        { user: alice, channel: withBob, ...plain },
        { user: user('nobody'), channel: withBob, ...plain, isArchived: true },
        { user: alice, channel: direct('alice', 'dave'), ...plain, isArchived: true },
      );
      expect(await tested.store.preferences.load([alice, user('nobody')])).toEqual([[], []]);
    });

    test('load and write take at most MAX_PREFERENCES_PER_CALL items', async () => {
      const one = { user: alice, channel: withBob, ...plain };
      const many = Array.from({ length: MAX_PREFERENCES_PER_CALL + 1 }, () => one);
      await expect(tested.store.preferences.write(many)).rejects.toThrow(RangeError);
      await expect(tested.store.preferences.load(many.map(() => alice))).rejects.toThrow(RangeError);
    });

    test('they are the same after a restart', async () => {
      await write({ user: alice, channel: withBob, mutedUntil: FOREVER, isArchived: true, hiddenThrough: 1 });
      const before = await tested.store.preferences.load([alice]);
      const store = await tested.restart?.();
      if (store !== undefined) expect(await store.preferences.load([alice])).toEqual(before);
    });
  });
}
