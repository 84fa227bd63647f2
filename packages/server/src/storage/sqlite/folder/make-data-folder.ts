// The data folder: created if missing, with every name on the way to it on disk.

import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ServerError } from '../../../errors.js';
import { unusable, unusableFolder } from './folder-errors.js';
import { syncFolder } from './lineage.js';

/**
 * Makes the folder and those above it that are missing. Resolves when their names survive a power cut: what is stored in
 * a folder is lost with it otherwise.
 * @param folder  absolute
 * @throws ServerError `fatal`, `storage_full`: what stands in the way, and what to do
 */
export async function makeDataFolder(folder: string): Promise<void> {
  try {
    for (const missing of await missingFolders(folder)) {
      // One at a time: Node's `recursive` loops endlessly where an existing parent reports that it does not exist, as /proc does.
      await mkdir(missing, { mode: 0o700 }).catch(passOverExisting);
      syncFolder(dirname(missing));
    }
    if (!(await stat(folder)).isDirectory()) throw unusable(folder, 'a file of that name is there');
  } catch (error) {
    throw error instanceof ServerError ? error : unusableFolder(folder, error as NodeJS.ErrnoException);
  }
}

/** From the outermost one to `folder` itself. */
async function missingFolders(folder: string): Promise<string[]> {
  const missing: string[] = [];
  for (let path = folder; !(await exists(path)); path = dirname(path)) {
    missing.unshift(path);
    if (dirname(path) === path) break;
  }
  return missing;
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Another process was faster, or a link leads nowhere: the look at the folder itself shows which. */
function passOverExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
