// npm start, as a person or a supervisor ends it: always a clean stop, never an orphan.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { projectRoot } from '../scripts/project-root.mjs';
import { npmCommand } from '../scripts/run-step.mjs';

const withinMs = 10_000;
let data: string;
let started: ChildProcess[];

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'longwire-npm-start-'));
  started = [];
});

afterEach(() => {
  for (const child of started) {
    if (child.pid !== undefined) for (const pid of [...descendantsOf(child.pid), child.pid]) tryKill(pid);
  }
  rmSync(data, { recursive: true, force: true });
});

interface Running {
  child: ChildProcess;
  /** The port that the banner named. */
  port: number;
  exited: Promise<number | null>;
}

/** Starts the command in a process group of its own and resolves once the server answers. */
async function startServer(file: string, args: string[]): Promise<Running> {
  const child = spawn(file, args, {
    cwd: projectRoot,
    env: { ...process.env, LONGWIRE_PORT: '0', LONGWIRE_DATA: data, NO_COLOR: '1' },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  started.push(child);
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  let port = 0;
  await vi.waitUntil(() => {
    if (child.exitCode !== null) throw new Error(`it ended with code ${child.exitCode}:\n${output}`);
    port = Number(/(?:http|ws)s?:\/\/[^\s/]+:(\d+)/.exec(output)?.[1] ?? 0);
    return port > 0;
  }, 60_000);
  await vi.waitFor(async () => expect(await accepts(port)).toBe(true), withinMs);
  return { child, port, exited };
}

function npmStart(): Promise<Running> {
  const npm = npmCommand();
  return startServer(npm.file, [...npm.args, 'start']);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

async function expectStopped({ port }: Running, processes: number[]): Promise<void> {
  await vi.waitFor(async () => expect(await accepts(port)).toBe(false), withinMs);
  await vi.waitFor(() => expect(processes.filter(isRunning)).toEqual([]), withinMs);
}

const onLinux = process.platform === 'linux';

describe.skipIf(!onLinux)('npm start (its processes are looked up in /proc)', () => {
  test.each(['SIGTERM', 'SIGKILL'] as const)('leaves no orphan when npm gets %s', async (signal) => {
    const running = await npmStart();
    const processes = descendantsOf(running.child.pid!);
    expect(processes.length).toBeGreaterThanOrEqual(2);
    running.child.kill(signal);
    await expectStopped(running, processes);
  });

  test.each(['SIGTERM', 'SIGKILL'] as const)('leaves no orphan when its process group gets %s', async (signal) => {
    const running = await npmStart();
    const processes = descendantsOf(running.child.pid!);
    process.kill(-running.child.pid!, signal);
    await expectStopped(running, processes);
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'the launcher hands on %s once, and the code of the server',
    async (signal) => {
      const running = await startServer(process.execPath, ['scripts/start.mjs']);
      const processes = descendantsOf(running.child.pid!);
      running.child.kill(signal);
      expect(await running.exited).toBe(0);
      await expectStopped(running, processes);
    },
  );

  test('leaves no orphan when the launcher is killed', async () => {
    const running = await startServer(process.execPath, ['scripts/start.mjs']);
    const processes = descendantsOf(running.child.pid!);
    running.child.kill('SIGKILL');
    await expectStopped(running, processes);
  });

  test('one Ctrl+C in a terminal is one clean stop', async () => {
    // Replacing its shell: some shells die of the Ctrl+C themselves, and `script` would hand on their code.
    const command = `exec '${process.execPath}' scripts/start.mjs`;
    const running = await startServer('script', ['--quiet', '--return', '--command', command, '/dev/null']);
    const processes = descendantsOf(running.child.pid!);
    running.child.stdin?.write('\x03');
    expect(await running.exited).toBe(0);
    await expectStopped(running, processes);
  });
});

/** The processes below `pid`, from /proc. */
function descendantsOf(pid: number): number[] {
  if (!onLinux) return [];
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (/^\d+$/.test(name)) parents.set(Number(name), parentOf(Number(name)));
  }
  const found = [pid];
  for (const known of found) {
    for (const [child, parent] of parents) if (parent === known) found.push(child);
  }
  return found.slice(1);
}

function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0;
  }
}

/** A zombie has ended, whoever failed to ask for its code. */
function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z';
  } catch {
    return false;
  }
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself, as it should.
  }
}
