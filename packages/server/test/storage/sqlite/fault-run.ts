// Runs a process that appends, hurts it, and checks that what it acknowledged is there afterwards. Short forms of these
// tests are beside this file, the long ones in attacks/storage-faults.test.ts.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { openSqliteStore } from '../../../src/storage/sqlite/sqlite-store.js';
import { direct, readLog } from '../requests.js';
import type { TestedDriver } from './data-folder.js';

const CHILD = fileURLToPath(new URL('./children/append-forever.mjs', import.meta.url));
const CHANNELS = 20;
export const WRITTEN_FILES = ['longwire.db', 'longwire.db-wal'];
/** As vitest.config.ts says it for these tests, see there: the store is the same here and in the process that is disturbed. */
const compiler = process.execArgv.filter((flag) => flag === '--liftoff-only');

/** A reason to skip tests that need strace; undefined where it works. */
export const straceMissing: string | undefined = findStraceFault();

function findStraceFault(): string | undefined {
  const run = spawnSync('strace', [
    '-qq',
    '-o',
    '/dev/null',
    '-e',
    'trace=fsync',
    '-e',
    'inject=fsync:error=EIO:when=9',
    'true',
  ]);
  if (run.error !== undefined) return 'no strace in PATH';
  return run.status === 0 ? undefined : `strace cannot trace here: ${run.stderr.toString().trim()}`;
}

export interface RunOptions {
  readonly folder: string;
  readonly driver: TestedDriver;
  /** 0: until it is killed. */
  readonly batches: number;
  readonly pauseMs?: number;
  readonly firstNumber?: number;
  /** Injections into calls on the database and its log, as strace writes them. */
  readonly inject?: string;
  /** Where strace writes the calls down. */
  readonly traceTo?: string;
  /** SIGKILL once so many batches were acknowledged, after as many milliseconds more. */
  readonly killAfter?: { readonly ackedBatches: number; readonly delayMs: number };
}

export interface RunReport {
  /** Number of the message → its offset. */
  readonly acked: Map<number, number>;
  /** Batches that were rejected as storage_full. */
  readonly refused: number[][];
  /** Batches rejected for another reason: each is stored whole or not at all. */
  readonly unknown: number[][];
  readonly openedAs: string | undefined;
  readonly fatal: string | undefined;
  readonly reads: number[];
  readonly isClosed: boolean;
}

type Line = Partial<{
  open: string;
  acked: [number, number, string][];
  refused: number[];
  code: string;
  fatal: string;
  read: number;
  closed: unknown;
}>;

export async function runAppender(options: RunOptions): Promise<RunReport> {
  const child = startAppender(options);
  const report = {
    acked: new Map<number, number>(),
    refused: [] as number[][],
    unknown: [] as number[][],
    openedAs: undefined as string | undefined,
    fatal: undefined as string | undefined,
    reads: [] as number[],
    isClosed: false,
  };
  let ackedBatches = 0;
  const lines = createInterface({ input: child.stdout! });
  lines.on('line', (text) => {
    const line = JSON.parse(text) as Line;
    if (line.open !== undefined) report.openedAs = line.open;
    for (const [number, offset] of line.acked ?? []) report.acked.set(number, offset);
    if (line.refused !== undefined) (line.code === 'storage_full' ? report.refused : report.unknown).push(line.refused);
    if (line.fatal !== undefined) report.fatal = line.fatal;
    if (line.read !== undefined) report.reads.push(line.read);
    if (line.closed === true) report.isClosed = true;
    if (line.acked === undefined) return;
    ackedBatches += 1;
    if (ackedBatches === options.killAfter?.ackedBatches)
      setTimeout(() => child.kill('SIGKILL'), options.killAfter.delayMs);
  });
  await Promise.all([once(child, 'exit'), once(lines, 'close')]);
  return report;
}

function startAppender(options: RunOptions): ChildProcess {
  const { folder, inject } = options;
  const settings = [folder, options.driver, `${options.pauseMs ?? 0}`, `${options.batches}`];
  const program = [process.execPath, ...compiler, CHILD, ...settings];
  const files = WRITTEN_FILES.flatMap((name) => ['-P', join(folder, name)]);
  const output = ['-y', '-s', '0', '-o', options.traceTo ?? '/dev/null'];
  const trace = ['-qq', '-f', ...output, ...files, '-e', 'trace=pwrite64,fsync,fdatasync'];
  const command = inject === undefined ? program : ['strace', ...trace, '-e', `inject=${inject}`, ...program];
  return spawn(command[0]!, command.slice(1), {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, FIRST_NUMBER: `${options.firstNumber ?? 0}` },
  });
}

/** What contradicts the promise; empty when all is well. */
export async function findBrokenPromises(
  options: Pick<RunOptions, 'folder' | 'driver'>,
  runs: readonly RunReport[],
): Promise<string[]> {
  const store = await openSqliteStore(options);
  const broken: string[] = [];
  const stored = new Map<number, number>();
  try {
    for (let peer = 0; peer < CHANNELS; peer += 1) {
      const log = await readLog(store.log, direct('alice', `peer${peer}`));
      for (const [index, entry] of log.entries()) {
        const { number } = JSON.parse(entry.body) as { number: number };
        if (entry.offset !== index + 1) broken.push(`peer${peer}: offset ${entry.offset} at place ${index + 1}`);
        if (entry.key !== `key-${number}` || number % CHANNELS !== peer)
          broken.push(`message ${number} is not what was sent`);
        if (stored.has(number)) broken.push(`message ${number} is stored twice`);
        stored.set(number, entry.offset);
      }
    }
  } finally {
    await store.close();
  }
  for (const run of runs) {
    for (const [number, offset] of run.acked) {
      if (stored.get(number) !== offset) broken.push(`acked ${number} at ${offset}, stored at ${stored.get(number)}`);
    }
    for (const batch of run.refused) {
      for (const number of batch) if (stored.has(number)) broken.push(`refused ${number} is stored`);
    }
    for (const batch of run.unknown) {
      const count = batch.filter((number) => stored.has(number)).length;
      if (count !== 0 && count !== batch.length)
        broken.push(`${count} of ${batch.length} of a batch are stored: ${batch}`);
    }
  }
  return broken;
}

/** What a kill or a failed call left behind, put through SQLite's own check. */
export function integrityOf(folder: string): string {
  const run = spawnSync(process.execPath, [...compiler, '-e', INTEGRITY_PROGRAM, join(folder, 'longwire.db')], {
    encoding: 'utf8',
  });
  return run.stdout.trim() || run.stderr.trim();
}

const INTEGRITY_PROGRAM = `
const { Database } = require('node-sqlite3-wasm');
const database = new Database(process.argv[1]);
database.exec('PRAGMA locking_mode=EXCLUSIVE');
console.log(database.all('PRAGMA integrity_check').map((row) => row.integrity_check).join(' '));
database.close();
`;
