// Where this checkout lies, and its packages, as package.json's "workspaces" lists them.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {{
 *   name: string, version: string, license?: string, private?: boolean, type?: string,
 *   engines?: Record<string, string>, scripts?: Record<string, string>, bin?: Record<string, string>,
 *   dependencies?: Record<string, string>, devDependencies?: Record<string, string>,
 *   optionalDependencies?: Record<string, string>, peerDependencies?: Record<string, string>,
 *   workspaces?: string[],
 * }} Manifest
 * @typedef {{ name: string, folder: string, manifest: Manifest }} Workspace
 */

/** Absolute path of the checkout that this file belongs to. */
export const projectRoot = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/**
 * @param {string} root
 * @returns {Workspace[]} in the order of their folders' names
 */
export function readWorkspaces(root) {
  const patterns = readManifest(root).workspaces ?? [];
  return patterns.flatMap((pattern) => {
    const parent = join(root, pattern.replace(/\/\*$/, ''));
    const folders = pattern.endsWith('/*') && existsSync(parent) ? readdirSync(parent).sort() : ['.'];
    return folders
      .map((name) => join(parent, name))
      .filter((folder) => existsSync(join(folder, 'package.json')))
      .map((folder) => {
        const manifest = readManifest(folder);
        return { name: manifest.name, folder, manifest };
      });
  });
}

/**
 * @param {string} folder
 * @returns {Manifest}
 */
export function readManifest(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}
