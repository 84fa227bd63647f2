// npm test: prepares the checkout, finds what tests need, runs vitest; the last line is "N passed, N failed, N skipped".
// Arguments go to vitest; without --project: unit, integration, e2e and e2e-alone.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootstrapOrExit } from './bootstrap.mjs';
import { projectRoot } from './workspaces.mjs';

/** Longer than a run takes. */
const LEFTOVER_MS = 3 * 3_600_000;
const defaultProjects = ['unit', 'integration', 'e2e', 'e2e-alone'];

await bootstrapOrExit('npm test');

// Not before the bootstrap: the browser may lie in a package.
const { findTestPeers } = await import('@longwire/test-support/test-peers');
const { environment, missing } = await findTestPeers();
const isStrict = /^(1|true)$/i.test(process.env.CI ?? '');
for (const { what, reason } of missing) {
  process.stdout.write(`${isStrict ? 'MISSING' : 'SKIPPED'} ${what}: ${reason}\n`);
}

removeLeftovers();
// Everything that tests put into the folder for temporary files is in here, and goes with it.
const runFolder = mkdtempSync(join(tmpdir(), `longwire-test-${process.pid}-`));
const resultFile = join(runFolder, 'results.json');
const given = process.argv.slice(2);
const projects = given.some((argument) => argument.startsWith('--project'))
  ? []
  : defaultProjects.flatMap((name) => ['--project', name]);
const vitest = join(projectRoot, 'node_modules', 'vitest', 'vitest.mjs');
const exitCode = await runVitest([
  vitest,
  'run',
  ...projects,
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${resultFile}`,
  ...given,
]);

const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0, numTodoTests = 0 } = readResults() ?? {};
const counts = { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests + numTodoTests };
if (isStrict && missing.length > 0) {
  process.stdout.write('In CI nothing may be missing: each MISSING line above counts as a failed test.\n');
  counts.failed += missing.length;
}
if (exitCode !== 0 && counts.failed === 0) {
  process.stdout.write(
    `vitest ended with code ${exitCode} though no test failed (see above): counted as one failure.\n`,
  );
  counts.failed = 1;
}
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
process.exitCode = counts.failed > 0 ? 1 : 0;

/**
 * @param {string[]} args
 * @returns {Promise<number>}
 */
function runVitest(args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: projectRoot,
      env: { ...process.env, ...environment, TMPDIR: runFolder },
      stdio: 'inherit',
    });
    // The terminal sends Ctrl+C to vitest as well, and a second one would make it drop the report: it is not passed on.
    process.on('SIGINT', () => {});
    for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP'])) process.on(signal, () => child.kill(signal));
    child.once('exit', (code, signal) => resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]));
  });
}

function readResults() {
  try {
    return JSON.parse(readFileSync(resultFile, 'utf8'));
  } catch {
    return undefined;
  } finally {
    removeFolder(runFolder);
  }
}

/** Folders of runs that were killed. Another container may share the folder but not the process ids: hence their age. */
function removeLeftovers() {
  for (const name of readdirSync(tmpdir())) {
    const [, pid] = /^longwire-test-(\d+)-/.exec(name) ?? [];
    const folder = join(tmpdir(), name);
    const isOld = () => Date.now() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > LEFTOVER_MS;
    if (pid !== undefined && !isRunning(Number(pid)) && isOld()) removeFolder(folder);
  }
}

/** @param {number} pid */
function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH';
  }
}

/** What cannot be removed stays, such as a file system that a test mounted. @param {string} folder */
function removeFolder(folder) {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    process.stdout.write(`${folder} could not be removed\n`);
  }
}
