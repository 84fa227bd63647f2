// npm test: prepares the checkout, finds what tests need, runs vitest; the last line is "N passed, N failed, N skipped".
// Arguments go to vitest; without --project: unit, integration, e2e and e2e-alone.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootstrapOrExit } from './bootstrap.mjs';
import { projectRoot } from './workspaces.mjs';

const defaultProjects = ['unit', 'integration', 'e2e', 'e2e-alone'];

await bootstrapOrExit('npm test');

// Not before the bootstrap: the browser may lie in a package.
const { findTestPeers } = await import('@longwire/test-support/test-peers');
const { environment, missing } = await findTestPeers();
const isStrict = /^(1|true)$/i.test(process.env.CI ?? '');
for (const { what, reason } of missing) {
  process.stdout.write(`${isStrict ? 'MISSING' : 'SKIPPED'} ${what}: ${reason}\n`);
}

const resultFolder = mkdtempSync(join(tmpdir(), 'longwire-test-'));
const resultFile = join(resultFolder, 'results.json');
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
      env: { ...process.env, ...environment },
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
    rmSync(resultFolder, { recursive: true, force: true });
  }
}
