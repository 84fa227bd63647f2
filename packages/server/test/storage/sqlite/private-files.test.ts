import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSqliteStore } from '../../../src/storage/sqlite/sqlite-store.js';
import { append, message } from '../requests.js';
import { makeDataFolder, testedDrivers } from './data-folder.js';

describe.skipIf(process.platform === 'win32')('the files of a store', () => {
  let folder: string;
  let remove: () => Promise<void>;
  beforeEach(async () => {
    ({ folder, remove } = await makeDataFolder());
  });
  afterEach(() => remove());

  /** Names of files that other accounts may read or write. A socket has no content, and the folder of one driver's lock none. */
  function exposed(): string[] {
    return readdirSync(folder).filter((name) => {
      const stats = statSync(join(folder, name));
      return stats.isFile() && (stats.mode & 0o077) !== 0;
    });
  }

  test.each(testedDrivers)(
    'have mode 0600 in a folder of mode 0755, and a warning names the folder (%s)',
    async (driver) => {
      chmodSync(folder, 0o755);
      const warnings: string[] = [];
      const store = await openSqliteStore({ folder, driver, onNotice: (warning) => warnings.push(warning) });
      await append(store.log, [message('alice', 'bob')]);
      expect(readdirSync(folder)).toEqual(expect.arrayContaining(['longwire.db', 'longwire.db-wal']));
      expect(exposed()).toEqual([]);
      expect(warnings).toEqual([expect.stringMatching(/may enter the data folder .* \(mode 755\)/)]);
      await store.close();
      expect(exposed()).toEqual([]);
    },
  );

  test.each(testedDrivers)('that an earlier version left open to others get mode 0600 (%s)', async (driver) => {
    const store = await openSqliteStore({ folder, driver });
    await store.close();
    writeFileSync(join(folder, 'longwire.db-wal'), '');
    for (const name of ['longwire.db', 'longwire.db-wal', 'generation']) chmodSync(join(folder, name), 0o644);
    const warnings: string[] = [];
    const again = await openSqliteStore({ folder, driver, onNotice: (warning) => warnings.push(warning) });
    expect(exposed()).toEqual([]);
    expect(warnings).toEqual([]);
    await again.close();
  });
});
