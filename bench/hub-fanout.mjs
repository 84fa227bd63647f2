// Fan-out through the whole server: durable messages of one user to 1 000 sessions of another, against the bare engine that
// sends as many frames of the same size to as many connections. CPU of the server for each delivery.
import { BenchProcess, generatorCore, placement, serverArguments, serverCore } from './harness/child-process.mjs';
import { makeDataFolder, removeDataFolder, startLongwire } from './harness/longwire-server.mjs';
import { cpuBetween, cpuOfProcess } from './harness/process-cpu.mjs';
import { median, spread } from './harness/statistics.mjs';

const sessions = 1_000;
/** V8 goes on compiling SQLite's WebAssembly for seconds. */
const warmUpMs = 4_000;

/** The highest ratio to the engine that is good enough. */
const loads = [
  { name: 'one at a time', inFlight: 1, most: 1.1 },
  { name: '64 in flight', inFlight: 64, most: 1.3 },
];

/** @typedef {{ deliveries: number, elapsedMs: number, cpuMs: number, microsPerDelivery: number }} Sample */

/**
 * @param {import('./harness/settings.mjs').Settings} settings
 * @returns {Promise<import('./harness/report.mjs').Result>}
 */
export async function hubFanout({ runs, seconds }) {
  /** @type {Sample[][]} */
  const hub = [];
  /** @type {Sample[][]} */
  const engine = [];
  let messageBytes = 0;
  for (let run = 0; run < runs; run++) {
    const measured = await measureHub(seconds * 1_000);
    messageBytes = measured.messageBytes;
    hub.push(measured.samples);
    engine.push(await measureEngine(seconds * 1_000, messageBytes));
  }
  const rows = loads.map(({ name }, index) => {
    const [hubCosts, engineCosts] = [hub, engine].map((samples) =>
      samples.map((sample) => sample[index]?.microsPerDelivery ?? Number.NaN),
    );
    if (hubCosts === undefined || engineCosts === undefined) throw new Error('two sides were measured');
    return {
      load: name,
      'hub µs': median(hubCosts),
      'engine µs': median(engineCosts),
      ratio: median(hubCosts) / median(engineCosts),
      'spread hub': `±${Math.round(spread(hubCosts) * 100)} %`,
      'spread engine': `±${Math.round(spread(engineCosts) * 100)} %`,
    };
  });
  return {
    title: `hub-fanout: server CPU per delivery, ${sessions} sessions, messages of ${messageBytes} bytes, median of ${runs} (${placement})`,
    rows,
    targets: rows.map(({ load, ratio }, index) => ({
      what: load,
      measured: ratio,
      unit: 'of the engine',
      direction: 'at most',
      target: loads[index]?.most ?? Number.NaN,
    })),
    samples: [{ hub, engine }],
  };
}

/** @param {number} durationMs */
async function measureHub(durationMs) {
  const folder = await makeDataFolder();
  const server = await startLongwire({
    folder,
    core: serverCore,
    flags: ['--sessions-per-user', String(sessions), '--limits-heartbeat-ms', '600000'],
  });
  const clients = new BenchProcess(new URL('./processes/hub-clients.mjs', import.meta.url), { core: generatorCore });
  try {
    await clients.ask('open', { port: server.port, count: sessions });
    const samples = await measureLoads(clients, server.pid, durationMs);
    return { samples, messageBytes: await clients.ask('messageBytes') };
  } finally {
    await clients.stop();
    await server.stop();
    await removeDataFolder(folder);
  }
}

/**
 * @param {number} durationMs
 * @param {number} messageBytes
 */
async function measureEngine(durationMs, messageBytes) {
  const server = new BenchProcess(new URL('./processes/engine-server.mjs', import.meta.url), {
    core: serverCore,
    nodeArguments: serverArguments,
    arguments: ['longwire', '0', String(messageBytes)],
  });
  const clients = new BenchProcess(new URL('./processes/fanout-clients.mjs', import.meta.url), { core: generatorCore });
  try {
    await clients.ask('open', { port: await server.ask('listen'), count: sessions });
    return await measureLoads(clients, server.pid, durationMs);
  } finally {
    await Promise.all([clients.stop(), server.stop()]);
  }
}

/**
 * @param {BenchProcess} clients
 * @param {number} pid of the server
 * @param {number} durationMs
 */
async function measureLoads(clients, pid, durationMs) {
  /** @type {Sample[]} */
  const samples = [];
  for (const { inFlight } of loads) {
    await clients.ask('run', { durationMs: warmUpMs, inFlight, how: 'joined' });
    const before = cpuOfProcess(pid);
    const { deliveries, elapsedMs } = await clients.ask('run', { durationMs, inFlight, how: 'joined' });
    const cpuMs = cpuBetween(before, cpuOfProcess(pid));
    samples.push({ deliveries, elapsedMs, cpuMs, microsPerDelivery: (cpuMs * 1_000) / deliveries });
  }
  return samples;
}
