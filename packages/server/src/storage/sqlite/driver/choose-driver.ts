// Which SQLite: the one inside Node where there is one, else the WebAssembly build.

import { loadNodeSqlite } from './node-sqlite-driver.js';
import type { SqlDatabase } from './sql-database.js';
import { openWithWasm } from './wasm-driver.js';

/** `auto` prefers `node:sqlite`, whose second connection reads while the first one writes. */
export type DriverChoice = 'auto' | 'node:sqlite' | 'wasm';

/** @throws Error when `node:sqlite` is asked for by name and this Node has none */
export function chooseDriver(choice: DriverChoice): (path: string) => SqlDatabase {
  if (choice === 'wasm') return openWithWasm;
  const native = loadNodeSqlite();
  if (native !== undefined) return native;
  if (choice === 'auto') return openWithWasm;
  throw new Error(
    `driver node:sqlite needs Node 22.13 or newer, this is ${process.version}; use driver "auto" or "wasm"`,
  );
}
