// limits.devicesPerUser, on each engine.

import { expect, test } from 'vitest';
import type { UnfinishedDevice } from '../../src/storage/directory.js';
import { openMemoryStore } from '../../src/storage/memory/memory-store.js';
import { openSqliteStore } from '../../src/storage/sqlite/sqlite-store.js';
import type { Store } from '../../src/storage/store.js';
import { device, FIRST_AT, user } from './requests.js';
import { makeDataFolder, testedDrivers } from './sqlite/data-folder.js';

const bob = user('bob');

async function openDevice(store: Store, id: string) {
  let unfinished: UnfinishedDevice | undefined;
  for (;;) {
    const outcome = await store.directory.openDevice({
      user: bob,
      device: device(id),
      mustExist: { user: false, device: false },
      at: FIRST_AT,
      inUse: [],
      unfinished,
    });
    if (typeof outcome === 'string') return outcome;
    unfinished = outcome;
  }
}

async function knownOf(store: Store, ids: readonly string[]): Promise<string[]> {
  const states = await Promise.all(ids.map((id) => store.directory.findDevice(bob, device(id))));
  return ids.filter((_, index) => states[index] === 'known');
}

test('the memory engine keeps devicesPerUser devices', async () => {
  const store = await openMemoryStore({ maxBytes: 1_000_000, devicesPerUser: 2 });
  for (const id of ['a', 'b', 'c']) await openDevice(store, id);
  expect(await knownOf(store, ['a', 'b', 'c'])).toEqual(['b', 'c']);
  await store.close();
});

test.each(testedDrivers)(
  'the SQLite engine (%s) keeps devicesPerUser devices, also when they were more before',
  async (driver) => {
    const { folder, remove } = await makeDataFolder();
    const ids = ['a', 'b', 'c', 'd', 'e'];
    const first = await openSqliteStore({ folder, driver, devicesPerUser: 5 });
    for (const id of ids) expect(await openDevice(first, id)).toBe('new');
    expect(await knownOf(first, ids)).toEqual(ids);
    await first.close();
    const second = await openSqliteStore({ folder, driver, devicesPerUser: 2 });
    expect(await openDevice(second, 'c')).toBe('known');
    expect(await knownOf(second, ids)).toEqual(ids);
    expect(await openDevice(second, 'f')).toBe('maybe-forgotten');
    expect(await knownOf(second, [...ids, 'f'])).toEqual(['c', 'f']);
    await second.close();
    await remove();
  },
);
