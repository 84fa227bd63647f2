// What the command does when stdout or stderr cannot be written: a full disk (/dev/full), a reader that has gone.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ProgramProcess } from '@longwire/test-support/program-process';
import { longwireCommand } from '@longwire/test-support/server-process';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CliHome, linesOf } from './cli-home.js';

// Every step is a process of its own, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

let home: CliHome;

beforeAll(async () => {
  home = await CliHome.open();
});

afterAll(() => home.close());

/** Starts a command with one of its streams on a full disk. */
function startOnFullDisk(args: readonly string[], stream: 'stdout' | 'stderr'): ProgramProcess {
  const redirection = stream === 'stdout' ? '>/dev/full' : '2>/dev/full';
  const shell = ['/bin/sh', '-c', `exec "$@" ${redirection}`, 'sh'];
  const program = new ProgramProcess([...shell, process.execPath, longwireCommand, ...args], {
    environment: {
      PATH: process.env['PATH'],
      LONGWIRE_URL: home.url,
      LONGWIRE_DEVICE_FOLDER: join(home.folder, 'devices'),
    },
    cwd: home.folder,
  });
  program.end();
  return program;
}

const noSpace = { exit: 1, stderr: expect.stringMatching(/^error: Cannot write to stdout: ENOSPC.*\n$/) };

describe.skipIf(!existsSync('/dev/full'))('a full disk under stdout (/dev/full)', () => {
  it('tail exits 1 with the reason and does not acknowledge the message (row 92)', async () => {
    await home.run(['send', '--as', 'ann', 'user/ben', 'kept']);
    expect(await startOnFullDisk(['tail', '--as', 'ben'], 'stdout').result).toMatchObject(noSpace);
    const { stdout } = await home.run(['tail', '--as', 'ben', '--count', '1']);
    expect(linesOf(stdout)).toMatchObject([{ body: { text: 'kept' } }]);
  });

  it('chat exits 1 with the reason and does not acknowledge the message', async () => {
    await home.run(['send', '--as', 'ann', 'user/cid', 'kept']);
    expect(await startOnFullDisk(['chat', '--as', 'cid'], 'stdout').result).toMatchObject(noSpace);
    const again = home.start(['chat', '--as', 'cid']);
    await again.shows(/^ann: kept$/m);
    again.end();
    expect((await again.result).exit).toBe(0);
  });

  it.each([
    [['--help']],
    [['--version']],
    [['config', 'print', '--auth', 'dev']],
    [['send', '--as', 'ann', 'user/dan', 'x']],
  ])('%j exits 1 with the reason', async (args) => {
    expect(await startOnFullDisk(args, 'stdout').result).toMatchObject(noSpace);
  });

  it('connect closes the connection and exits 1', async () => {
    const gateway = `${home.url.replace('http', 'ws')}/v1/connect`;
    expect(await startOnFullDisk(['connect', gateway], 'stdout').result).toMatchObject(noSpace);
  });

  it('serve runs without its banner and stops with 0 (row 92)', async () => {
    const args = ['serve', '--auth', 'dev', '--port', '0', '--data', join(home.folder, 'full')];
    const server = startOnFullDisk(args, 'stdout');
    await server.shows(/The banner could not be printed/, 'stderr');
    expect((await server.kill('SIGTERM')).exit).toBe(0);
  });
});

describe.skipIf(!existsSync('/dev/full'))('a full disk under stderr (/dev/full)', () => {
  it.each([
    ['invalid usage', ['send', 'user/bob', 'hi'], 2],
    ['a failure', ['tail', '--as', 'ann', '--url', 'http://127.0.0.1:9'], 1],
    ['an unknown command', ['nonsense'], 2],
  ])('%s keeps its exit code', async (_what, args, exit) => {
    expect((await startOnFullDisk(args, 'stderr').result).exit).toBe(exit);
  });
});

describe('a reader of stdout that has gone', () => {
  it('ends tail with 0, and no message is lost (row 92)', async () => {
    await home.run(['chat', '--as', 'ann', '--to', 'pia'], {}, 'p1\np2\np3\n');
    const cut = home.start(['tail', '--as', 'pia']);
    cut.child.stdout.destroy();
    expect((await cut.result).exit).toBe(0);
    const { stdout } = await home.run(['tail', '--as', 'pia', '--count', '3']);
    expect(linesOf(stdout).map(({ body }) => body.text)).toEqual(['p1', 'p2', 'p3']);
  });

  it('leaves serve running, which stops with 0', async () => {
    const args = ['serve', '--auth', 'dev', '--port', '0', '--data', join(home.folder, 'gone')];
    const server = home.start(args);
    server.child.stdout.destroy();
    await server.shows(/The banner could not be printed/, 'stderr');
    expect((await server.kill('SIGTERM')).exit).toBe(0);
  });
});
