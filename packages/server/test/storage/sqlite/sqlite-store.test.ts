import { unlimitedQuotas } from '../../../src/storage/quotas.js';
import { openSqliteStore } from '../../../src/storage/sqlite/sqlite-store.js';
import { describeStoreContract } from '../store-contract.js';
import { makeDataFolder, testedDrivers } from './data-folder.js';

for (const driver of testedDrivers) {
  describeStoreContract(`the SQLite engine (${driver})`, async (quotas = unlimitedQuotas) => {
    const { folder, remove } = await makeDataFolder();
    const tested = {
      store: await openSqliteStore({ folder, driver, quotas }),
      restart: async () => {
        await tested.store.close();
        tested.store = await openSqliteStore({ folder, driver, quotas });
        return tested.store;
      },
      dispose: async () => {
        await tested.store.close();
        await remove();
      },
    };
    return tested;
  });
}
