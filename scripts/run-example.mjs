// npm start -w examples/…: prepares the checkout, then runs one compiled program of the example in this process.
//   node ../../scripts/run-example.mjs <program, as in "server"> [its arguments]
import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bootstrapOrExit } from './bootstrap.mjs';
import { watchForStarter } from './starter.mjs';

const starterPollMs = 500;

// Taken before the preparation: npm may be killed while it runs.
const isStarterGone = watchForStarter();
// npm runs a workspace's scripts in its folder.
const [, , program = 'server'] = process.argv;
await bootstrapOrExit(`${program} of ${basename(process.cwd())}`);

const file = resolve('dist', `${program}.js`);
if (!existsSync(file)) {
  process.stderr.write(`There is no ${file}: run this from an example's folder, with npm start -w examples/<name>.\n`);
  process.exit(1);
}

// A killed npm sends no signal, and a program that outlives it would keep the port.
setInterval(() => {
  if (isStarterGone()) process.exit(1);
}, starterPollMs).unref();

process.argv.splice(1, 2, file);
await import(pathToFileURL(file).href);
