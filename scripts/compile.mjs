// Compiles all packages (`tsc -b`, incremental) and runs the asset builds of those that have one.
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { npmCommand, runStep } from './run-step.mjs';
import { projectRoot, readWorkspaces } from './workspaces.mjs';

/** @typedef {import('./workspaces.mjs').Workspace} Workspace */

/**
 * Builds what changed. Resolves once `packages/…/dist` is what the sources say.
 * @param {(line: string) => void} say
 * @throws {import('./run-step.mjs').StepError}
 */
export async function compile(say) {
  const workspaces = readWorkspaces(projectRoot).filter(({ folder }) => existsSync(join(folder, 'tsconfig.json')));
  for (const workspace of workspaces) removeOutputsWithoutSource(workspace);
  if (workspaces.some((workspace) => !existsSync(join(workspace.folder, 'dist')))) say('Compiling.');
  const compiler = join(projectRoot, 'node_modules', 'typescript', 'bin', 'tsc');
  await runStep('compile the packages', process.execPath, [compiler, '-b']);
  for (const workspace of workspaces) {
    await buildAssets(workspace, workspaces, say);
    linkCommands(workspace);
  }
}

/**
 * What was compiled from a deleted source would still be imported, and packed.
 * @param {Workspace} workspace
 */
function removeOutputsWithoutSource({ folder }) {
  const dist = join(folder, 'dist');
  for (const file of filesBelow(dist)) {
    if (!file.endsWith('.d.ts')) continue;
    const stem = file.slice(0, -'.d.ts'.length);
    const source = join(folder, 'src', relative(dist, stem));
    if (existsSync(`${source}.ts`) || existsSync(`${source}.tsx`)) continue;
    for (const ending of ['.d.ts', '.d.ts.map', '.js', '.js.map']) rmSync(stem + ending, { force: true });
  }
}

/**
 * Convention: a package whose package.json has a script "build:assets" is built by it after the compiler, when an input
 * changed: any file of the package or of a workspace it depends on (outputs and tests aside), or the lock file.
 * @param {Workspace} workspace
 * @param {Workspace[]} workspaces
 * @param {(line: string) => void} say
 */
async function buildAssets(workspace, workspaces, say) {
  if (workspace.manifest.scripts?.['build:assets'] === undefined) return;
  const stampFile = join(workspace.folder, 'dist', '.assets-stamp');
  const stamp = hashInputs(workspace, workspaces);
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  say(`Building the assets of ${workspace.name}.`);
  const npm = npmCommand();
  await runStep(`build the assets of ${workspace.name}`, npm.file, [
    ...npm.args,
    'run',
    'build:assets',
    `--workspace=${workspace.name}`,
  ]);
  writeFileSync(stampFile, stamp);
}

/** @param {Workspace} workspace @param {Workspace[]} workspaces */
function hashInputs(workspace, workspaces) {
  const hash = createHash('sha256').update(readFileSync(join(projectRoot, 'package-lock.json')));
  const pending = [workspace];
  const seen = new Set(pending);
  for (const current of pending) {
    for (const file of filesBelow(current.folder).sort()) {
      hash.update(`\0${relative(projectRoot, file)}\0`).update(readFileSync(file));
    }
    for (const other of workspaces) {
      if (current.manifest.dependencies?.[other.name] === undefined || seen.has(other)) continue;
      seen.add(other);
      pending.push(other);
    }
  }
  return hash.digest('hex');
}

const notInputs = new Set(['dist', 'node_modules', 'test', 'coverage']);

/**
 * @param {string} folder
 * @returns {string[]}
 */
function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((item) => {
    const path = join(folder, item.name);
    if (item.isDirectory()) return notInputs.has(item.name) ? [] : filesBelow(path);
    return item.isFile() ? [path] : [];
  });
}

/**
 * `npm ci` links the commands of workspaces before they are compiled: make what was compiled executable, and the link
 * whole, so that `npx longwire` works in a checkout.
 * @param {Workspace} workspace
 */
function linkCommands({ folder, manifest }) {
  for (const [command, file] of Object.entries(manifest.bin ?? {})) {
    const target = join(folder, file);
    if (!existsSync(target)) continue;
    chmodSync(target, 0o755);
    const link = join(projectRoot, 'node_modules', '.bin', command);
    if (process.platform === 'win32' || existsSync(link)) continue;
    mkdirSync(dirname(link), { recursive: true });
    rmSync(link, { force: true });
    symlinkSync(relative(dirname(link), target), link);
  }
}
