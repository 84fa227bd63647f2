// Where entries are found: the newest in memory, the others in the table `place`, and none in neither.

import { MessageChannel } from 'node:worker_threads';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isGap, type LogItem } from '../../../src/channel/log-item.js';
import { chooseDriver } from '../../../src/storage/sqlite/driver/choose-driver.js';
import type { SqliteEngine } from '../../../src/storage/sqlite/engine.js';
import { PlaceRing, RecentPlaces } from '../../../src/storage/sqlite/places/recent-places.js';
import { type PageFrame, pageFrom } from '../../../src/storage/sqlite/reading/page-frames.js';
import { ReaderThread } from '../../../src/storage/sqlite/threads/reader-thread.js';
import type { FromWorker } from '../../../src/storage/sqlite/threads/worker-messages.js';
import { direct, directName, entriesOf, firstOffset, lastOffset, message } from '../requests.js';
import { makeDataFolder, testedDrivers } from './data-folder.js';
import { append, maintain, openEngine, readPage } from './engine-under-test.js';

const BATCH_ROWS = 16;
const PEERS = 5;
const channels = Array.from({ length: PEERS }, (_, peer) => directName('alice', `peer${peer}`));

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ append: fc.array(fc.nat({ max: PEERS - 1 }), { minLength: 1, maxLength: 12 }) }),
  },
  { weight: 5, arbitrary: fc.record({ place: fc.integer({ min: 1, max: 12 }) }) },
  { weight: 1, arbitrary: fc.constant('begin' as const) },
  {
    weight: 2,
    arbitrary: fc.record({ trim: fc.nat({ max: PEERS - 1 }), part: fc.double({ min: 0, max: 1, noNaN: true }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ remove: fc.nat({ max: PEERS - 1 }), part: fc.double({ min: 0, max: 1, noNaN: true }) }),
  },
  { weight: 1, arbitrary: fc.constant('restart' as const) },
);

/** Offsets and bodies of a whole log, read from both ends: of every offset the body, or why it is gone. */
function readBothWays(engine: SqliteEngine, channel: (typeof channels)[number]): unknown[] {
  const forth: unknown[] = [];
  const back: unknown[] = [];
  for (let offset = 0, more = true; more; ) {
    const page = readPage(engine, { channel, direction: 'after', offset, limit: 7, maxBytes: 100_000 });
    forth.push(...contentsOf(page.items));
    offset = lastOffset(page.items);
    more = page.more;
  }
  for (let offset = Number.MAX_SAFE_INTEGER, more = true; more; ) {
    const page = readPage(engine, { channel, direction: 'before', offset, limit: 7, maxBytes: 100_000 });
    back.unshift(...contentsOf(page.items));
    offset = firstOffset(page.items);
    more = page.more;
  }
  expect(back).toEqual(forth);
  return forth;
}

function contentsOf(items: readonly LogItem[]): unknown[] {
  return items.flatMap((item): unknown[] => {
    if (!isGap(item)) return [[item.offset, item.body]];
    return Array.from({ length: item.to - item.from + 1 }, (_, index) => [item.from + index, item.reason]);
  });
}

describe.each(testedDrivers)('the places of entries, through %s,', (driver) => {
  let folder: string;
  let remove: () => Promise<void>;
  let engine: SqliteEngine;
  const open = () => {
    engine = openEngine(folder, driver, 8, undefined, { placeBatchRows: BATCH_ROWS });
  };
  beforeEach(async () => {
    ({ folder, remove } = await makeDataFolder());
    open();
  });
  afterEach(async () => {
    engine.close();
    await remove();
  });

  test('are known after any order of appends, steps of placing, removals and restarts', () => {
    const logs = channels.map((): [number, string][] => []);
    let count = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        for (const next of steps) {
          if (next === 'restart') {
            engine.close();
            open();
          } else if (next === 'begin') {
            engine.beginPlacing(1);
          } else if ('place' in next) {
            if (engine.isPlacingDue) engine.place(next.place, Number.POSITIVE_INFINITY);
          } else if ('trim' in next) {
            const log = logs[next.trim]!;
            const through = Math.floor(next.part * (log.length + 2));
            maintain(engine, { kind: 'trim', channel: channels[next.trim]!, through, after: undefined });
            for (const entry of log.slice(0, through)) entry[1] = 'expired';
          } else if ('remove' in next) {
            const log = logs[next.remove]!;
            const offset = Math.ceil(next.part * log.length);
            maintain(engine, { kind: 'remove', channel: channels[next.remove]!, offsets: [offset], reason: 'removed' });
            if (offset > 0 && log[offset - 1]![1] !== 'expired') log[offset - 1]![1] = 'removed';
          } else {
            const requests = next.append.map((peer) => {
              count += 1;
              logs[peer]!.push([logs[peer]!.length + 1, `${count}`]);
              return message('alice', `peer${peer}`, { body: `${count}` });
            });
            append(engine, ...requests);
          }
        }
        for (const [peer, channel] of channels.entries()) expect(readBothWays(engine, channel)).toEqual(logs[peer]);
      }),
      { numRuns: 40 },
    );
  });
});

