// Opening sessions: server CPU and heap for each of 10 000 sessions with an instance of their own, for each bare
// connection of the engine, and for each of `ws`.
import { alternate, containerSides } from './harness/alternating-runs.mjs';
import { BenchProcess, generatorCore, placement, serverArguments, serverCore } from './harness/child-process.mjs';
import { cpuBetween, cpuOfProcess } from './harness/process-cpu.mjs';
import { median, spread } from './harness/statistics.mjs';

const warmUpVisits = 3_000;
const connections = 10_000;
const bytesPerKb = 1_000;
const mostOfWs = 1.1;
const mostHeapKb = 2;

/** @type {readonly { what: string, figure: 'microsToOpen' | 'microsOfVisit' | 'heapKb' }[]} */
const figures = [
  { what: 'opened, µs each', figure: 'microsToOpen' },
  { what: 'opened and closed, µs each', figure: 'microsOfVisit' },
  { what: 'JavaScript heap while open, KB each', figure: 'heapKb' },
];

/**
 * @param {import('./harness/settings.mjs').Settings} settings
 * @returns {Promise<import('./harness/report.mjs').Result>}
 */
export async function containerConnect({ runs }) {
  const samples = await alternate(containerSides, runs, measure);
  /** @type {(side: keyof typeof samples, figure: (typeof figures)[number]['figure']) => number[]} */
  const measured = (side, figure) => samples[side].map((sample) => sample[figure]);
  const rows = figures.map(({ what, figure }) => {
    const container = median(measured('container', figure));
    return {
      what,
      ...Object.fromEntries(containerSides.map((side) => [side, median(measured(side, figure))])),
      'of longwire': container / median(measured('longwire', figure)),
      'of ws': container / median(measured('ws', figure)),
      spread: containerSides.map((side) => `±${Math.round(spread(measured(side, figure)) * 100)} %`).join(' '),
    };
  });
  const opened = median(measured('container', 'microsToOpen')) / median(measured('ws', 'microsToOpen'));
  const heapKb = median(measured('container', 'heapKb'));
  return {
    title: `container-connect: server CPU and heap per session, ${connections} sessions, median of ${runs} (${placement})`,
    rows,
    targets: [
      { what: 'opened', measured: opened, unit: 'of ws', direction: 'at most', target: mostOfWs },
      { what: 'heap of a session', measured: heapKb, unit: 'KB', direction: 'at most', target: mostHeapKb },
    ],
    samples: [samples],
  };
}

/** @param {import('./harness/alternating-runs.mjs').Side} side */
async function measure(side) {
  const server = new BenchProcess(new URL('./processes/engine-server.mjs', import.meta.url), {
    core: serverCore,
    nodeArguments: ['--expose-gc', ...serverArguments],
    arguments: [side, '25000'],
  });
  const visitors = new BenchProcess(new URL('./processes/connect-clients.mjs', import.meta.url), {
    core: generatorCore,
  });
  const stayers = new BenchProcess(new URL('./processes/idle-clients.mjs', import.meta.url), { core: generatorCore });
  /** @param {() => Promise<unknown>} work */
  const microsEach = async (work) => {
    const before = cpuOfProcess(server.pid);
    await work();
    return (cpuBetween(before, cpuOfProcess(server.pid)) * 1_000) / connections;
  };
  try {
    const port = await server.ask('listen');
    await visitors.ask('run', { port, count: warmUpVisits });
    const microsOfVisit = await microsEach(() => visitors.ask('run', { port, count: connections }));
    const empty = await server.ask('memory');
    const microsToOpen = await microsEach(() => stayers.ask('open', { port, upTo: connections }));
    const full = await server.ask('memory');
    const heapKb = (full.heapUsed - empty.heapUsed) / connections / bytesPerKb;
    return { microsToOpen, microsOfVisit, heapKb };
  } finally {
    await Promise.all([visitors.stop(), stayers.stop(), server.stop()]);
  }
}
