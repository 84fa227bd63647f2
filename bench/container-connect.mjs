// Opening sessions: server CPU and heap for each of 10 000 sessions with an instance of their own, and for each bare
// connection of the engine.
import { alternate, containerSides } from './harness/alternating-runs.mjs';
import { BenchProcess, generatorCore, placement, serverArguments, serverCore } from './harness/child-process.mjs';
import { cpuBetween, cpuOfProcess } from './harness/process-cpu.mjs';
import { median, spread } from './harness/statistics.mjs';

const warmUpVisits = 3_000;
const connections = 10_000;
const mostOfEngine = 1.25;
const bytesPerKb = 1_000;

/** @type {readonly { what: string, figure: 'microsToOpen' | 'microsOfVisit' | 'heapKb', most?: number }[]} */
const figures = [
  { what: 'opened, µs each', figure: 'microsToOpen', most: mostOfEngine },
  { what: 'opened and closed, µs each', figure: 'microsOfVisit' },
  { what: 'JavaScript heap while open, KB each', figure: 'heapKb' },
];

/**
 * @param {import('./harness/settings.mjs').Settings} settings
 * @returns {Promise<import('./harness/report.mjs').Result>}
 */
export async function containerConnect({ runs }) {
  const samples = await alternate(containerSides, runs, measure);
  const rows = figures.map(({ what, figure }) => {
    const container = samples.container.map((sample) => sample[figure]);
    const engine = samples.longwire.map((sample) => sample[figure]);
    return {
      what,
      container: median(container),
      longwire: median(engine),
      ratio: median(container) / median(engine),
      'spread container': `±${Math.round(spread(container) * 100)} %`,
      'spread longwire': `±${Math.round(spread(engine) * 100)} %`,
    };
  });
  return {
    title: `container-connect: server CPU and heap per session, ${connections} sessions, median of ${runs} (${placement})`,
    rows,
    targets: figures.flatMap(({ what, most }, index) =>
      most === undefined
        ? []
        : [
            {
              what,
              measured: rows[index]?.ratio ?? Number.NaN,
              unit: 'of longwire',
              direction: 'at most',
              target: most,
            },
          ],
    ),
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
