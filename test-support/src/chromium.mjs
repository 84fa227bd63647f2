// Finds a Chromium for browser tests: named by the environment, installed on the system, or unpacked from the npm package.
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findCommand } from './find-command.mjs';

const run = promisify(execFile);

const systemNames = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
const macOsPath = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';

/** Arguments under which a headless Chromium runs as root, and looks nothing up on the Internet. */
export const chromiumArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * Looks for a Chromium that starts.
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<{ path: string, version: string } | { path?: undefined, reason: string }>} `reason`: why there is none
 */
export async function findChromium(env = process.env) {
  const named = env.TEST_CHROMIUM;
  if (named) return (await starts(named)) ?? { reason: `TEST_CHROMIUM=${named} does not start` };
  for (const name of systemNames) {
    const path = findCommand(name, env);
    const found = path && (await starts(path));
    if (found) return found;
  }
  const onMac = existsSync(macOsPath) && (await starts(macOsPath));
  if (onMac) return onMac;
  try {
    const unpacked = await unpackFromNpm();
    return (
      (await starts(unpacked)) ?? { reason: 'none is installed, and the one in the npm package does not start here' }
    );
  } catch (error) {
    return {
      reason: `none is installed, and the npm package gave none (${error instanceof Error ? error.message : error})`,
    };
  }
}

/** @param {string} path */
async function starts(path) {
  try {
    const { stdout } = await run(path, ['--version', '--no-sandbox'], { timeout: 20_000 });
    return { path, version: stdout.trim() };
  } catch {
    return undefined;
  }
}

/**
 * @sparticuz/chromium carries a Linux x64 build and, for machines without a desktop, the libraries it needs.
 * It unpacks these only in a cloud function, so the environment claims one meanwhile; and into the folder for temporary files,
 * where another user could have put something else under the same name, so it is given a folder of ours.
 * @returns {Promise<string>} path of a script that starts it with those libraries as the last resort
 */
async function unpackFromNpm() {
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error('it is for Linux on x64');
  const folder = fileURLToPath(new URL('../../node_modules/.cache/longwire-chromium', import.meta.url));
  mkdirSync(folder, { recursive: true });
  const before = { ...process.env };
  process.env.TMPDIR = folder;
  process.env.AWS_EXECUTION_ENV = 'AWS_Lambda_nodejs22.x';
  try {
    const { default: chromium } = await import('@sparticuz/chromium');
    const binary = await chromium.executablePath();
    const launcher = join(folder, 'start-chromium');
    const libraries = join(folder, 'al2023', 'lib');
    writeFileSync(
      launcher,
      `#!/bin/sh\nif ! "${binary}" --version --no-sandbox >/dev/null 2>&1; then\n` +
        `  export LD_LIBRARY_PATH="${libraries}\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"\nfi\nexec "${binary}" "$@"\n`,
    );
    chmodSync(launcher, 0o755);
    return launcher;
  } finally {
    for (const name of Object.keys(process.env)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
}