// The file of the WebAssembly build is used by one connection at a time.
test.each(testedDrivers.filter((driver) => driver !== 'wasm'))(
  'the places of entries are the same for a thread that reads beside the one that writes (%s)',
  async (driver) => {
    const { folder, remove } = await makeDataFolder();
    const engine = openEngine(folder, driver, 8, undefined, { placeBatchRows: BATCH_ROWS });
    const { port1, port2 } = new MessageChannel();
    new ReaderThread({ folder, open: chooseDriver(driver), ring: engine.placeRing }, port1).start();
    const read = async (offset: number) => {
      const answer = new Promise<FromWorker>((resolve) => port2.once('message', resolve));
      const input = { channel: channels[0]!, direction: 'after', offset, limit: 200, maxBytes: 100_000 } as const;
      port2.postMessage({ type: 'call', id: 1, method: 'pages', input: [input] });
      const message = await answer;
      const call = message.type === 'done' ? message.calls[0] : undefined;
      if (call === undefined || !('output' in call)) throw new Error(JSON.stringify(call));
      return pageFrom((call.output as PageFrame[])[0]!, direct('alice', 'peer0'), engine.era);
    };
    const bodies: string[] = [];
    for (let round = 0; round < 30; round += 1) {
      bodies.push(`${round}`);
      append(engine, message('alice', 'peer0', { body: `${round}` }), message('alice', `peer${1 + (round % 4)}`));
      if (round % 5 === 0) engine.beginPlacing(1);
      if (engine.isPlacingDue) engine.place(7, Number.POSITIVE_INFINITY);
      if (round % 3 === 0) continue;
      const page = await read(0);
      expect(entriesOf(page.items).map(({ body }) => body)).toEqual(bodies);
      expect(page.head).toBe(bodies.length);
    }
    const closed = new Promise((resolve) => port2.once('message', resolve));
    port2.postMessage({ type: 'close' });
    expect(await closed).toEqual({ type: 'closed' });
    engine.close();
    await remove();
  },
);

describe('RecentPlaces', () => {
  test('an entry that is lost keeps the places of those after it, and is not found itself', () => {
    const ring = new PlaceRing();
    const recent = new RecentPlaces(ring, 10);
    for (const [seq, offset] of [
      [11, 4],
      [12, 0],
      [13, 6],
      [14, 7],
    ] as const)
      ring.set(seq, 1, offset);
    recent.catchUp(14);
    expect([3, 4, 5, 6, 7, 8].map((offset) => recent.seqAt(1, offset))).toEqual([
      undefined,
      11,
      undefined,
      13,
      14,
      undefined,
    ]);
    expect(recent.countHoles(() => 2)).toBe(2);
    recent.dropThrough(13);
    expect([recent.firstOffset(1), recent.last(1)]).toEqual([7, { offset: 7, seq: 14 }]);
  });

  test('a reader that missed more than the ring holds begins where the table ends', () => {
    const ring = new PlaceRing();
    const recent = new RecentPlaces(ring, 0);
    ring.set(1, 1, 1);
    ring.publish(1);
    recent.follow(1, 0);
    const newest = 2_000_000;
    for (let seq = newest - 9; seq <= newest; seq += 1) ring.set(seq, 2, seq);
    ring.publish(newest);
    recent.follow(newest, newest - 5);
    expect(recent.last(1)).toBeUndefined();
    expect(recent.firstOffset(2)).toBe(newest - 4);
    expect(recent.last(2)).toEqual({ offset: newest, seq: newest });
  });
});
