// Fan-out: one text message of 128 bytes to 1 000 connections. CPU of the server for each delivery.
import { alternate, containerSides, engineSides } from './harness/alternating-runs.mjs';
import { BenchProcess, generatorCore, placement, serverArguments, serverCore } from './harness/child-process.mjs';
import { cpuBetween, cpuOfProcess } from './harness/process-cpu.mjs';
import { median, spread } from './harness/statistics.mjs';

/** @typedef {import('./harness/alternating-runs.mjs').Side} Side */

const connections = 1_000;
const warmUpMs = 1_500;

/** @type {readonly { name: string, inFlight: number, how: 'joined' | 'singly' }[]} */
const loads = [
  { name: 'one at a time', inFlight: 1, how: 'joined' },
  { name: '64 in flight', inFlight: 64, how: 'joined' },
  // For who does not join what a turn produced: the engine shares the joined bytes by itself.
  { name: '64 in flight, sent one by one', inFlight: 64, how: 'singly' },
];

/**
 * @param {import('./harness/settings.mjs').Settings} settings
 * @returns {Promise<import('./harness/report.mjs').Result>}
 */
export function fanout(settings) {
  return compare('fanout', engineSides, [0.9, 1 / 35, undefined], settings);
}

/**
 * `Broadcast` over the sessions of an endpoint, against the engine with prepared messages in a loop.
 * @param {import('./harness/settings.mjs').Settings} settings
 * @returns {Promise<import('./harness/report.mjs').Result>}
 */
export function containerFanout(settings) {
  return compare('container-fanout', containerSides, [1.15, 1.15, 1.15], settings);
}

/**
 * @param {string} name
 * @param {readonly [Side, Side]} sides ours, then what it is compared with
 * @param {readonly (number | undefined)[]} most for each load, the highest ratio that is good enough
 * @param {import('./harness/settings.mjs').Settings} settings
 * @returns {Promise<import('./harness/report.mjs').Result>}
 */
async function compare(name, sides, most, { runs, seconds }) {
  const [ours, theirs] = sides;
  const samples = await alternate(sides, runs, (side) => measure(side, seconds * 1_000));
  const rows = loads.map((load, index) => {
    const [ourCosts = [], theirCosts = []] = sides.map((side) =>
      samples[side].map((sample) => sample[index]?.microsPerDelivery ?? Number.NaN),
    );
    return {
      load: load.name,
      [`${ours} µs`]: median(ourCosts),
      [`${theirs} µs`]: median(theirCosts),
      ratio: median(ourCosts) / median(theirCosts),
      [`spread ${ours}`]: `±${Math.round(spread(ourCosts) * 100)} %`,
      [`spread ${theirs}`]: `±${Math.round(spread(theirCosts) * 100)} %`,
    };
  });
  return {
    title: `${name}: server CPU per delivery, ${connections} connections, 128 bytes, median of ${runs} (${placement})`,
    rows,
    targets: rows.flatMap(({ load, ratio }, index) => {
      const target = most[index];
      return target === undefined
        ? []
        : [{ what: load, measured: ratio, unit: `of ${theirs}`, direction: 'at most', target }];
    }),
    samples: [samples],
  };
}

/**
 * @param {Side} side
 * @param {number} durationMs
 */
async function measure(side, durationMs) {
  const server = new BenchProcess(new URL('./processes/engine-server.mjs', import.meta.url), {
    core: serverCore,
    nodeArguments: serverArguments,
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
