// Names and pictures in the file: damage of one costs that one, and stores that had them before they could be searched for.

import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { chooseDriver } from '../../../src/storage/sqlite/driver/choose-driver.js';
import { configureConnection, DATABASE_FILE } from '../../../src/storage/sqlite/driver/connection-settings.js';
import { rowChecksum } from '../../../src/storage/sqlite/row-checks.js';
import { openSqliteStore } from '../../../src/storage/sqlite/sqlite-store.js';
import { SCHEMA_STEPS } from '../../../src/storage/sqlite/tables/schema.js';
import { device, user } from '../requests.js';
import { makeDataFolder, testedDrivers } from './data-folder.js';
import { changeRows } from './migration-run.js';

/** The first one with the table `profile`, which it has without the column `folded`. */
const PROFILES_VERSION = 10;
const zoe = user('zoe');
const yan = user('yan');
const named = (name: string) => ({ name, picture: undefined });

describe.each(testedDrivers)('profiles through %s', (driver) => {
  let folder: string;
  let remove: () => Promise<void>;
  beforeEach(async () => {
    ({ folder, remove } = await makeDataFolder());
  });
  afterEach(() => remove());

  test('a damaged one is empty and reported, the others are there, and the next change replaces it', async () => {
    const first = await openSqliteStore({ folder, driver });
    for (const [id, name] of [
      [zoe, 'Zoë'],
      [yan, 'Yan'],
    ] as const) {
      const mustExist = { user: false, device: false };
      const profile = named(name);
      const signIn = { user: id, device: device('d'), mustExist, at: 1, inUse: [], profile, unfinished: undefined };
      expect(await first.directory.openDevice(signIn)).toBe('new');
    }
    await first.close();
    changeRows(folder, driver, "UPDATE profile SET name = 'Zo' WHERE name = 'Zoë'");
    const store = await openSqliteStore({ folder, driver });
    const damage: string[] = [];
    store.onDamage = ({ message }) => damage.push(message);
    expect(await store.profiles.load([zoe, yan])).toEqual([{}, named('Yan')]);
    expect(await store.profiles.search('zo', 5)).toEqual([]);
    expect(damage.length).toBe(2);
    expect(damage.join()).toContain('the profile of');
    await store.profiles.write([{ user: zoe, ...named('Zoe') }]);
    expect(await store.profiles.load([zoe])).toEqual([named('Zoe')]);
    expect(await store.profiles.search('zo', 5)).toEqual([{ user: zoe, ...named('Zoe') }]);
    await store.close();
  });

  test('those of a store from before users.search are found by it', async () => {
    const database = chooseDriver(driver)(join(folder, DATABASE_FILE));
    configureConnection(database);
    for (const step of SCHEMA_STEPS.slice(0, PROFILES_VERSION)) step(database);
    database.prepare("INSERT INTO meta (name, value) VALUES ('schema', ?)").run([PROFILES_VERSION]);
    database
      .prepare('INSERT INTO user (id, name, announcements_from, created_at, crc) VALUES (1,?,0,1,?)')
      .run(['zoe', rowChecksum(1, 'zoe', 0, 1)]);
    database
      .prepare("INSERT INTO profile (user, name, picture, crc) VALUES (1,?,'',?)")
      .run(['ZOË B', rowChecksum(1, 'ZOË B', '')]);
    database.close();
    const store = await openSqliteStore({ folder, driver });
    expect(await store.profiles.search('zoë', 5)).toEqual([{ user: zoe, ...named('ZOË B') }]);
    await store.close();
  });
});
