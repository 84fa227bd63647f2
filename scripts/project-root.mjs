// Where this checkout lies, and whether a file was started directly or imported.
import { realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Absolute path of the checkout that this file belongs to. */
export const projectRoot = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/**
 * Tells whether the module is the program itself (`node scripts/x.mjs`) and not an import.
 * @param {string} moduleUrl `import.meta.url` of the asking module
 */
export function isMainModule(moduleUrl) {
  const started = process.argv[1];
  return started !== undefined && realpathSync(started) === realpathSync(fileURLToPath(moduleUrl));
}
