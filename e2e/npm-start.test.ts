// npm start, as a person or a supervisor ends it: always a clean stop, never an orphan.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { acceptsConnections } from '@longwire/test-support/ports';
import { ProgramProcess } from '@longwire/test-support/program-process';
import { until } from '@longwire/test-support/until';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { npmCommand } from '../scripts/run-step.mjs';
import { projectRoot } from '../scripts/workspaces.mjs';

let data: string;
let started: ProgramProcess[];

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'longwire-npm-start-'));
  started = [];
});

afterEach(() => {
  for (const { pid } of started) for (const each of [...descendantsOf(pid), pid]) tryKill(each);
  rmSync(data, { recursive: true, force: true });
});

interface Running {
  readonly program: ProgramProcess;
  /** The port that the banner named. */
  readonly port: number;
}

/** Starts the command in a process group of its own and resolves once the server answers. */
async function startServer(...command: string[]): Promise<Running> {
  const environment = { ...process.env, LONGWIRE_PORT: '0', LONGWIRE_DATA: data, NO_COLOR: '1' };
  const program = new ProgramProcess(command, { cwd: projectRoot, environment, detached: true });
  started.push(program);
  const [, port] = await program.shows(/(?:http|ws)s?:\/\/[^\s/]+:(\d+)/, 'output');
  await until(() => acceptsConnections(Number(port)), 'a server that accepts connections');
  return { program, port: Number(port) };
}

function npmStart(): Promise<Running> {
  const npm = npmCommand();
  return startServer(npm.file, ...npm.args, 'start');
}

async function expectStopped({ port }: Running, processes: number[]): Promise<void> {
  await until(async () => !(await acceptsConnections(port)), 'a server that no longer accepts connections');
  await until(
    () => !processes.some(isRunning),
    () => `the end of ${processes.filter(isRunning)}`,
  );
}

const onLinux = process.platform === 'linux';

describe.skipIf(!onLinux)('npm start (processes are read from /proc)', () => {
  test.each(['SIGTERM', 'SIGKILL'] as const)('leaves no orphan when npm gets %s', async (signal) => {
    const running = await npmStart();
    const processes = descendantsOf(running.program.pid);
    expect(processes.length).toBeGreaterThanOrEqual(2);
    running.program.child.kill(signal);
    await expectStopped(running, processes);
  });

  test.each(['SIGTERM', 'SIGKILL'] as const)('leaves no orphan when its process group gets %s', async (signal) => {
    const running = await npmStart();
    const processes = descendantsOf(running.program.pid);
    process.kill(-running.program.pid, signal);
    await expectStopped(running, processes);
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'scripts/start.mjs forwards %s once, and exits with the code of the server',
    async (signal) => {
      const running = await startServer(process.execPath, 'scripts/start.mjs');
      const processes = descendantsOf(running.program.pid);
      running.program.child.kill(signal);
      expect((await running.program.result).exit).toBe(0);
      await expectStopped(running, processes);
    },
  );

  test.each([[['--port', '9605']], [['--port=9605']]])(
    'npm start %j exits 2 and says to write the flag behind --',
    { timeout: 60_000 },
    async (flags) => {
      const npm = npmCommand();
      const program = new ProgramProcess([npm.file, ...npm.args, 'start', ...flags], { cwd: projectRoot });
      started.push(program);
      expect(await program.result).toMatchObject({
        exit: 2,
        stderr: expect.stringContaining('Write npm start -- --port'),
      });
    },
  );

  test('leaves no orphan when scripts/start.mjs is killed', async () => {
    const running = await startServer(process.execPath, 'scripts/start.mjs');
    const processes = descendantsOf(running.program.pid);
    running.program.child.kill('SIGKILL');
    await expectStopped(running, processes);
  });

  test('stops cleanly after one Ctrl+C in a terminal', async () => {
    // Replacing its shell: some shells die of the Ctrl+C themselves, and `script` would return their code.
    const command = `exec '${process.execPath}' scripts/start.mjs`;
    const running = await startServer('script', '--quiet', '--return', '--command', command, '/dev/null');
    const processes = descendantsOf(running.program.pid);
    running.program.write('\x03');
    expect((await running.program.result).exit).toBe(0);
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

/** A zombie has ended, although its exit code was not read. */
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
