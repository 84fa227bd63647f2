// Opens data folders of earlier versions, kills the process that migrates them, and compares what they hold with what was
// put into them. Short forms of these tests are in migration.test.ts, the long ones in attacks/storage-faults.test.ts.

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { type ChannelName, channelOfName, nameOf } from '../../../src/storage/channel-name.js';
import { chooseDriver } from '../../../src/storage/sqlite/driver/choose-driver.js';
import { configureConnection, DATABASE_FILE } from '../../../src/storage/sqlite/driver/connection-settings.js';
import type { SqlDatabase } from '../../../src/storage/sqlite/driver/sql-database.js';
import { openSqliteStore } from '../../../src/storage/sqlite/sqlite-store.js';
import { SCHEMA_VERSION } from '../../../src/storage/sqlite/tables/schema.js';
import type { Store } from '../../../src/storage/store.js';
import { device, readLog, user } from '../requests.js';
import { makeDataFolder, type TestedDriver } from './data-folder.js';
import { integrityOf } from './fault-run.js';

const FIXTURES = fileURLToPath(new URL('../../fixtures/', import.meta.url));
const CHILD = fileURLToPath(new URL('./children/open-once.mjs', import.meta.url));

export interface Fixture {
  readonly fixture: string;
  readonly version: number;
}

/** Data folders of earlier schema versions, made by the code of that time: by its first, by its last, and by an upgrade. */
export const fixtures: readonly [Fixture, Fixture, Fixture, Fixture] = [
  { fixture: 'store-v1-53036e9', version: 1 },
  { fixture: 'store-v1-last', version: 1 },
  { fixture: 'store-v2-from-v1', version: 2 },
  { fixture: 'store-v2-last', version: 2 },
];

/** What is in a folder that fixtures/make-store-v1.mjs or make-store-v2.mjs made. */
export interface Contents {
  readonly logs: Readonly<Record<string, readonly object[]>>;
  readonly cursors: readonly {
    readonly user: string;
    readonly device: string;
    readonly channel: string;
    readonly delivered: number;
  }[];
}

export function contentsOf(fixture: string): Contents {
  return JSON.parse(readFileSync(join(FIXTURES, fixture, 'contents.json'), 'utf8')) as Contents;
}

/**
 * Copies a fixture into an empty folder. A copy is noticed by the identity of its file, and gets new epochs; so this one
 * does not remember it, as the folders of the first code of version 1.
 */
export function copyFixture(fixture: string, folder: string, driver: TestedDriver): void {
  cpSync(join(FIXTURES, fixture), folder, { recursive: true });
  changeRows(folder, driver, "DELETE FROM meta WHERE name IN ('file_inode', 'file_birth')");
}

export function changeRows(folder: string, driver: TestedDriver, sql: string): void {
  const database = openDatabase(folder, driver);
  database.exec(sql);
  database.query('PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
}

function openDatabase(folder: string, driver: TestedDriver): SqlDatabase {
  const database = chooseDriver(driver)(join(folder, DATABASE_FILE));
  configureConnection(database);
  return database;
}

export function schemaVersionIn(folder: string, driver: TestedDriver): unknown {
  const database = openDatabase(folder, driver);
  const row = database.query("SELECT value FROM meta WHERE name = 'schema'");
  database.close();
  return row?.['value'];
}

/** What the store does not have as it was put in; empty when all is well. */
export async function findDifferences(store: Store, { logs, cursors }: Contents): Promise<string[]> {
  const differences: string[] = [];
  for (const [name, log] of Object.entries(logs)) {
    const stored = await readLog(store.log, channelOfName(name as ChannelName));
    // In the file channels are names, and fields that are undefined are not there.
    const plain = stored.map((entry) => JSON.parse(JSON.stringify({ ...entry, channel: name })) as object);
    if (!isDeepStrictEqual(plain, log)) differences.push(`the log of ${name}`);
  }
  for (const { user: name, device: id, channel, delivered } of cursors) {
    const { channels } = await store.directory.channelStatuses(user(name), device(id), undefined, 1_000);
    const status = channels.find((candidate) => nameOf(candidate.channel) === channel);
    if (status?.cursor !== delivered) differences.push(`the cursor of ${name}'s ${id} in ${channel}`);
  }
  return differences;
}

/**
 * Kills the process that migrates a folder, at one call after the other, and opens what is left.
 * @param every how many calls of a kind lie between two kills
 * @returns what went wrong
 */
export async function killMigrations(
  { fixture, version }: Fixture,
  driver: TestedDriver,
  every: Readonly<Record<'pwrite64' | 'fsync' | 'rename', number>>,
): Promise<string[]> {
  const faults: string[] = [];
  const versions = new Set<unknown>();
  const original = await makeDataFolder();
  copyFixture(fixture, original.folder, driver);
  for (const [call, step] of Object.entries(every)) {
    let wasKilled = true;
    for (let nth = 1; wasKilled; nth += step) {
      const { folder, remove } = await makeDataFolder();
      cpSync(original.folder, folder, { recursive: true });
      wasKilled = openAndKill(folder, driver, call, nth);
      versions.add(schemaVersionIn(folder, driver));
      const found = await findFaults(folder, original.folder, driver, { fixture, version });
      for (const fault of found) faults.push(`${fixture}, ${call} ${nth}: ${fault}`);
      await remove();
    }
  }
  await original.remove();
  for (const left of [version, SCHEMA_VERSION]) {
    if (!versions.has(left)) faults.push(`${fixture}: no kill left version ${left}`);
  }
  return faults;
}

/** False: the process came to its end before the call was made. */
function openAndKill(folder: string, driver: TestedDriver, call: string, nth: number): boolean {
  const inject = ['-e', `trace=${call}`, '-e', `inject=${call}:signal=SIGKILL:when=${nth}`];
  const files = call === 'rename' ? [] : readPaths(folder).flatMap((path) => ['-P', path]);
  const options = ['-qq', '-f', '-o', '/dev/null', ...files, ...inject];
  const run = spawnSync('strace', [...options, process.execPath, CHILD, folder, driver], { stdio: 'ignore' });
  return run.status !== 0;
}

function readPaths(folder: string): string[] {
  return ['', '-wal', '.v1.bak.new', '.v2.bak.new'].map((suffix) => join(folder, `${DATABASE_FILE}${suffix}`));
}

async function findFaults(
  folder: string,
  originalFolder: string,
  driver: TestedDriver,
  { fixture, version }: Fixture,
): Promise<string[]> {
  const faults: string[] = [];
  const backup = join(folder, `${DATABASE_FILE}.v${version}.bak`);
  const original = readFileSync(join(originalFolder, DATABASE_FILE));
  const store = await openSqliteStore({ folder, driver });
  faults.push(...(await findDifferences(store, contentsOf(fixture))));
  await store.close();
  if (!existsSync(backup) || !readFileSync(backup).equals(original)) faults.push('the backup is not what was there');
  const integrity = integrityOf(folder);
  if (integrity !== 'ok') faults.push(`integrity check: ${integrity}`);
  for (const name of readdirSync(folder)) if (name.endsWith('.new')) faults.push(`${name} was left`);
  rmSync(backup, { force: true });
  return faults;
}
