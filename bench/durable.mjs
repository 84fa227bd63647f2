// The main job under load: 200 senders to 200 receivers who are online, 4 sends in flight each, every message on disk
// before its `sent`. Nothing is pinned: the server has two busy threads, and with the generator there are three.
import { setTimeout as delay } from 'node:timers/promises';
import { BenchProcess } from './harness/child-process.mjs';
import { probeDisk } from './harness/disk-probe.mjs';
import { makeDataFolder, removeDataFolder, startLongwire } from './harness/longwire-server.mjs';
import { cpuBetween, cpuOfProcess, cpuOfThreads } from './harness/process-cpu.mjs';
import { median, spread } from './harness/statistics.mjs';

const pairs = 200;
const inFlight = 4;
const warmUpMs = 4_000;
/** Commits and their CPU come in waves of seconds: a shorter window would show one of them. */
const shortestWindowMs = 3_000;

/**
 * @param {import('./harness/settings.mjs').Settings} settings
 * @returns {Promise<import('./harness/report.mjs').Result>}
 */
export async function durable({ runs, seconds }) {
  /** @type {Awaited<ReturnType<typeof measure>>[]} */
  const samples = [];
  for (let run = 0; run < runs; run++) samples.push(await measure(Math.max(shortestWindowMs, seconds * 1_000)));
  const of = (/** @type {(sample: (typeof samples)[number]) => number} */ pick) => samples.map(pick);
  const rates = of(({ messagesPerSecond }) => messagesPerSecond);
  const sent99 = of(({ untilSent }) => untilSent.p99Ms);
  const message99 = of(({ untilMessage }) => untilMessage.p99Ms);
  return {
    title: `durable: ${pairs} senders to ${pairs} receivers, ${inFlight} in flight each, 128-byte bodies, ${samples[0]?.storage}, median of ${runs} (not pinned)`,
    rows: [
      row('messages per second', rates),
      row(
        'send → sent, p50 ms',
        of(({ untilSent }) => untilSent.p50Ms),
      ),
      row('send → sent, p99 ms', sent99),
      row(
        'send → message, p50 ms',
        of(({ untilMessage }) => untilMessage.p50Ms),
      ),
      row('send → message, p99 ms', message99),
      row(
        'send → message, max ms',
        of(({ untilMessage }) => untilMessage.maxMs),
      ),
      row(
        'server CPU per message, µs',
        of(({ microsPerMessage }) => microsPerMessage),
      ),
      row(
        '  of it main thread, µs',
        of(({ mainMicros }) => mainMicros),
      ),
      row(
        '  of it storage thread, µs',
        of(({ storageMicros }) => storageMicros),
      ),
      row(
        'generator CPU per message, µs',
        of(({ generatorMicros }) => generatorMicros),
      ),
      row(
        'disk alone, 128 KiB and a sync, p99 ms',
        of(({ disk }) => disk.p99Ms),
      ),
    ],
    targets: [
      { what: 'rate', measured: median(rates), unit: 'messages/s', direction: 'at least', target: 20_000 },
      { what: 'p99 to sent', measured: median(sent99), unit: 'ms', direction: 'at most', target: 50 },
      { what: 'p99 to message', measured: median(message99), unit: 'ms', direction: 'at most', target: 50 },
    ],
    samples,
  };
}

/**
 * @param {string} what
 * @param {readonly number[]} values
 */
function row(what, values) {
  return { what, median: median(values), spread: `±${Math.round(spread(values) * 100)} %` };
}

/** @param {number} windowMs */
async function measure(windowMs) {
  const folder = await makeDataFolder();
  const disk = await probeDisk(folder);
  const server = await startLongwire({ folder });
  const clients = new BenchProcess(new URL('./processes/durable-clients.mjs', import.meta.url), { core: undefined });
  try {
    await clients.ask('open', { port: server.port, count: pairs });
    await clients.ask('start', { inFlight });
    await delay(warmUpMs);
    await clients.ask('beginMeasuring');
    const start = performance.now();
    const before = cpuNow(server.pid, clients.pid);
    await delay(windowMs);
    const measured = await clients.ask('measured');
    const after = cpuNow(server.pid, clients.pid);
    const elapsedMs = performance.now() - start;
    await clients.ask('stopSending');
    while (!(await clients.ask('isIdle'))) await delay(100);
    /** @param {number} cpuMs */
    const micros = (cpuMs) => (cpuMs * 1_000) / measured.stored;
    const threads = [...after.threads].map(([thread, cpu]) => {
      const earlier = before.threads.get(thread);
      return earlier === undefined ? 0 : cpuBetween(earlier, cpu);
    });
    const [main = 0, ...others] = threads;
    return {
      ...measured,
      disk,
      storage: server.storage,
      elapsedMs,
      messagesPerSecond: (measured.stored * 1_000) / elapsedMs,
      microsPerMessage: micros(cpuBetween(before.server, after.server)),
      mainMicros: micros(main),
      // The busiest beside the main one; the rest is garbage collection and compiling.
      storageMicros: micros(Math.max(0, ...others)),
      threadsMs: threads,
      generatorMicros: micros(cpuBetween(before.generator, after.generator)),
    };
  } finally {
    await clients.stop();
    await server.stop();
    await removeDataFolder(folder);
  }
}

/**
 * @param {number} server
 * @param {number} generator
 */
function cpuNow(server, generator) {
  return { server: cpuOfProcess(server), threads: cpuOfThreads(server), generator: cpuOfProcess(generator) };
}
