// `longwire serve` whose output cannot be written: the lines are lost, not the server.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findMountFault } from '@longwire/test-support/namespaces';
import { freePort } from '@longwire/test-support/ports';
import { ProgramProcess, type ProgramResult } from '@longwire/test-support/program-process';
import { raisedRates } from '@longwire/test-support/raised-rates';
import { longwireCommand } from '@longwire/test-support/server-process';
import { until } from '@longwire/test-support/until';
import { WireClient } from '@longwire/test-support/wire-client';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

vi.setConfig({ testTimeout: 90_000 });

let folder: string;
let port: number;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'longwire-output-'));
});
beforeEach(async () => {
  port = await freePort();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a shell script in which "$@" is a server in memory; `exec` makes the server the process that gets the signals. */
function shell(script: string): ProgramProcess {
  const serve = [process.execPath, longwireCommand, 'serve', '--log-level', 'debug'];
  return new ProgramProcess(['/bin/sh', '-c', script, 'sh', ...serve], { environment: environment(), cwd: folder });
}

function environment(): NodeJS.ProcessEnv {
  const { PATH } = process.env;
  return { PATH, ...raisedRates, LONGWIRE_AUTH: 'dev', LONGWIRE_DATA: 'memory:', LONGWIRE_PORT: String(port) };
}

async function isReady(): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
  return response?.ok === true;
}

async function signIn(program: ProgramProcess): Promise<WireClient> {
  await until(isReady, () => `a server that is ready:\n${program.output}`, 60_000);
  return WireClient.signIn(`ws://127.0.0.1:${port}/v1/connect`, 'alice');
}

/** The server answers, then stops with `goodbye` and exit code 0. */
async function expectUseAndCleanStop(program: ProgramProcess, stop: () => Promise<ProgramResult>): Promise<void> {
  const alice = await signIn(program);
  for (let count = 1; count <= 3; count += 1) {
    expect(await alice.ask({ type: 'send', to: 'user/bob', body: count })).toMatchObject({ offset: count });
    expect(await isReady()).toBe(true);
  }
  const { exit } = await stop();
  expect(exit).toBe(0);
  expect(await alice.whenClosed()).toMatchObject({ code: 4001 });
  expect(alice.ofType('goodbye')).toMatchObject([{ code: 4001 }]);
}

describe.skipIf(!existsSync('/dev/full'))('longwire serve (needs /dev/full)', () => {
  it.each(['2>/dev/full', '>/dev/full', '>/dev/full 2>&1'])(
    'goes on and stops cleanly with %s',
    async (redirection) => {
      const program = shell(`exec "$@" ${redirection}`);
      await expectUseAndCleanStop(program, () => program.kill('SIGTERM'));
    },
  );
});

it('longwire serve stops cleanly when the reader of its output has ended, as tee does on Ctrl+C', async () => {
  const program = shell('exec "$@" 2>&1');
  const stop = () => {
    program.child.stdout.destroy();
    program.child.stderr.destroy();
    return program.kill('SIGINT');
  };
  await expectUseAndCleanStop(program, stop);
});

const pythonFault = spawnSync('python3', ['-c', 'import pty']).status === 0 ? undefined : 'no python3 with pty';

/** Runs its arguments on a terminal of their own, closes it when a line comes on stdin, and says how they ended. */
const ON_A_TERMINAL = `
import os, pty, select, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
while True:
    readable = select.select([terminal, sys.stdin], [], [])[0]
    if sys.stdin in readable: break
    if not os.read(terminal, 4096): break
os.close(terminal)
status = os.waitpid(pid, 0)[1]
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
`;

it.skipIf(pythonFault)(`longwire serve stops cleanly when its terminal is closed ${pythonFault ?? ''}`, async () => {
  const command = ['python3', '-c', ON_A_TERMINAL, process.execPath, longwireCommand, 'serve', '--log-level', 'debug'];
  const program = new ProgramProcess(command, { environment: environment(), cwd: folder });
  await expectUseAndCleanStop(program, () => {
    program.write('close\n');
    return program.result;
  });
});

const mountFault = findMountFault();

it.skipIf(mountFault)(`longwire serve outlives a full disk with its data and its log ${mountFault ?? ''}`, async () => {
  const disk = mkdtempSync(join(folder, 'disk-'));
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', disk]);
  try {
    const log = join(disk, 'log');
    const ballast = join(disk, 'ballast');
    const program = shell(`export LONGWIRE_DATA=${disk}/data LONGWIRE_LIMITS_MIN_FREE_BYTES=0; exec "$@" 2>${log}`);
    const alice = await signIn(program);
    writeFileSync(ballast, Buffer.alloc(8 << 20));
    const send = () => alice.ask({ type: 'send', to: 'user/bob', body: 'x'.repeat(20_000) });
    const refused = [];
    while (refused.length < 20) {
      const answer = await send();
      if (answer.type === 'error') refused.push(answer['code']);
    }
    expect(new Set(refused)).toEqual(new Set(['storage_full']));
    // Fills what is left, so that lines of the log are lost as well.
    const rest = openSync(join(disk, 'rest'), 'w');
    expect(() => {
      for (;;) writeSync(rest, Buffer.alloc(4_096));
    }).toThrow('ENOSPC');
    for (let count = 0; count < 100; count += 1) {
      expect((await send()).type).toBe('error');
      // A request is a line of the log at level debug.
      await isReady();
    }

    rmSync(ballast);
    await until(async () => (await send()).type === 'sent', 'a send that is stored again');
    const hasReported = async () => (await isReady()) && readFileSync(log, 'utf8').includes('lines were lost');
    await until(hasReported, 'the number of lost lines in the log');
    const lines = readFileSync(log, 'utf8').split('\n');
    const cut = lines.filter((line) => line !== '' && !line.endsWith('}'));
    expect(cut.length).toBeLessThanOrEqual(1);
    expect((await program.kill('SIGTERM')).exit).toBe(0);
  } finally {
    spawnSync('umount', ['-l', disk]);
  }
});
