// What the compiler says of a program that a document shows.

import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../scripts/workspaces.mjs';

const run = promisify(execFile);
const compiler = join(projectRoot, 'node_modules', 'typescript', 'bin', 'tsc');
const options = '--noEmit --strict --module nodenext --target es2022 --lib es2023,esnext.decorators --types node';

/** Writes the source into a folder where it finds its packages, and checks it strictly; empty if all is well. */
export async function typeErrorsOf(folder: string, name: string, source: string): Promise<string> {
  await writeFile(join(folder, name), source);
  return run(process.execPath, [compiler, ...options.split(' '), '--skipLibCheck', name], { cwd: folder }).then(
    ({ stdout }) => stdout,
    (error: { stdout: string }) => error.stdout,
  );
}
