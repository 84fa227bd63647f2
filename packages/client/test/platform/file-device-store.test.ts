// `fileDeviceStore`, alone and shared by real processes.

import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProgramProcess } from '@longwire/test-support/program-process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileDeviceStore } from '../../src/platform/file-device-store.js';

let folder = '';
let path = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longwire-device-'));
  path = join(folder, 'devices.jsonl');
});
afterEach(() => rm(folder, { recursive: true }));

const linesOf = async () => (await readFile(path, 'utf8')).trim().split('\n');

describe('fileDeviceStore', () => {
  it('keeps the first id of each user, in one file of its owner', async () => {
    path = join(folder, 'nested', 'devices.jsonl');
    const store = fileDeviceStore(path);
    expect(await store.load('alice')).toBeUndefined();
    expect(await store.save('alice', 'a1')).toBe('a1');
    expect(await store.save('alice', 'a2')).toBe('a1');
    expect(await store.save(undefined, 'n1')).toBe('n1');
    const another = fileDeviceStore(path);
    expect([await another.load('alice'), await another.load(undefined), await another.load('bob')]).toEqual([
      'a1',
      'n1',
      undefined,
    ]);
    expect(await linesOf()).toEqual(['{"user":"alice","device":"a1"}', '{"user":"","device":"n1"}']);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(folder, 'nested'))).toEqual(['devices.jsonl']);
  });

  it('keeps the ids of a file in its first format, and appends to it', async () => {
    await writeFile(path, `${JSON.stringify({ version: 1, devices: { alice: 'a1' } }, undefined, 2)}\n`);
    const store = fileDeviceStore(path);
    expect(await store.save('alice', 'a2')).toBe('a1');
    expect(await store.save('bob', 'b1')).toBe('b1');
    expect([await store.load('alice'), await store.load('bob')]).toEqual(['a1', 'b1']);
  });

  it('skips a line that was cut off, and keeps the next id on a line of its own', async () => {
    await writeFile(path, '{"user":"alice","device":"a1"}\n{"user":"bob","dev');
    const store = fileDeviceStore(path);
    expect([await store.load('alice'), await store.load('bob')]).toEqual(['a1', undefined]);
    expect(await store.save('bob', 'b1')).toBe('b1');
    expect([await store.load('alice'), await store.load('bob')]).toEqual(['a1', 'b1']);
  });

  it('skips an id that is not a device id, and keeps a valid one', async () => {
    await writeFile(path, '{"user":"alice","device":"a / b"}\n');
    const store = fileDeviceStore(path);
    expect(await store.load('alice')).toBeUndefined();
    expect(await store.save('alice', 'a1')).toBe('a1');
  });

  it('rejects and changes nothing if the file is not a file of device ids', async () => {
    for (const text of ['not JSON', '{"version":2}', '[]', 'x\n{"user":"alice","device":"a1"}\n']) {
      await writeFile(path, text);
      const store = fileDeviceStore(path);
      await expect(store.load('alice')).rejects.toThrow('is not a file of Longwire device ids');
      await expect(store.save('alice', 'a1')).rejects.toThrow('is not a file of Longwire device ids');
      expect(await readFile(path, 'utf8')).toBe(text);
    }
  });

  it.runIf(process.platform === 'linux')('save rejects where no folder can be created, such as in /proc', async () => {
    // In a process of its own: a loop in Node's thread pool would keep this one from ending.
    const program = `
      import { fileDeviceStore } from ${JSON.stringify(builtModule)};
      fileDeviceStore('/proc/nope/nested/ids').save('alice', 'a1').catch((error) => console.log(error.message));`;
    const { result } = new ProgramProcess([process.execPath, '--input-type=module', '-e', program]);
    expect(await result).toMatchObject({
      exit: 0,
      stdout: expect.stringMatching(/^cannot create the folder \/proc\/nope: ENOENT/),
    });
  });
});

/** The compiled store, for programs. */
const builtModule = new URL('../../dist/node.js', import.meta.url).href;

/** Processes that all save an id at once, each for its user; what each of them got. */
async function saveAtOnce(users: readonly string[]): Promise<string[]> {
  const program = `
    import { fileDeviceStore } from ${JSON.stringify(builtModule)};
    const [path, user, device] = process.argv.slice(1);
    const store = fileDeviceStore(path);
    console.log('ready');
    process.stdin.once('data', async () => {
      console.log('kept ' + ((await store.load(user)) ?? (await store.save(user, device))));
      process.exit();
    });`;
  const processes = users.map(
    (user, index) =>
      new ProgramProcess([process.execPath, '--input-type=module', '-e', program, path, user, `device-${index}`]),
  );
  await Promise.all(processes.map((each) => expect.poll(() => each.stdout, { timeout: 60_000 }).toContain('ready')));
  for (const { child } of processes) child.stdin.write('go\n');
  const results = await Promise.all(processes.map(({ result }) => result));
  return results.map(({ stdout }) => /^kept (.+)$/m.exec(stdout)?.[1] ?? 'nothing');
}

describe('processes that share the file of fileDeviceStore', () => {
  it('keep every id when 12 of them save one each, for 12 users', async () => {
    const users = Array.from({ length: 12 }, (_, index) => `user${index}`);
    const kept = await saveAtOnce(users);
    expect(kept).toEqual(users.map((_, index) => `device-${index}`));
    const store = fileDeviceStore(path);
    expect(await Promise.all(users.map((user) => store.load(user)))).toEqual(kept);
  }, 120_000);

  it('get one id for one user, so that none of them is a device of its own that gets acknowledged messages again', async () => {
    const kept = await saveAtOnce(Array.from({ length: 6 }, () => 'bob'));
    expect(new Set(kept).size).toBe(1);
    expect(await fileDeviceStore(path).load('bob')).toBe(kept[0]);
  }, 120_000);
});
