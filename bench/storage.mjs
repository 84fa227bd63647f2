// Storage alone: append rate, commit latency, start, cold pages. Build first (`npm run build`).
//   node bench/storage.mjs [--driver wasm|node:sqlite] [--entries N] [--channels N] [--batch N] [--in-flight N]
//                          [--body BYTES] [--folder PATH] [--keep]
// Prints one JSON object per phase. Entries are spread over the channels at random, as many strangers' messages are.

import { randomBytes, randomInt } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { directChannel } from '../packages/server/dist/channel/channel.js';
import { openSqliteStore } from '../packages/server/dist/storage/sqlite/sqlite-store.js';

const { values: options } = parseArgs({
  options: {
    driver: { type: 'string', default: 'auto' },
    entries: { type: 'string', default: '200000' },
    channels: { type: 'string', default: '1000' },
    batch: { type: 'string', default: '100' },
    'in-flight': { type: 'string', default: '4' },
    body: { type: 'string', default: '128' },
    folder: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
const entries = Number(options.entries);
const channels = Number(options.channels);
const batch = Number(options.batch);
const inFlight = Number(options['in-flight']);
const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'longwire-bench-'));
const body = JSON.stringify({ text: 'x'.repeat(Math.max(Number(options.body) - 11, 1)) });

const print = (phase, figures) => process.stdout.write(`${JSON.stringify({ phase, ...figures })}\n`);
const percentile = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
const round = (value, digits = 1) => Number(value.toFixed(digits));

function summarize(samplesMs) {
  const sorted = Float64Array.from(samplesMs).sort();
  return {
    p50Ms: round(percentile(sorted, 0.5), 2),
    p99Ms: round(percentile(sorted, 0.99), 2),
    maxMs: round(sorted.at(-1) ?? 0, 2),
  };
}

const channelNumber = (number) =>
  directChannel(`user-${(number * 7) % channels}`, `user-${(number * 13 + 1) % channels}`);

const FIRST_TRY = { stamp: 0, isSecondTry: false };
let keys = 0;
const keyPrefix = randomBytes(9).toString('base64url');

function request(number) {
  const channel = channelNumber(number);
  keys += 1;
  return {
    channel,
    content: {
      kind: 'message',
      from: keys % 2 === 0 ? channel.low : channel.high,
      body,
      bodyFormat: 'json',
      key: `${keyPrefix}-${keys.toString(36)}-0123456789`,
    },
    at: Date.now(),
    guard: { rightsVersion: 0, isRefused: false },
    mustExist: [],
  };
}

/** `inFlight` batches are always under way; a report every tenth of the work shows how the rate falls. */
async function fill(store, count) {
  let given = 0;
  let done = 0;
  let samples = [];
  let slice = performance.now();
  let cpu = process.cpuUsage();
  const reportEvery = Math.max(Math.floor(count / 10), batch);
  let nextReport = reportEvery;
  const lane = async () => {
    while (given < count) {
      const size = Math.min(batch, count - given);
      given += size;
      const requests = Array.from({ length: size }, () => request(randomInt(channels)));
      const start = performance.now();
      await store.log.append(requests, FIRST_TRY);
      samples.push(performance.now() - start);
      done += size;
      if (done < nextReport) continue;
      nextReport += reportEvery;
      const now = performance.now();
      const used = process.cpuUsage(cpu);
      print('append', {
        entries: done,
        perSecond: Math.round((reportEvery * 1000) / (now - slice)),
        cpuUsPerEntry: round((used.user + used.system) / reportEvery, 2),
        ...summarize(samples),
      });
      samples = [];
      slice = now;
      cpu = process.cpuUsage();
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
}

async function pages(store, count, phase) {
  const samples = [];
  let read = 0;
  for (let index = 0; index < count; index += 1) {
    const start = performance.now();
    const page = await store.log.page({
      channel: channelNumber(randomInt(channels)),
      direction: 'before',
      offset: Number.MAX_SAFE_INTEGER,
      limit: 50,
      maxBytes: 262_144,
    });
    samples.push(performance.now() - start);
    read += page.items.length;
  }
  print(phase, { pages: count, entriesPerPage: round(read / count), ...summarize(samples) });
}

async function timedOpen(phase) {
  const start = performance.now();
  const store = await openSqliteStore({ folder, driver: options.driver });
  print(phase, { openMs: round(performance.now() - start) });
  return store;
}

let store = await timedOpen('create');
print('engine', {
  description: store.description,
  node: process.version,
  entries,
  channels,
  batch,
  inFlight,
  bodyBytes: body.length,
});
const begin = performance.now();
await fill(store, entries);
print('filled', {
  seconds: round((performance.now() - begin) / 1000),
  perSecond: Math.round((entries * 1000) / (performance.now() - begin)),
});

const closing = performance.now();
await store.close();
const bytes = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
print('closed', {
  closeMs: round(performance.now() - closing),
  megabytes: round(bytes / 1e6),
  bytesPerEntry: round(bytes / entries),
});

store = await timedOpen('open');
await pages(store, Math.min(1_000, channels), 'cold pages');
await pages(store, Math.min(1_000, channels), 'pages');

// One channel with a long log, read from the start: what a device sees that was away for long.
const busy = directChannel('away', 'busy');
const away = Array.from({ length: 100 }, () =>
  Array.from({ length: 1_000 }, () => {
    const { content, ...rest } = request(0);
    return { ...rest, channel: busy, content: { ...content, from: 'busy' } };
  }),
);
for (const requests of away) await store.log.append(requests, FIRST_TRY);
const catchUp = performance.now();
let offset = 0;
for (;;) {
  const page = await store.log.page({
    channel: busy,
    direction: 'after',
    offset,
    limit: 200,
    maxBytes: 262_144,
  });
  offset = page.items.at(-1)?.offset ?? offset;
  if (!page.more) break;
}
print('catch-up', { entries: offset, seconds: round((performance.now() - catchUp) / 1000, 2) });

// History beside writes.
const writing = fill(store, Math.min(50_000, entries));
await pages(store, 300, 'pages beside writes');
await writing;

await store.close();
if (!options.keep) rmSync(folder, { recursive: true, force: true });
