// A process that opens the store in a folder and holds it until it is killed.

import { openSqliteStore } from '../../../../dist/storage/sqlite/sqlite-store.js';

try {
  await openSqliteStore({ folder: process.argv[2], lockWaitMs: 0 });
  console.log(process.pid === 1 ? 'held by pid 1' : 'held');
} catch (error) {
  console.log(error.code);
  console.error(error.message);
  process.exit(1);
}
process.stdin.resume();
