// Which files of a folder are modules of the application.
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { moduleFilesBelow } from '../../src/scanning/module-exports.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longwire-scan-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('takes modules of every kind, deeper ones and linked ones, sorted; no declarations, tests, hidden or foreign files', async () => {
  const taken = ['a.js', 'b.mjs', 'c.cjs', 'd.ts', 'deep/e.mts', 'deep/er/f.cts', 'g.min.js', 'test.js', 'both.js'];
  const left = [
    'a.d.ts',
    'a.d.mts',
    'a.js.map',
    'a.test.js',
    'a.spec.ts',
    'a.json',
    'a.tsx',
    'both.ts',
    'README.md',
    '.hidden.js',
    '.hidden/a.js',
    'node_modules/x/index.js',
    'deep/node_modules/x/index.js',
  ];
  for (const file of [...taken, ...left]) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), '');
  }
  const elsewhere = join(folder, '.elsewhere.js');
  await writeFile(elsewhere, '');
  await symlink(elsewhere, join(folder, 'linked.js'));
  await symlink(folder, join(folder, 'deep', 'round'));
  const found = (await moduleFilesBelow(folder)).map((file) => relative(folder, file));
  expect(found).toEqual([...taken, 'linked.js'].sort());
});
