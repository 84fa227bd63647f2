import { openMemoryStore } from '../../../src/storage/memory/memory-store.js';
import { describeStoreContract } from '../store-contract.js';

describeStoreContract('the memory engine', async () => {
  const store = openMemoryStore();
  return { store, restart: undefined, dispose: () => store.close() };
});
