import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');

// Against the built declarations, as a user's compiler sees them.
it('the public API compiles in correct use, and mistakes do not compile', async () => {
  const folder = new URL('..', import.meta.url).pathname;
  await run(process.execPath, [compiler, '-b', folder]);
  for (const config of ['tsconfig.json', 'tsconfig.older-browser.json']) {
    const { stdout } = await run(process.execPath, [compiler, '-p', join(folder, 'test/types', config)]);
    expect(stdout).toBe('');
  }
}, 60_000);
