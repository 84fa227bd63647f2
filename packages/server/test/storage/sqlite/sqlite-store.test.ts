import { openSqliteStore } from '../../../src/storage/sqlite/sqlite-store.js';
import { describeStoreContract } from '../store-contract.js';
import { makeDataFolder, testedDrivers } from './data-folder.js';

for (const driver of testedDrivers) {
  describeStoreContract(`the SQLite engine (${driver})`, async () => {
    const { folder, remove } = await makeDataFolder();
    const tested = {
      store: await openSqliteStore({ folder, driver }),
      restart: async () => {
        await tested.store.close();
        tested.store = await openSqliteStore({ folder, driver });
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
