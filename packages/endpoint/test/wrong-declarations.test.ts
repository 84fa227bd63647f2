// Type tests: the installed tsc compiles this folder's files, in which every line that must not compile is marked with
// its reason; a mark that is not needed is an error as well.
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');

/** Gives what tsc prints: nothing, when exactly the marked lines fail to compile. */
function compile(...options: string[]): Promise<string> {
  const folder = fileURLToPath(new URL('./types', import.meta.url));
  return new Promise((resolve) => {
    execFile(process.execPath, [tsc, '-p', folder, ...options], (error, output) =>
      resolve(error === null ? output : output || error.message),
    );
  });
}

describe('wrong declarations do not compile and right ones do', () => {
  it.each([
    ['TC39 decorators', []],
    ['experimentalDecorators', ['--experimentalDecorators']],
  ])('with %s', async (_mode, options) => {
    expect(await compile(...options)).toBe('');
  });
});
