// npm run check: all checks, one after the other, each also runnable alone; fails if one does.
import './require-node.mjs';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { bootstrapOrExit } from './bootstrap.mjs';
import { projectRoot } from './project-root.mjs';

const checks = ['format', 'types', 'dead-code', 'floors', 'shape', 'lock', 'notices'];

// Not built: what does not compile is a finding beside the others.
await bootstrapOrExit('npm run check', { steps: 'install' });

/** @type {string[]} */
const failed = [];
for (const name of checks) {
  if ((await run(`check-${name}.mjs`)) !== 0) failed.push(name);
}
process.stdout.write(failed.length === 0 ? 'All checks passed.\n' : `Failed: ${failed.join(', ')}.\n`);
process.exitCode = failed.length === 0 ? 0 : 1;

/**
 * @param {string} script
 * @returns {Promise<number>}
 */
function run(script) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(projectRoot, 'scripts', script)], {
      cwd: projectRoot,
      stdio: 'inherit',
    });
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}
