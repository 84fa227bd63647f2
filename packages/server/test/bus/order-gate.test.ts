import type { Epoch, UserId } from '@longwire/protocol';
import { ManualClock } from '@longwire/test-support/manual-clock';
import { describe, expect, it } from 'vitest';
import { type InFlightAppend, InFlightAppends } from '../../src/bus/in-flight-appends.js';
import { FEED_RETRY_MS, HOLE_WAIT_MS, OrderGate } from '../../src/bus/order-gate.js';
import { directChannel } from '../../src/channel/channel.js';
import { makeEntry } from '../../src/channel/entry.js';
import type { LanePage, LaneRow } from '../../src/channel/lane.js';
import { contentOf } from '../storage/requests.js';

const LANE = 0;
const alice = 'alice' as UserId;
const channel = directChannel(alice, 'bob' as UserId);

function row(seq: number, { stamp = 0, body = '"x"' } = {}): LaneRow {
  const position = { epoch: 'e-1' as Epoch, offset: seq, at: 1, messages: seq };
  const entry = makeEntry(channel, contentOf(alice, body), position);
  return { seq, stamp, channel, entry, change: undefined };
}

const rows = (...seqs: number[]): LaneRow[] => seqs.map((seq) => row(seq));

/** A gate over a log that holds `stored`, with what it did written down. */
class Bench {
  readonly clock = new ManualClock();
  readonly inFlight = new InFlightAppends();
  readonly stored: LaneRow[] = [];
  /** Rows up to this number are in the log, or were removed from it. */
  through = 0;
  isFailing = false;
  readonly reads: number[] = [];
  readonly failures: unknown[] = [];
  readonly applied: number[] = [];
  readonly gate: OrderGate;

  constructor(start = 0) {
    const feed = async (_lane: number, after: number, limit: number): Promise<LanePage> => {
      this.reads.push(after);
      if (this.isFailing) throw new Error('the log cannot be read');
      const found = this.stored.filter(({ seq }) => seq > after).slice(0, limit);
      return { rows: found, through: found.length === limit ? found.at(-1)!.seq : Math.max(this.through, after) };
    };
    const lanes = new Map([[LANE, start]]);
    this.gate = new OrderGate({ feed }, this.inFlight, this.clock, lanes, (error) => this.failures.push(error));
    this.gate.follow({ onRow: ({ seq }) => this.applied.push(seq) });
  }

  store(...added: LaneRow[]): void {
    this.stored.push(...added);
    this.through = added.at(-1)!.seq;
  }
}

function append(settled: unknown[], origin: object | undefined = undefined): InFlightAppend {
  return { origin, echo: false, onStored: ({ seq }) => settled.push(seq) };
}

describe('OrderGate', () => {
  it('applies rows in the order of their numbers, whatever the order of offer, and each of them once', () => {
    const { gate, applied } = new Bench();
    gate.offer(LANE, rows(3, 2));
    expect(applied).toEqual([]);
    gate.offer(LANE, rows(1, 2, 1));
    gate.offer(LANE, rows(2, 4, 3));
    expect(applied).toEqual([1, 2, 3, 4]);
    expect(gate.applied(LANE)).toBe(4);
  });

  it('begins after the numbers that the lanes had at the start', () => {
    const { gate, applied } = new Bench(7);
    gate.offer(LANE, rows(6, 7, 8));
    expect(applied).toEqual([8]);
  });

  it('refuses a lane that the store does not have', () => {
    expect(() => new Bench().gate.offer(1, rows(1))).toThrow(RangeError);
  });

  it('reads from the log what is missing for HOLE_WAIT_MS, and nothing that comes within it', async () => {
    const { gate, applied, clock, reads, ...bench } = new Bench();
    gate.offer(LANE, rows(2));
    await clock.advance(HOLE_WAIT_MS - 1);
    gate.offer(LANE, rows(1, 4));
    await clock.advance(HOLE_WAIT_MS - 1);
    expect(reads).toEqual([]);
    bench.stored.push(...rows(1, 2, 3, 4));
    await clock.advance(HOLE_WAIT_MS);
    expect(reads).toEqual([2]);
    expect(applied).toEqual([1, 2, 3, 4]);
    expect(clock.timers).toBe(0);
  });

  it('reads up to the number given to reached at once', async () => {
    const bench = new Bench();
    bench.store(...rows(...Array.from({ length: 2_500 }, (_, index) => index + 1)));
    bench.gate.reached(LANE, 2_500);
    await bench.clock.advance(0);
    expect(bench.applied).toHaveLength(2_500);
    expect(bench.reads).toEqual([0, 1_000, 2_000]);
    bench.gate.reached(LANE, 2_400);
    await bench.clock.advance(HOLE_WAIT_MS);
    expect(bench.reads).toHaveLength(3);
  });

  it('asks again after HOLE_WAIT_MS while the log is behind the number given to reached', async () => {
    const bench = new Bench();
    bench.gate.reached(LANE, 1);
    await bench.clock.advance(HOLE_WAIT_MS);
    expect(bench.reads).toEqual([0, 0]);
    bench.store(row(1));
    await bench.clock.advance(HOLE_WAIT_MS);
    expect(bench.applied).toEqual([1]);
  });

  it('passes over numbers that the log no longer has', async () => {
    const bench = new Bench();
    bench.store(row(2), row(5));
    bench.through = 6;
    bench.gate.reached(LANE, 6);
    await bench.clock.advance(0);
    expect(bench.applied).toEqual([2, 5]);
    expect(bench.gate.applied(LANE)).toBe(6);
  });

  it('reports a log that cannot be read to onFailure, and reads it again after FEED_RETRY_MS', async () => {
    const bench = new Bench();
    bench.isFailing = true;
    bench.gate.reached(LANE, 1);
    await bench.clock.advance(FEED_RETRY_MS - 1);
    expect(bench.failures).toHaveLength(1);
    bench.store(row(1));
    bench.isFailing = false;
    await bench.clock.advance(1);
    expect(bench.applied).toEqual([1]);
  });

  it('keeps at most 4 MiB of early rows, and reads the others when it is their turn', async () => {
    const bench = new Bench();
    const large = Array.from({ length: 50 }, (_, index) => row(index + 1, { body: 'x'.repeat(65_536) }));
    bench.store(...large);
    bench.gate.offer(LANE, large.slice(1));
    bench.gate.offer(LANE, large.slice(0, 1));
    // 131 272 bytes each: 31 of them were kept.
    expect(bench.gate.applied(LANE)).toBe(32);
    await bench.clock.advance(2 * HOLE_WAIT_MS);
    expect(bench.applied).toHaveLength(50);
    expect(bench.reads).toEqual([32]);
  });

  it('applies rows that a listener offers after the one that it is called with', () => {
    const { gate, applied } = new Bench();
    const order: string[] = [];
    gate.follow({
      onRow: ({ seq }) => {
        order.push(`begin ${seq}`);
        if (seq < 3) gate.offer(LANE, rows(seq + 1));
        order.push(`end ${seq}`);
      },
    });
    gate.offer(LANE, rows(1));
    expect(applied).toEqual([1, 2, 3]);
    expect(order).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2', 'begin 3', 'end 3']);
  });

  it('reads nothing after close, and sets no timer', async () => {
    const bench = new Bench();
    bench.store(...rows(1, 2));
    bench.gate.offer(LANE, rows(2));
    bench.gate.close();
    bench.gate.reached(LANE, 2);
    await bench.clock.advance(HOLE_WAIT_MS);
    expect([bench.reads, bench.clock.timers]).toEqual([[], 0]);
  });
});

