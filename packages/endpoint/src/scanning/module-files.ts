// The modules below a folder, in a fixed order.
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Declarations and tests are no modules of the application. */
const MODULE = /^(?!.*\.(?:d|test|spec)\.)[^.].*\.[cm]?[jt]s$/;

/**
 * Paths of all modules below `folder`, sorted; links are followed. `node_modules` and names with a dot in front are left
 * out, and so is a TypeScript file beside which its compiled form lies. @throws (rejects) what the file system throws
 */
export async function moduleFilesBelow(folder: string, visited = new Set<string>()): Promise<string[]> {
  // A link to a folder above would lead round in circles.
  const real = await realpath(folder);
  if (visited.has(real)) return [];
  visited.add(real);
  const files: string[] = [];
  const names = (await readdir(folder)).sort();
  for (const name of names) {
    if (name.startsWith('.') || name === 'node_modules') continue;
    const path = join(folder, name);
    if ((await stat(path)).isDirectory()) files.push(...(await moduleFilesBelow(path, visited)));
    else if (MODULE.test(name) && !(name.endsWith('ts') && names.includes(`${name.slice(0, -2)}js`))) files.push(path);
  }
  return files;
}
