// What is installed is what was tested: exact pins, one version of ours, a lock file that is whole on every platform. And
// what is published carries its licence.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { relativePath } from './module-graph.mjs';
import { readManifest, readWorkspaces } from './workspaces.mjs';

/**
 * @typedef {import('./workspaces.mjs').Manifest} Manifest
 * @typedef {{
 *   name?: string, version?: string, resolved?: string, integrity?: string, link?: boolean, inBundle?: boolean,
 *   hasInstallScript?: boolean, optional?: boolean,
 *   dependencies?: Record<string, string>, devDependencies?: Record<string, string>,
 *   optionalDependencies?: Record<string, string>, peerDependencies?: Record<string, string>,
 * }} LockEntry
 */

// An alias, `npm:name@version`, installs a package beside another version of it.
const exactVersion = /^(?:npm:[@a-z0-9/._-]+@)?\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/;
const pinnedFields = /** @type {const} */ (['dependencies', 'devDependencies', 'optionalDependencies']);

/** Have an install script and work without it, which is how we install them; anything else that has one needs a look. */
const worksWithoutInstallScript = new Set(['esbuild', 'fsevents']);

/**
 * @param {string} root
 * @returns {string[]}
 */
export function findLockFaults(root) {
  const rootManifest = readManifest(root);
  const workspaces = readWorkspaces(root);
  /** @type {Record<string, LockEntry>} */
  const entries = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const faults = faultsOfManifest('package.json', rootManifest, rootManifest.version, entries['']);
  const ownNames = new Set(workspaces.map((workspace) => workspace.name));
  for (const { folder, manifest } of workspaces) {
    const path = relativePath(root, folder);
    faults.push(...faultsOfManifest(`${path}/package.json`, manifest, rootManifest.version, entries[path]));
    for (const [name, range] of Object.entries(manifest.dependencies ?? {})) {
      if (ownNames.has(name) && range !== rootManifest.version) {
        faults.push(
          `${path}/package.json: ${name} must be ${rootManifest.version}, the version of all packages, not ${range}`,
        );
      }
    }
  }
  for (const [path, entry] of Object.entries(entries)) faults.push(...faultsOfEntry(path, entry, entries));
  return faults;
}

/**
 * @param {string} path
 * @param {Manifest} manifest
 * @param {string} version that all packages share
 * @param {LockEntry | undefined} locked
 */
function faultsOfManifest(path, manifest, version, locked) {
  const faults = [];
  if (manifest.version !== version) faults.push(`${path}: version ${manifest.version}, all packages have ${version}`);
  if (manifest.engines?.node !== '>=20.19.0') faults.push(`${path}: "engines" must say "node": ">=20.19.0"`);
  for (const field of pinnedFields) {
    for (const [name, range] of Object.entries(manifest[field] ?? {})) {
      if (!exactVersion.test(range)) faults.push(`${path}: ${name} is "${range}", pin an exact version`);
      if (locked?.[field]?.[name] !== range)
        faults.push(`package-lock.json: does not know ${name} ${range} of ${path}: npm install`);
    }
  }
  return faults;
}

/**
 * @param {string} path place of the package, as in "node_modules/a/node_modules/b"
 * @param {LockEntry} entry
 * @param {Record<string, LockEntry>} entries
 */
function faultsOfEntry(path, entry, entries) {
  const faults = [];
  const isInstalled = path.startsWith('node_modules/') || path.includes('/node_modules/');
  if (/^[a-z+]+:\/\//.test(entry.resolved ?? '')) {
    faults.push(`package-lock.json: ${path} names an address to download from: omit-lockfile-registry-resolved=true`);
  }
  if (isInstalled && !entry.link && !entry.inBundle && entry.integrity === undefined) {
    faults.push(`package-lock.json: ${path} has no integrity`);
  }
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  if (entry.hasInstallScript && !worksWithoutInstallScript.has(name)) {
    faults.push(`package-lock.json: ${path} has an install script: does it work without? (scripts/check-packages.mjs)`);
  }
  // A registry that lacks one member of a native family leaves it out of the lock; `npm ci` elsewhere then fails with EUSAGE.
  for (const [wanted, range] of Object.entries(entry.optionalDependencies ?? {})) {
    if (!isReachable(path, wanted, entries))
      faults.push(`package-lock.json: ${path} names ${wanted} ${range}, which has no entry`);
  }
  return faults;
}

/**
 * Looks where Node would: beside the package's dependencies first, then upwards.
 * @param {string} path
 * @param {string} wanted
 * @param {Record<string, LockEntry>} entries
 */
function isReachable(path, wanted, entries) {
  for (let place = path; ; place = place.slice(0, place.lastIndexOf('/'))) {
    const candidate = place === '' ? `node_modules/${wanted}` : `${place}/node_modules/${wanted}`;
    if (entries[candidate] !== undefined) return true;
    if (!place.includes('/')) return entries[`node_modules/${wanted}`] !== undefined;
  }
}

const licence = 'Apache-2.0';
const documents = ['LICENSE', 'NOTICE', 'README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'];

/**
 * Licence and notices: in the repository and in everything that is published.
 * @param {string} root
 * @returns {string[]}
 */
export function findNoticeFaults(root) {
  const faults = documents.filter((name) => !existsSync(join(root, name))).map((name) => `${name} is missing`);
  const text = readIfThere(join(root, 'LICENSE'));
  if (!text.includes('Apache License') || !text.includes('Version 2.0'))
    faults.push(`LICENSE is not the text of ${licence}`);
  if (readManifest(root).license !== licence) faults.push(`package.json: "license" must be "${licence}"`);
  for (const { folder, manifest } of readWorkspaces(root)) {
    const path = relativePath(root, folder);
    if (manifest.license !== licence) faults.push(`${path}/package.json: "license" must be "${licence}"`);
    // npm packs the LICENSE that lies beside package.json, not the repository's; what is private is not packed.
    if (manifest.private !== true && readIfThere(join(folder, 'LICENSE')) !== text)
      faults.push(`${path}/LICENSE must be a copy of LICENSE`);
    if (!existsSync(join(folder, 'README.md')))
      faults.push(`${path}/README.md is missing: it is the package's page on npm`);
  }
  return faults;
}

/** @param {string} file */
function readIfThere(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
