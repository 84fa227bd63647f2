// Coming back: 100 000 messages wait for a device that the server knows. From connecting to the last message.
import { BenchProcess } from './harness/child-process.mjs';
import { makeDataFolder, removeDataFolder, startLongwire } from './harness/longwire-server.mjs';
import { cpuBetween, cpuOfProcess } from './harness/process-cpu.mjs';
import { median, spread } from './harness/statistics.mjs';

const messages = 100_000;
const targetMs = 2_000;

/** One long conversation, and many; one message each, and several (`batch` in `connect`). */
const shapes = [
  { channels: 1, batch: false },
  { channels: 1, batch: true },
  { channels: 20, batch: false },
  { channels: 20, batch: true },
];

/**
 * @param {import('./harness/settings.mjs').Settings} settings
 * @returns {Promise<import('./harness/report.mjs').Result>}
 */
export async function catchup({ runs }) {
  const samples = [];
  for (const shape of shapes) samples.push({ ...shape, ...(await measure(shape, runs)) });
  const rows = samples.flatMap(({ channels, batch, fresh, warm }) => {
    const name = `${channels}${batch ? ' in batches' : ''}`;
    return [row(`${name}, server just started`, fresh), row(`${name}, server warm`, warm)];
  });
  return {
    title: `catchup: ${messages.toLocaleString('en')} offline messages of 128 bytes to one device, median of ${runs} (not pinned)`,
    rows,
    targets: rows.map((row) => ({
      what: `channels: ${row.channels}`,
      measured: row['last message, ms'],
      unit: 'ms',
      direction: 'at most',
      target: targetMs,
    })),
    samples,
  };
}

/** @typedef {{ signInMs: number, firstMessageMs: number, lastMessageMs: number, serverCpuMs: number }} Reading */

/**
 * @param {string} channels
 * @param {readonly Reading[]} readings
 */
function row(channels, readings) {
  const last = readings.map(({ lastMessageMs }) => lastMessageMs);
  return {
    channels,
    'signed in, ms': median(readings.map(({ signInMs }) => signInMs)),
    'first message, ms': median(readings.map(({ firstMessageMs }) => firstMessageMs)),
    'last message, ms': median(last),
    spread: `±${Math.round(spread(last) * 100)} %`,
    'server CPU, ms': median(readings.map(({ serverCpuMs }) => serverCpuMs)),
  };
}

/**
 * The reader acks nothing, so that the same messages wait for it the next time.
 * @param {{ channels: number, batch: boolean }} shape
 * @param {number} runs
 */
async function measure({ channels, batch }, runs) {
  const folder = await makeDataFolder();
  const clients = new BenchProcess(new URL('./processes/catchup-clients.mjs', import.meta.url), { core: undefined });
  /** @type {Reading[]} */
  const fresh = [];
  /** @type {Reading[]} */
  const warm = [];
  try {
    await withServer(folder, async ({ port }) => {
      await clients.ask('visit', { port });
      await clients.ask('fill', { port, senders: channels, messages });
    });
    for (let run = 0; run < runs; run++) {
      await withServer(folder, async (server) => {
        fresh.push(await read(clients, server, batch));
        warm.push(await read(clients, server, batch));
      });
    }
    return { fresh, warm };
  } finally {
    await clients.stop();
    await removeDataFolder(folder);
  }
}

/**
 * @param {BenchProcess} clients
 * @param {{ port: number, pid: number }} server
 * @param {boolean} batch
 * @returns {Promise<Reading>}
 */
async function read(clients, { port, pid }, batch) {
  const before = cpuOfProcess(pid);
  const times = await clients.ask('read', { port, messages, batch });
  return { ...times, serverCpuMs: cpuBetween(before, cpuOfProcess(pid)) };
}

/**
 * @param {string} folder
 * @param {(server: { port: number, pid: number }) => Promise<void>} use
 */
async function withServer(folder, use) {
  const server = await startLongwire({ folder });
  try {
    await use(server);
  } finally {
    await server.stop();
  }
}
