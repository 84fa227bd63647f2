// npm run check: everything that can be judged without running the program. `npm run check -- floors lock` runs these two only.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { bootstrapOrExit } from './bootstrap.mjs';
import { projectRoot } from './workspaces.mjs';

// Not built: what does not compile is a finding beside the others.
await bootstrapOrExit('npm run check', { steps: 'install' });

// Not before the bootstrap: the parser lies in a package.
const { findFloorFaults } = await import('./check-floors.mjs');
const { findCloseCodeFaults, findNameFaults } = await import('./check-names.mjs');
const { findReferenceFaults } = await import('./check-references.mjs');
const { findLockFaults, findNoticeFaults } = await import('./check-packages.mjs');

/** @type {Record<string, () => string[] | Promise<string[]>>} each resolves with one text per fault */
const checks = {
  format: () => runTool('@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '--max-diagnostics=50'),
  types: findTypeFaults,
  'dead-code': () => runTool('knip/bin/knip.js', '--no-progress', '--no-config-hints'),
  floors: () => findFloorFaults(projectRoot),
  names: () => findNameFaults(projectRoot),
  'close-codes': () => findCloseCodeFaults(projectRoot),
  references: () => findReferenceFaults(projectRoot),
  lock: () => findLockFaults(projectRoot),
  notices: () => findNoticeFaults(projectRoot),
};

const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(checks);
const unknown = wanted.filter((name) => checks[name] === undefined);
if (unknown.length > 0) {
  process.stderr.write(`No check is called ${unknown.join(' or ')}: there are ${Object.keys(checks).join(', ')}.\n`);
  process.exit(1);
}
/** @type {string[]} */
const failed = [];
for (const name of wanted) {
  const startedAt = performance.now();
  const faults = (await checks[name]?.()) ?? [];
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  for (const fault of faults) process.stdout.write(`${fault}\n`);
  process.stdout.write(`${name}: ${faults.length === 0 ? 'ok' : 'FAILED'} (${seconds} s)\n`);
  if (faults.length > 0) failed.push(name);
}
process.stdout.write(failed.length === 0 ? 'All checks passed.\n' : `Failed: ${failed.join(', ')}.\n`);
process.exitCode = failed.length === 0 ? 0 : 1;

/** The sources as they are built, then what is not built: tests, scripts, tests with the older decorators. */
async function findTypeFaults() {
  const compiler = 'typescript/bin/tsc';
  const faults = await runTool(compiler, '-b');
  if (faults.length > 0) return faults;
  for (const project of ['tests', 'scripts', 'legacy-decorators']) {
    faults.push(...(await runTool(compiler, '-p', `tsconfig.${project}.json`)));
  }
  return faults;
}

/**
 * @param {string} program below node_modules
 * @param {string[]} args
 * @returns {Promise<string[]>} nothing when the tool ended with code 0, else its output as one text
 */
function runTool(program, ...args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(projectRoot, 'node_modules', program), ...args], { cwd: projectRoot });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
        output += text;
      });
    }
    child.once('error', reject);
    child.once('close', (code) => resolve(code === 0 ? [] : [output.trim() || `${program} ended with code ${code}`]));
  });
}
