// Fan-out: one text message of 128 bytes to 1 000 connections. CPU of the server for each delivery.
import { alternate, sides } from './harness/alternating-runs.mjs';
import { BenchProcess, generatorCore, placement, serverCore } from './harness/child-process.mjs';
import { cpuBetween, cpuOfProcess } from './harness/process-cpu.mjs';
import { median, spread } from './harness/statistics.mjs';

const connections = 1_000;
const warmUpMs = 1_500;

/** @type {readonly { name: string, inFlight: number, how: 'joined' | 'singly', mostOfWs?: number }[]} */
const loads = [
  { name: 'one at a time', inFlight: 1, how: 'joined', mostOfWs: 0.9 },
  { name: '64 in flight', inFlight: 64, how: 'joined', mostOfWs: 1 / 35 },
  // For who does not join what a turn produced: the engine shares the joined bytes by itself.
  { name: '64 in flight, sent one by one', inFlight: 64, how: 'singly' },
];

/**
 * @param {import('./harness/settings.mjs').Settings} settings
 * @returns {Promise<import('./harness/report.mjs').Result>}
 */
export async function fanout({ runs, seconds }) {
  const samples = await alternate(runs, (side) => measure(side, seconds * 1_000));
  const rows = loads.map(({ name }, index) => {
    const costs = sides.map((side) => samples[side].map((sample) => sample[index]?.microsPerDelivery ?? Number.NaN));
    const [ours = Number.NaN, theirs = Number.NaN] = costs.map(median);
    return {
      load: name,
      'longwire µs': ours,
      'ws µs': theirs,
      ratio: ours / theirs,
      'spread longwire': `±${Math.round(spread(costs[0] ?? []) * 100)} %`,
      'spread ws': `±${Math.round(spread(costs[1] ?? []) * 100)} %`,
    };
  });
  return {
    title: `fanout: server CPU per delivery, ${connections} connections, 128 bytes, median of ${runs} (${placement})`,
    rows,
    targets: loads.flatMap(({ name, mostOfWs }, index) =>
      mostOfWs === undefined
        ? []
        : [{ what: name, measured: rows[index]?.ratio ?? 1, unit: 'of ws', direction: 'at most', target: mostOfWs }],
    ),
    samples: [samples],
  };
}

/**
 * @param {import('./harness/alternating-runs.mjs').Side} side
 * @param {number} durationMs
 */
async function measure(side, durationMs) {
  const server = new BenchProcess(new URL('./processes/engine-server.mjs', import.meta.url), {
    core: serverCore,
    arguments: [side],
  });
  const clients = new BenchProcess(new URL('./processes/fanout-clients.mjs', import.meta.url), { core: generatorCore });
  try {
    await clients.ask('open', { port: await server.ask('listen'), count: connections });
    const results = [];
    for (const { name, inFlight, how } of loads) {
      await clients.ask('run', { durationMs: warmUpMs, inFlight, how });
      const before = cpuOfProcess(server.pid);
      const { deliveries, elapsedMs } = await clients.ask('run', { durationMs, inFlight, how });
      const cpuMs = cpuBetween(before, cpuOfProcess(server.pid));
      results.push({ name, deliveries, elapsedMs, cpuMs, microsPerDelivery: (cpuMs * 1_000) / deliveries });
    }
    return results;
  } finally {
    await Promise.all([clients.stop(), server.stop()]);
  }
}
