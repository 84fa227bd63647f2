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
  // A program that does not join what a turn produced: the engine and `Broadcast` share the bytes by themselves.
  { name: '64 in flight, sent one by one', inFlight: 64, how: 'singly' },
];

/** For each load the highest ratio to a peer that is good enough; undefined = no target. @typedef {{ peer: Side, most: readonly (number | undefined)[] }} Bound */

/**
 * @param {import('./harness/settings.mjs').Settings} settings
 * @returns {Promise<import('./harness/report.mjs').Result>}
 */
export function fanout(settings) {
  return compare('fanout', engineSides, [{ peer: 'ws', most: [0.9, 1 / 35, undefined] }], settings);
}

/**
 * `Broadcast` over the sessions of an endpoint, against the engine with prepared messages in a loop, and against `ws`.
 * @param {import('./harness/settings.mjs').Settings} settings
 * @returns {Promise<import('./harness/report.mjs').Result>}
 */
export function containerFanout(settings) {
  const bounds = /** @type {const} */ ([
    { peer: 'longwire', most: [1.15, 1.15, undefined] },
    { peer: 'ws', most: [0.9, 1 / 35, 1 / 70] },
  ]);
  return compare('container-fanout', containerSides, bounds, settings);
}

/**
 * @param {string} name
 * @param {readonly Side[]} sides ours, then what it is compared with
 * @param {readonly Bound[]} bounds
 * @param {import('./harness/settings.mjs').Settings} settings
 * @returns {Promise<import('./harness/report.mjs').Result>}
 */
async function compare(name, sides, bounds, { runs, seconds }) {
  const [ours = 'longwire', ...peers] = sides;
  const samples = await alternate(sides, runs, (side) => measure(side, seconds * 1_000));
  /** @type {(side: Side, load: number) => number[]} */
  const costs = (side, load) => samples[side].map((sample) => sample[load]?.microsPerDelivery ?? Number.NaN);
  /** @type {(peer: Side, load: number) => number} */
  const ratio = (peer, load) => median(costs(ours, load)) / median(costs(peer, load));
  const rows = loads.map((load, index) => ({
    load: load.name,
    ...Object.fromEntries(sides.map((side) => [`${side} µs`, median(costs(side, index))])),
    ...Object.fromEntries(peers.map((peer) => [`of ${peer}`, ratio(peer, index)])),
    spread: sides.map((side) => `±${Math.round(spread(costs(side, index)) * 100)} %`).join(' '),
  }));
  return {
    title: `${name}: server CPU per delivery, ${connections} connections, 128 bytes, median of ${runs} (${placement})`,
    rows,
    targets: bounds.flatMap(({ peer, most }) =>
      loads.flatMap(({ name: what }, index) => {
        const target = most[index];
        const measured = ratio(peer, index);
        return target === undefined
          ? []
          : [{ what, measured, unit: `of ${peer}`, direction: /** @type {const} */ ('at most'), target }];
      }),
    ),
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