describe('OrderGate settles the sender of a row', () => {
  it('in the step in which it is applied, before the next one is, whatever brought it', async () => {
    const bench = new Bench();
    const settledAfter: number[][] = [];
    const note = (): void => void settledAfter.push([...bench.applied]);
    const origin = {};
    const origins: unknown[] = [];
    bench.gate.follow({ onRow: (_row, from, echo) => origins.push([from, echo]) });
    const stamp = bench.inFlight.add([
      { origin, echo: true, onStored: note },
      { origin: undefined, echo: false, onStored: note },
    ]);
    bench.store(row(1, { stamp }), row(2, { stamp: stamp + 1 }), row(3));
    bench.gate.reached(LANE, 3);
    await bench.clock.advance(0);
    expect(settledAfter).toEqual([[1], [1, 2]]);
    expect(origins).toEqual([
      [origin, true],
      [undefined, false],
      [undefined, false],
    ]);
    expect(bench.inFlight.isEmpty).toBe(true);
    bench.gate.offer(LANE, [row(1, { stamp })]);
    expect(settledAfter).toHaveLength(2);
  });

  it('when it was applied without the stamp, as soon as it comes with it', () => {
    const bench = new Bench();
    const settled: unknown[] = [];
    const stamp = bench.inFlight.add([append(settled)]);
    bench.gate.offer(LANE, [row(1)]);
    expect(settled).toEqual([]);
    bench.gate.offer(LANE, [row(1, { stamp })]);
    expect(settled).toEqual([1]);
  });

  it('never by a row that is older than the process', () => {
    const bench = new Bench(1);
    const settled: unknown[] = [];
    const stamp = bench.inFlight.add([append(settled)]);
    bench.gate.offer(LANE, [row(1, { stamp })]);
    expect(settled).toEqual([]);
  });
});

describe('OrderGate.after and whenApplied', () => {
  it('run and resolve once the lane has come so far, in the order of the numbers', async () => {
    const { gate, clock } = new Bench();
    const ran: string[] = [];
    gate.after(LANE, 0, () => ran.push('now'));
    gate.after(LANE, 2, () => ran.push('two'));
    gate.after(LANE, 1, () => ran.push('one'));
    gate.after(LANE, 2, () => ran.push('two again'));
    let isApplied = false;
    void gate.whenApplied(new Map([[LANE, 2]]))?.then(() => {
      isApplied = true;
    });
    gate.follow({ onRow: ({ seq }) => ran.push(`entry ${seq}`) });
    gate.offer(LANE, rows(1, 2));
    expect(ran).toEqual(['now', 'entry 1', 'one', 'entry 2', 'two', 'two again']);
    await clock.advance(0);
    expect(isApplied).toBe(true);
    expect(gate.whenApplied(new Map([[LANE, 2]]))).toBeUndefined();
  });

  it('read from the log what they wait for', async () => {
    const bench = new Bench();
    bench.store(...rows(1, 2));
    const applied = bench.gate.whenApplied(new Map([[LANE, 2]]));
    await bench.clock.advance(HOLE_WAIT_MS);
    await applied;
    expect(bench.applied).toEqual([1, 2]);
  });
});
