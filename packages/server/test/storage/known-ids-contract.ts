// What must exist: the part of the contract that says which users and devices are not created.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { append, appendOne, device, direct, FIRST_AT, headsOf, message, readLog, user } from './requests.js';
import type { StoreFactory, StoreUnderTest } from './store-under-test.js';

export function describeKnownIdsContract(name: string, create: StoreFactory): void {
  describe(`${name} creates no user and no device that must exist`, () => {
    let tested: StoreUnderTest;
    beforeEach(async () => {
      tested = await create();
    });
    afterEach(async () => {
      await tested.dispose();
    });
    const bobKnown = { mustExist: [user('bob')] };
    const openDevice = (mustExist: { readonly user: boolean; readonly device: boolean }) =>
      tested.store.directory.openDevice({
        user: user('bob'),
        device: device('phone'),
        mustExist,
        at: FIRST_AT,
        inUse: [],
        unfinished: undefined,
      });

    test('append answers unknown-user if a user in mustExist is not known, and stores the rest of its batch', async () => {
      const results = await append(tested.store.log, [
        message('ann', 'bob', bobKnown),
        message('ann', 'cat'),
        message('bob', 'bob', bobKnown),
        message('bob', 'eve', { ...bobKnown, key: 'k' }),
        message('ann', 'bob', { ...bobKnown, isRefused: true }),
      ]);
      expect(results.map(({ outcome }) => outcome)).toEqual([
        'unknown-user',
        'stored',
        'unknown-user',
        'unknown-user',
        'refused',
      ]);
      const channels = [direct('ann', 'bob'), direct('bob', 'eve')];
      expect(await headsOf(tested.store.log, channels)).toMatchObject([{ head: 0 }, { head: 0 }]);
      const store = (await tested.restart?.()) ?? tested.store;
      for (const id of ['bob', 'eve']) {
        const request = message('ann', 'cat', { mustExist: [user(id)] });
        expect(await appendOne(store.log, { ...request, channel: direct('ann', id) })).toMatchObject({
          outcome: 'unknown-user',
        });
      }
    });

    test('append stores messages to and from users in mustExist who are known, and knows repeats', async () => {
      await openDevice({ user: false, device: false });
      const results = await append(tested.store.log, [
        message('ann', 'bob', { ...bobKnown, key: 'k' }),
        message('bob', 'ann', { mustExist: [user('ann'), user('bob')] }),
        message('ann', 'bob', { ...bobKnown, key: 'k' }),
      ]);
      expect(results).toMatchObject([
        { outcome: 'stored', offset: 1 },
        { outcome: 'stored', offset: 2 },
        { outcome: 'repeated', offset: 1 },
      ]);
      expect(await readLog(tested.store.log, direct('ann', 'bob'))).toHaveLength(2);
    });

    test('openDevice returns unknown-user or unknown-device, and stores neither', async () => {
      const both = { user: true, device: true };
      expect(await openDevice(both)).toBe('unknown-user');
      expect(await openDevice({ user: false, device: true })).toBe('unknown-device');
      expect(await openDevice({ user: true, device: false })).toBe('unknown-user');
      await appendOne(tested.store.log, message('ann', 'bob'));
      expect(await openDevice(both)).toBe('unknown-device');
      expect(await openDevice({ user: true, device: false })).toBe('new');
      expect(await openDevice(both)).toBe('known');
    });
  });
}
