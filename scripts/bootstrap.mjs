// Makes a checkout runnable: installs, compiles, builds assets; each only if something changed. Node built-ins only.
import './require-node.mjs';
import { join } from 'node:path';
import { withLock } from './bootstrap-lock.mjs';
import { compile } from './compile.mjs';
import { installDependencies } from './install.mjs';
import { projectRoot } from './project-root.mjs';
import { StepError } from './run-step.mjs';

/**
 * Installs and builds. Resolves when everything that `npm start` and `npm test` run is there and current.
 * Safe to run several times at once in one checkout.
 * @param {string} what the command it is done for, shown to others that wait, as in "npm start"
 * @param {{ steps?: 'install' | 'install and build' }} [options] default: install and build
 * @throws {StepError}
 */
async function bootstrap(what, { steps = 'install and build' } = {}) {
  const say = (/** @type {string} */ line) => process.stderr.write(`${line}\n`);
  await withLock(
    join(projectRoot, '.bootstrap.lock'),
    what,
    async () => {
      await installDependencies(say);
      if (steps === 'install and build') await compile(say);
    },
    say,
  );
}

/**
 * As {@link bootstrap}; a failure is printed and ends the process with code 1.
 * @param {string} what
 * @param {{ steps?: 'install' | 'install and build' }} [options]
 */
export async function bootstrapOrExit(what, options) {
  try {
    await bootstrap(what, options);
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
