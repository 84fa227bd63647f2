// How `longwire serve` comes up, or says why not: its data folder, and signals that come before it listens.

import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@longwire/test-support/ports';
import type { ProgramProcess } from '@longwire/test-support/program-process';
import { stretched } from '@longwire/test-support/stretched';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startCommand } from './cli-home.js';

// Every step is a process of its own, which takes its time on a machine with other things to do.
vi.setConfig({ testTimeout: 90_000 });

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'longwire-start-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function serve(data: string): ProgramProcess {
  return startCommand(['serve', '--json', '--auth', 'dev', '--port', '0', '--data', data], {}, folder);
}

describe('longwire serve', () => {
  it('serve exits 1 with one sentence when a folder cannot be that of --data', async () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, 'x');
    mkdirSync(join(folder, 'damaged'), { mode: 0o700 });
    writeFileSync(join(folder, 'damaged', 'longwire.db'), 'no database at all, but long enough to be looked at');
    for (const [data, named] of [
      [file, file],
      [join(file, 'below'), join(file, 'below')],
      // A parent that is there and says of everything in it that it is not.
      ['/proc/nope', '/proc/nope'],
      ['/proc/nope/below', '/proc/nope/below'],
      [join(folder, 'damaged'), join(folder, 'damaged', 'longwire.db')],
    ] as const) {
      const { exit, stderr } = await serve(data).result;
      expect([data, exit]).toEqual([data, 1]);
      expect(stderr).toMatch(/^error: .*--data\n$/);
      expect(stderr).toContain(named);
    }
  });

  it('waits for the server that holds its data folder and its port to end, saying so', async () => {
    const data = join(folder, 'handed-over');
    const port = String(await freePort());
    const start = () => startCommand(['serve', '--auth', 'dev', '--port', port, '--data', data], {}, folder);
    const first = start();
    await first.shows(/Ctrl\+C/);
    const second = start();
    await second.shows(/is in use by process \d+ .*waiting up to 5 s/, 'stderr');
    await first.kill('SIGTERM');
    await second.shows(/Ctrl\+C/);
    expect((await second.kill('SIGTERM')).exit).toBe(0);
  });

  it('serve creates the folders above --data with mode 0700', async () => {
    const own = serve('new/deep/data');
    await own.shows(/"event":"listening".*\n/);
    own.child.kill('SIGTERM');
    expect((await own.result).exit).toBe(0);
    for (const made of ['new', 'new/deep', 'new/deep/data']) {
      expect(statSync(join(folder, made)).mode & 0o777).toBe(0o700);
    }
  });

  it('serve ends within 5 s of a signal while it still starts', async () => {
    const data = join(folder, 'foreign');
    mkdirSync(data);
    // The lock of a server on another host, touched just now: the start waits whether it is touched again.
    writeFileSync(
      join(data, 'lock'),
      JSON.stringify({ host: 'elsewhere', boot: 'other', pid: 1, token: 'x'.repeat(32) }),
    );
    const own = serve(data);
    await expect.poll(() => readdirSync(data), { timeout: 60_000 }).toContainEqual(expect.stringMatching(/\.new$/));
    const begun = performance.now();
    own.child.kill('SIGTERM');
    const { exit, stdout } = await own.result;
    expect([exit, stdout]).toEqual([1, '']);
    expect(performance.now() - begun).toBeLessThan(stretched(5_500));
  });
});
