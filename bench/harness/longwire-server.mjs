// The real server: `longwire serve` in a process of its own, on a store in a folder of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { nodeCommand, serverArguments } from './child-process.mjs';

const command = fileURLToPath(new URL('../../packages/cli/dist/main.js', import.meta.url));

/** The settings in the environment of the benchmark do not reach the server. */
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LONGWIRE_')));

/** A new folder for a store; the caller removes it. */
export function makeDataFolder() {
  return mkdtemp(join(tmpdir(), 'longwire-bench-'));
}

/** @param {string} folder */
export function removeDataFolder(folder) {
  return rm(folder, { recursive: true, force: true });
}

/**
 * What no user should do is what benchmarks are about: the limiters run, and never refuse.
 */
const raisedLimits = [
  '--limits-commands-per-second',
  '--limits-sends-per-second',
  '--limits-send-burst',
  '--limits-body-bytes-per-second',
  '--limits-body-bytes-burst',
  '--limits-pages-per-second',
  '--limits-acks-per-second',
]
  .flatMap((flag) => [flag, '1000000000'])
  .concat(
    [
      '--limits-new-peers-per-hour',
      '--limits-new-peers-per-day',
      '--limits-channels-per-user',
      '--limits-stored-bytes-per-user',
      '--limits-undelivered-bytes-per-peer',
      '--limits-undelivered-bytes-to-unseen',
    ].flatMap((flag) => [flag, '1000000000000']),
  )
  .concat(
    [
      '--limits-connections-per-address',
      '--limits-waiting-per-address',
      '--limits-handshakes-per-second',
      '--limits-waiting',
    ].flatMap((flag) => [flag, '1000000']),
  );

/**
 * Starts a server in auth dev. Resolves when it listens.
 * @param {{ folder: string, core?: number, flags?: readonly string[] }} options
 */
export async function startLongwire({ folder, core, flags = [] }) {
  const serve = [
    ...serverArguments,
    command,
    'serve',
    '--auth',
    'dev',
    '--port',
    '0',
    '--data',
    folder,
    '--no-page',
    '--json',
    ...raisedLimits,
    ...flags,
  ];
  const [file = '', ...words] = nodeCommand(core, [...serve, '--log-level', 'warn']);
  const child = spawn(file, words, { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const killChild = () => child.kill('SIGKILL');
  // A benchmark that fails leaves no server behind.
  process.once('exit', killChild);
  const [line] = await Promise.race([
    once(createInterface({ input: /** @type {import('node:stream').Readable} */ (child.stdout) }), 'line'),
    exited.then(() => {
      throw new Error('the server did not start');
    }),
  ]);
  const banner = /** @type {{ port: number, storage: string }} */ (JSON.parse(line));
  return {
    pid: /** @type {number} */ (child.pid),
    port: banner.port,
    /** Engine and driver, without the folder. */
    storage: banner.storage.split(' ').slice(0, 2).join(' '),
    async stop() {
      child.kill('SIGTERM');
      await exited;
      process.off('exit', killChild);
    },
  };
}
