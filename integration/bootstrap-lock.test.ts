import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ProgramProcess } from '@longwire/test-support/program-process';
import { until } from '@longwire/test-support/until';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { projectRoot } from '../scripts/workspaces.mjs';

let folder: string;
const started: ProgramProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'longwire-lock-'));
});

afterEach(async () => {
  await Promise.all(started.splice(0).map((holding) => holding.kill()));
  rmSync(folder, { recursive: true, force: true });
});

const lockModule = pathToFileURL(join(projectRoot, 'scripts', 'bootstrap-lock.mjs')).href;

/** Starts a process that takes the lock, runs `work` under it, and prints whom it waited for. */
function holder(work: string): ProgramProcess {
  const program = `
    import { appendFileSync } from 'node:fs';
    import { withLock } from ${JSON.stringify(lockModule)};
    const note = (text) => appendFileSync('notes', process.pid + ' ' + text + '\\n');
    const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
    await withLock('lock', 'npm ' + process.pid, async () => { ${work} }, (line) => process.stdout.write(line + '\\n'));`;
  const holding = new ProgramProcess([process.execPath, '--input-type=module', '--eval', program], { cwd: folder });
  started.push(holding);
  return holding;
}

const notes = () =>
  existsSync(join(folder, 'notes')) ? readFileSync(join(folder, 'notes'), 'utf8').trim().split('\n') : [];
const forever = "note('has it'); await new Promise(() => setInterval(() => {}, 1_000));";
const briefly = "note('enter'); for (let i = 0; i < 5; i++) await turn(); note('leave');";

function expectOneAtATime(count: number) {
  const events = notes().filter((line) => !line.endsWith('has it'));
  expect(events).toHaveLength(2 * count);
  for (let i = 0; i < events.length; i += 2) {
    const [pid] = events[i]!.split(' ');
    expect([events[i], events[i + 1]]).toEqual([`${pid} enter`, `${pid} leave`]);
  }
  expect(existsSync(join(folder, 'lock'))).toBe(false);
}

test('withLock runs the work of one process at a time', async () => {
  const all = Array.from({ length: 6 }, () => holder(briefly));
  const codes = await Promise.all(all.map(async (holding) => (await holding.result).exit));
  expect(codes).toEqual([0, 0, 0, 0, 0, 0]);
  expectOneAtATime(6);
});

test('withLock reports once which process it waits for', async () => {
  const first = holder(forever);
  await until(() => notes().length === 1);
  const second = holder(briefly);
  await second.shows(/\n/);
  await first.kill();
  expect((await second.result).stdout).toBe(
    `Waiting for "npm ${first.pid}" (process ${first.pid}), which is preparing this checkout.\n`,
  );
});

test('withLock takes over the lock of a process that was killed, one waiting process at a time', async () => {
  const dead = holder(forever);
  await until(() => notes().length === 1);
  await dead.kill();
  await Promise.all(Array.from({ length: 5 }, () => holder(briefly).result));
  expectOneAtATime(5);
});

test('withLock takes over a lock whose process id now belongs to another process', async () => {
  writeFileSync(
    join(folder, 'lock'),
    JSON.stringify({ pid: process.pid, born: 'another-boot/1', what: 'npm start', token: 'old' }),
  );
  await holder(briefly).result;
  expectOneAtATime(1);
});

test('withLock releases the lock when the work throws', async () => {
  const throwing = holder("note('enter'); note('leave'); process.exitCode = 3; throw new Error('no');");
  expect((await throwing.result).exit).not.toBe(0);
  expectOneAtATime(1);
});
