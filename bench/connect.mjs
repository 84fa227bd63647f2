// Opening and closing: server CPU for one connection from its handshake to the end of TCP.
import { alternate, engineSides } from './harness/alternating-runs.mjs';
import { BenchProcess, generatorCore, placement, serverCore } from './harness/child-process.mjs';
import { cpuBetween, cpuOfProcess } from './harness/process-cpu.mjs';
import { median, spread } from './harness/statistics.mjs';

const warmUpConnections = 3_000;
const connections = 15_000;
const mostOfWs = 1.2;

/**
 * @param {import('./harness/settings.mjs').Settings} settings
 * @returns {Promise<import('./harness/report.mjs').Result>}
 */
export async function connect({ runs }) {
  const samples = await alternate(engineSides, runs, measure);
  const costs = engineSides.map((side) => samples[side].map(({ microsPerConnection }) => microsPerConnection));
  const [ours = Number.NaN, theirs = Number.NaN] = costs.map(median);
  return {
    title: `connect: server CPU per connection opened and closed, median of ${runs} (${placement})`,
    rows: engineSides.map((side, index) => ({
      engine: side,
      'µs per connection': median(costs[index] ?? []),
      spread: `±${Math.round(spread(costs[index] ?? []) * 100)} %`,
    })),
    targets: [{ what: 'connect', measured: ours / theirs, unit: 'of ws', direction: 'at most', target: mostOfWs }],
    samples: [samples],
  };
}

/** @param {import('./harness/alternating-runs.mjs').Side} side */
async function measure(side) {
  const server = new BenchProcess(new URL('./processes/engine-server.mjs', import.meta.url), {
    core: serverCore,
    arguments: [side, '25000'],
  });
  const clients = new BenchProcess(new URL('./processes/connect-clients.mjs', import.meta.url), {
    core: generatorCore,
  });
  try {
    const port = await server.ask('listen');
    await clients.ask('run', { port, count: warmUpConnections });
    const before = cpuOfProcess(server.pid);
    await clients.ask('run', { port, count: connections });
    const cpuMs = cpuBetween(before, cpuOfProcess(server.pid));
    return { connections, cpuMs, microsPerConnection: (cpuMs * 1_000) / connections };
  } finally {
    await Promise.all([clients.stop(), server.stop()]);
  }
}
