// Memory of an idle connection: how the server's resident memory grows from 1 000 to 10 000 of them.
import { setTimeout as delay } from 'node:timers/promises';
import { alternate, engineSides } from './harness/alternating-runs.mjs';
import { BenchProcess, generatorCore, placement, serverCore } from './harness/child-process.mjs';
import { median, slope, spread } from './harness/statistics.mjs';

const steps = [1_000, 2_500, 4_000, 5_500, 7_000, 8_500, 10_000];
const stepsWithHeartbeat = [1_000, 4_000, 7_000, 10_000];
const mostOfWs = 0.7;
/** The space for new objects grows to 32 MB as V8 sees fit, and stays: as much as all that is weighed here. */
const fixedNursery = ['--min-semi-space-size=1', '--max-semi-space-size=1'];
/** Short here, so that every connection has had a ping of ours and its pong before it is weighed again. */
const heartbeatMs = 4_000;
const bytesPerKb = 1_000;

/**
 * @param {import('./harness/settings.mjs').Settings} settings
 * @returns {Promise<import('./harness/report.mjs').Result>}
 */
export async function idle({ runs }) {
  const samples = await alternate(engineSides, runs, (side) => measure(side));
  const afterHeartbeat = await measure('longwire', { withHeartbeat: true });
  const [ours = Number.NaN, theirs = Number.NaN] = engineSides.map((side) =>
    median(samples[side].map(({ rssKb }) => rssKb)),
  );
  const ratio = ours / theirs;
  const rows = engineSides.map((side) => ({
    engine: /** @type {string} */ (side),
    'RSS, KB each': median(samples[side].map(({ rssKb }) => rssKb)),
    'JavaScript heap, KB each': median(samples[side].map(({ heapKb }) => heapKb)),
    spread: `±${Math.round(spread(samples[side].map(({ rssKb }) => rssKb)) * 100)} %`,
  }));
  rows.push({
    engine: 'longwire, each pinged by its heartbeat',
    'RSS, KB each': afterHeartbeat.rssKb,
    'JavaScript heap, KB each': afterHeartbeat.heapKb,
    spread: '1 run',
  });
  return {
    title: `idle: memory per connection, slope from 1 000 to 10 000, after gc, median of ${runs} (${placement})`,
    rows,
    targets: [{ what: 'idle connection', measured: ratio, unit: 'of ws', direction: 'at most', target: mostOfWs }],
    samples: [samples, afterHeartbeat],
  };
}

/**
 * @param {import('./harness/alternating-runs.mjs').Side} side
 * @param {{ withHeartbeat: boolean }} [options]
 */
async function measure(side, { withHeartbeat } = { withHeartbeat: false }) {
  const server = new BenchProcess(new URL('./processes/engine-server.mjs', import.meta.url), {
    core: serverCore,
    nodeArguments: ['--expose-gc', ...fixedNursery],
    arguments: [side, String(withHeartbeat ? heartbeatMs : 0)],
  });
  const clients = new BenchProcess(new URL('./processes/idle-clients.mjs', import.meta.url), { core: generatorCore });
  try {
    const port = await server.ask('listen');
    const points = [];
    for (const connections of withHeartbeat ? stepsWithHeartbeat : steps) {
      await clients.ask('open', { port, upTo: connections });
      if (withHeartbeat) await waitForHeartbeats(clients, connections);
      const { rss, heapUsed } = /** @type {NodeJS.MemoryUsage} */ (await server.ask('memory'));
      points.push({ connections, rss, heapUsed });
    }
    return {
      points,
      rssKb: slope(points.map(({ connections, rss }) => ({ x: connections, y: rss }))) / bytesPerKb,
      heapKb: slope(points.map(({ connections, heapUsed }) => ({ x: connections, y: heapUsed }))) / bytesPerKb,
    };
  } finally {
    await Promise.all([clients.stop(), server.stop()]);
  }
}

/**
 * @param {BenchProcess} clients
 * @param {number} connections
 */
async function waitForHeartbeats(clients, connections) {
  const before = await clients.ask('pingsReceived');
  while ((await clients.ask('pingsReceived')) < before + connections) await delay(500);
}
