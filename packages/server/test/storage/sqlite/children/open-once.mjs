// A process that opens the store in a folder, prints what it has for the log, and closes it.

import { openSqliteStore } from '../../../../dist/storage/sqlite/sqlite-store.js';

const [folder, driver] = process.argv.slice(2);
const store = await openSqliteStore({ folder, driver, onNotice: (notice) => console.log(notice) });
await store.close();
