// npm run bench [-- names…] [--runs N] [--seconds N]: prepares the checkout, runs the benchmarks one after the other.
import { bootstrapOrExit } from '../scripts/bootstrap.mjs';
import { describeMachine, report } from './harness/report.mjs';
import { readSettings } from './harness/settings.mjs';

/** @type {Record<string, () => Promise<(settings: import('./harness/settings.mjs').Settings) => Promise<import('./harness/report.mjs').Result>>>} */
const benchmarks = {
  fanout: async () => (await import('./fanout.mjs')).fanout,
  'hub-fanout': async () => (await import('./hub-fanout.mjs')).hubFanout,
  idle: async () => (await import('./idle.mjs')).idle,
  connect: async () => (await import('./connect.mjs')).connect,
  'container-fanout': async () => (await import('./fanout.mjs')).containerFanout,
  'container-connect': async () => (await import('./container-connect.mjs')).containerConnect,
  durable: async () => (await import('./durable.mjs')).durable,
  catchup: async () => (await import('./catchup.mjs')).catchup,
};

const { names, settings } = readSettings(process.argv.slice(2));
const unknown = names.filter((name) => !Object.hasOwn(benchmarks, name));
if (unknown.length > 0) {
  process.stderr.write(
    `There is no benchmark ${unknown.join(', ')}. There are: ${Object.keys(benchmarks).join(', ')}.\n`,
  );
  process.exit(2);
}
if (process.platform !== 'linux') {
  process.stderr.write('CPU per operation is read from /proc: the benchmarks run on Linux only.\n');
  process.exit(2);
}
await bootstrapOrExit('npm run bench');

for (const name of names.length > 0 ? names : Object.keys(benchmarks)) {
  const machine = describeMachine();
  process.stdout.write(
    `\n${name}: Node ${machine.node}, ${machine.cores} cores, load ${machine.loadBefore.join(' ')}\n`,
  );
  const run = await benchmarks[name]?.();
  if (run !== undefined) report(name, await run(settings), machine);
}
