// Makes a checkout runnable: installs, compiles, builds assets; each only if something changed. Node built-ins only.
import { join } from 'node:path';
import { withLock } from './bootstrap-lock.mjs';
import { compile } from './compile.mjs';
import { installDependencies } from './install.mjs';
import { StepError } from './run-step.mjs';
import { projectRoot } from './workspaces.mjs';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
// The same as `engines` in every package.json. One line, where an old Node would fail with a syntax error further on.
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(
    `Longwire needs Node 20.19 or newer, this is ${process.versions.node}: install Node 24 LTS and try again.\n`,
  );
  process.exit(1);
}

/**
 * Installs and builds. Resolves when everything that `npm start` and `npm test` run is there and current; a failure is
 * printed and ends the process with code 1. Safe to run several times at once in one checkout.
 * @param {string} command the command it is done for, shown to others that wait, as in "npm start"
 * @param {{ steps?: 'install' | 'install and build' }} [options] default: install and build
 */
export async function bootstrapOrExit(command, { steps = 'install and build' } = {}) {
  const say = (/** @type {string} */ line) => process.stderr.write(`${line}\n`);
  const work = async () => {
    await installDependencies(say);
    if (steps === 'install and build') await compile(say);
  };
  try {
    await withLock(join(projectRoot, '.bootstrap.lock'), command, work, say);
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
