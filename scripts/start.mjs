// npm start: prepares the checkout and runs the server in the foreground.
// A signal to npm, to this process or to the whole terminal stops the server once, and it never outlives the program that
// started it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bootstrapOrExit } from './bootstrap.mjs';
import { watchForStarter } from './starter.mjs';
import { projectRoot } from './workspaces.mjs';

const starterPollMs = 500;
/** One Ctrl+C arrives here twice, from the terminal and forwarded by npm; a person's second one comes later than this. */
const sameSignalMs = 300;
const killAfterMs = 10_000;

// Taken before the preparation: npm may be killed while it runs.
const isStarterGone = watchForStarter();

await bootstrapOrExit('npm start');

const main = join(projectRoot, 'packages', 'cli', 'dist', 'main.js');
if (!existsSync(main)) {
  process.stderr.write(`There is no ${main}: the compiler made none. Look at packages/cli/src.\n`);
  process.exit(1);
}

await refuseFlagsOfNpm();

const watchdog = pathToFileURL(join(projectRoot, 'scripts', 'stop-with-parent.mjs')).href;
const child = spawn(
  process.execPath,
  // A default, not a setting: the environment and a configuration file go before it.
  ['--enable-source-maps', '--import', watchdog, main, 'serve', '--default-auth', 'dev', ...process.argv.slice(2)],
  {
    cwd: projectRoot,
    stdio: 'inherit',
    // Its own process group: the terminal's Ctrl+C reaches the server only through here, exactly once.
    detached: process.platform !== 'win32',
  },
);

child.once('error', (error) => {
  process.stderr.write(`The server did not start: ${error.message}\n`);
  process.exit(1);
});
child.once('exit', (code, signal) => {
  process.exit(signal === null ? (code ?? 1) : 128 + constants.signals[signal]);
});

let lastSignalAt = Number.NEGATIVE_INFINITY;
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => {
    const now = performance.now();
    if (now - lastSignalAt < sameSignalMs) return;
    lastSignalAt = now;
    child.kill(signal);
  });
}

// A killed npm sends no signal.
const starterWatch = setInterval(() => {
  if (!isStarterGone()) return;
  clearInterval(starterWatch);
  // A signal to the process group has reached us too, and a second one would end the server before it closes its sessions.
  if (lastSignalAt === Number.NEGATIVE_INFINITY) child.kill('SIGTERM');
  setTimeout(() => child.kill('SIGKILL'), killAfterMs).unref();
}, starterPollMs);

/**
 * `npm start --port 9000` gives npm a flag that it does not know, and the server would start without it. The older form
 * `--port=9000` leaves no trace in the arguments at all.
 */
async function refuseFlagsOfNpm() {
  const { settingKeys, flagOf } = await import(
    pathToFileURL(join(projectRoot, 'packages', 'server', 'dist', 'config', 'settings.js')).href
  );
  const flags = [...settingKeys.map(flagOf), '--config'];
  const lost = flags.filter((/** @type {string} */ flag) => {
    return process.env[`npm_config_${flag.slice(2).replaceAll('-', '_')}`] !== undefined;
  });
  if (lost.length === 0) return;
  process.stderr.write(
    `npm takes the flags that stand before "--" for itself: ${lost.join(', ')}. Write npm start -- ${lost[0]} …\n`,
  );
  process.exit(2);
}
