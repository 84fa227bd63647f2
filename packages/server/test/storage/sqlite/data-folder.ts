// A data folder for one test, and the drivers this Node can open it with.

import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export async function makeDataFolder(): Promise<{ readonly folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'longwire-store-'));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

export type TestedDriver = 'wasm' | 'node:sqlite';

export const testedDrivers: readonly TestedDriver[] = hasNodeSqlite() ? ['wasm', 'node:sqlite'] : ['wasm'];

function hasNodeSqlite(): boolean {
  try {
    createRequire(import.meta.url)('node:sqlite');
    return true;
  } catch {
    return false;
  }
}
