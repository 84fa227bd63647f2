// Makes node_modules match package-lock.json, without running npm when it already does.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { npmCommand, runStep } from './run-step.mjs';
import { projectRoot } from './workspaces.mjs';

const lockFile = join(projectRoot, 'package-lock.json');
const installedLockFile = join(projectRoot, 'node_modules', '.package-lock.json');
const stampFile = join(projectRoot, 'node_modules', '.longwire-stamp');

/** @typedef {{ version?: string, integrity?: string, link?: boolean, optional?: boolean, os?: string[], cpu?: string[], libc?: string[] }} LockEntry */

/**
 * Installs if the lock file, the Node major, the platform or the architecture changed since the last installation.
 * @param {(line: string) => void} say
 */
export async function installDependencies(say) {
  const stamp = currentStamp();
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  if (!isInstalledAsLocked()) {
    say('Installing dependencies (a minute at most, only when package-lock.json changed).');
    const npm = npmCommand();
    await runStep('install the dependencies', npm.file, [...npm.args, ...ciArguments], environmentForInstall());
  }
  writeFileSync(stampFile, stamp);
}

// No dependency may need an install script (npm 12 runs none), so none is run.
const ciArguments = ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--include=dev', '--include=optional'];

/** The compiler and the test runner are development dependencies: a production environment must not leave them out. */
function environmentForInstall() {
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...process.env, NODE_ENV: 'development' };
  for (const name of Object.keys(env)) {
    if (/^npm_config_(omit|only|production|dev|also|workspaces?|global|prefix)$/i.test(name)) delete env[name];
  }
  return env;
}

function currentStamp() {
  const hash = createHash('sha256').update(readFileSync(lockFile));
  const [nodeMajor] = process.versions.node.split('.');
  return `${hash.digest('hex')} node${nodeMajor} ${process.platform} ${process.arch}\n`;
}

/**
 * Compares what npm wrote about the installed tree with the lock file: after `npm install x`, or when only the Node version
 * changed, nothing has to be installed again.
 */
function isInstalledAsLocked() {
  const locked = packagesOf(lockFile);
  const installed = packagesOf(installedLockFile);
  if (locked === undefined || installed === undefined) return false;
  for (const [path, entry] of Object.entries(locked)) {
    if (!path.startsWith('node_modules/')) continue;
    const found = installed[path];
    if (found === undefined) {
      if (!entry.optional || isForThisMachine(entry)) return false;
      continue;
    }
    const isSame = found.version === entry.version && found.integrity === entry.integrity;
    if (!isSame || !existsSync(join(projectRoot, path))) return false;
  }
  return Object.keys(installed).every((path) => locked[path] !== undefined);
}

/**
 * @param {string} file
 * @returns {Record<string, LockEntry> | undefined}
 */
function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/**
 * An optional package without constraints of its own hangs below one that was left out.
 * @param {LockEntry} entry
 */
function isForThisMachine(entry) {
  const isConstrained = entry.os !== undefined || entry.cpu !== undefined || entry.libc !== undefined;
  return (
    isConstrained &&
    allows(entry.os, process.platform) &&
    allows(entry.cpu, process.arch) &&
    allows(entry.libc, machineLibc())
  );
}

/**
 * npm's rule for `os`, `cpu` and `libc`: one of the plain names, and none of the names after "!".
 * @param {string[] | undefined} names
 * @param {string} here
 */
function allows(names, here) {
  if (names === undefined || here === '') return true;
  const wanted = names.filter((name) => !name.startsWith('!'));
  return !names.includes(`!${here}`) && (wanted.length === 0 || wanted.includes(here));
}

function machineLibc() {
  if (process.platform !== 'linux') return '';
  const report = /** @type {{ header?: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  return report.header?.glibcVersionRuntime ? 'glibc' : 'musl';
}
