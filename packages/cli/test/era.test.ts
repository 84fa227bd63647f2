// `longwire era new`, as a process of its own.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CliHome } from './cli-home.js';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

let home: CliHome;
beforeAll(async () => {
  home = await CliHome.open();
});
afterAll(() => home.close());

describe('longwire era new', () => {
  it('exits 1 while a server uses the folder, and names both', async () => {
    const { exit, stdout, stderr } = await home.run(['era', 'new', '--data', 'data']);
    expect(stderr).toContain(`error: the data folder ${join(home.folder, 'data')} is in use by process`);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect([exit, stdout]).toEqual([1, '']);
  });

  it.each([
    ['a folder without a store', 'empty', /empty has no messages of a Longwire server.* --data/],
    ['data memory:', 'memory:', /memory:/],
  ])('exits 2 for %s', async (_what, data, expected) => {
    const { exit, stdout, stderr } = await home.run(['era', 'new'], { LONGWIRE_DATA: data });
    expect(stderr).toMatch(expected);
    expect([exit, stdout]).toEqual([2, '']);
    expect(existsSync(join(home.folder, 'empty'))).toBe(false);
  });

  it('needs no other setting, and changes the epoch of every channel once', async () => {
    const server = await home.startServer('other', ['--auth', 'dev', '--port', '0']);
    const url = `http://127.0.0.1:${JSON.parse(server.stdout).port}`;
    await home.run(['send', '--as', 'alice', '--url', url, 'user/bob', 'hello']);
    const before = await epochOf(url, 'first');
    await server.kill('SIGTERM');
    writeFileSync(join(home.folder, 'longwire.yaml'), 'data: other\nhost: 0.0.0.0\nauth: jwt\n');
    const { exit, stdout } = await home.run(['era', 'new', '--config', 'longwire.yaml']);
    expect([exit, stdout]).toEqual([0, expect.stringContaining(join(home.folder, 'other'))]);
    const again = await home.startServer('other', ['--auth', 'dev', '--port', '0']);
    const after = await epochOf(`http://127.0.0.1:${JSON.parse(again.stdout).port}`, 'second');
    expect(after).not.toBe(before);
    await again.kill('SIGTERM');
  });
});

/** Of the channel with alice, as a device that bob has not used before sees it. */
async function epochOf(url: string, device: string): Promise<string> {
  const folder = { LONGWIRE_DEVICE_FOLDER: join(home.folder, device) };
  const { stdout } = await home.run(['tail', '--as', 'bob', '--url', url, '--count', '1'], folder);
  return (JSON.parse(stdout) as { epoch: string }).epoch;
}
