// What was sent in one turn of the event loop goes to the log as one batch, and comes back through the order gate.

import type { Bus } from '../bus/bus.js';
import type { EntryOrigin, InFlightAppend, InFlightAppends } from '../bus/in-flight-appends.js';
import type { OrderGate } from '../bus/order-gate.js';
import { type Entry, type EntryContent, makeEntry, retainedBytes } from '../channel/entry.js';
import type { Lane, LaneRow } from '../channel/lane.js';
import { ServerError } from '../errors.js';
import type { Clock } from '../runtime/clock.js';
import { MAX_BATCH_ENTRIES } from '../storage/append-check.js';
import type { AppendRequest, AppendResult, MessageLog } from '../storage/message-log.js';
import type { QuotaRefusal } from '../storage/quotas.js';

/**
 * How an append ended. `unknown`: perhaps it is stored. `failed`: nothing is known to be stored; the error's code says
 * whether to repeat it.
 */
export type SettledAppend =
  | (Pick<Entry, 'epoch' | 'offset' | 'at'> & { readonly outcome: 'stored' | 'repeated' })
  | { readonly outcome: 'controlled' | 'refused' | 'unknown-user' | 'unsearched' | 'unknown' }
  | { readonly outcome: 'stale'; readonly rightsVersion: number }
  | ({ readonly outcome: 'quota' } & QuotaRefusal)
  | { readonly outcome: 'failed'; readonly error: ServerError };

export interface PendingAppend {
  readonly request: AppendRequest;
  readonly origin: EntryOrigin | undefined;
  readonly echo: boolean;
  /**
   * Called once, in the same synchronous step in which the entry was fanned out, before the next entry is: what is
   * queued from here stands in the place of the entry. Without an entry, everything that was committed before the append
   * was judged has been fanned out.
   */
  readonly onSettled: (settled: SettledAppend) => void;
}

/** What the queue needs of its surroundings. */
export interface AppendQueueParts {
  readonly log: Pick<MessageLog, 'append'>;
  readonly bus: Bus;
  readonly gate: OrderGate;
  readonly inFlight: InFlightAppends;
  readonly clock: Clock;
}

/** A batch whose outcome is unknown is given to the log again for so long. */
export const REPEAT_FOR_MS = 10_000;
const FIRST_REPEAT_MS = 50;
const MAX_REPEAT_MS = 1_000;

interface Batch {
  readonly appends: readonly QueuedAppend[];
  readonly requests: readonly AppendRequest[];
  readonly stamp: number;
  readonly givenAtMs: number;
  tries: number;
}

/** Waits for the appends up to a number. */
interface Barrier {
  readonly through: number;
  left: number;
  readonly run: () => void;
}

export class AppendQueue {
  readonly #parts: AppendQueueParts;
  readonly #maxWaitingBytes: number;
  readonly #onFailure: (error: unknown) => void;
  #gathered: QueuedAppend[] = [];
  #waitingBytes = 0;
  /** Appends that are counted and come later. */
  #reserved = 0;
  #isFlushScheduled = false;
  /** Batches of which the outcome is unknown, in the order in which they were given. Nothing new is given meanwhile. */
  readonly #toRepeat: Batch[] = [];
  /** How far the log has answered: what has no number of its own is settled after that. */
  #answeredLane: Lane | undefined;
  #answeredSeq = 0;
  #whenIdle: (() => void)[] = [];
  #added = 0;
  #settled = 0;
  #barriers: Barrier[] = [];

  /**
   * @param maxWaitingBytes appends that wait for the disk; beyond it none is taken
   * @param onFailure called for every batch that failed, with the log's error
   */
  constructor(parts: AppendQueueParts, maxWaitingBytes: number, onFailure: (error: unknown) => void) {
    this.#parts = parts;
    this.#maxWaitingBytes = maxWaitingBytes;
    this.#onFailure = onFailure;
  }

  /** Takes a place in the queue, or returns false if too much waits for the disk already. */
  add(pending: PendingAppend): boolean {
    if (!this.#count(pending.request.content)) return false;
    this.#added += 1;
    this.#gathered.push(new QueuedAppend(pending, this.#added, this.#onSettled));
    this.#scheduleFlush();
    return true;
  }

  /** Counts what comes to the queue later, until `release`. False: too much waits already. */
  reserve(content: EntryContent): boolean {
    if (!this.#count(content)) return false;
    this.#reserved += 1;
    return true;
  }

  /** The append is added in this turn, or it was given up. */
  release(content: EntryContent): void {
    this.#waitingBytes -= retainedBytes(content);
    this.#reserved -= 1;
    queueMicrotask(this.#resolveIdle);
  }

  #count(content: EntryContent | undefined): boolean {
    const bytes = waitingBytesOf(content);
    if (this.#waitingBytes + bytes > this.#maxWaitingBytes) return false;
    this.#waitingBytes += bytes;
    return true;
  }

  /** Runs `run` when everything that is in the queue now is settled: at once if nothing is, else right after the last one. */
  afterSettled(run: () => void): void {
    const left = this.#added - this.#settled;
    if (left === 0) run();
    else this.#barriers.push({ through: this.#added, left, run });
  }

  /** Resolves when nothing waits and nothing is in flight. */
  idle(): Promise<void> {
    if (this.#isIdle) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  get #isIdle(): boolean {
    return this.#gathered.length === 0 && this.#reserved === 0 && this.#parts.inFlight.isEmpty;
  }

  #scheduleFlush(): void {
    if (this.#isFlushScheduled || this.#toRepeat.length > 0) return;
    this.#isFlushScheduled = true;
    // After the sockets of this turn were read: what they sent becomes one batch.
    setImmediate(this.#flush);
  }

  readonly #flush = (): void => {
    this.#isFlushScheduled = false;
    if (this.#toRepeat.length > 0) return;
    const gathered = this.#gathered;
    this.#gathered = [];
    for (let start = 0; start < gathered.length; start += MAX_BATCH_ENTRIES) {
      const isWhole = start === 0 && gathered.length <= MAX_BATCH_ENTRIES;
      this.#give(isWhole ? gathered : gathered.slice(start, start + MAX_BATCH_ENTRIES));
    }
  };

  #give(appends: readonly QueuedAppend[]): void {
    this.#try({
      appends,
      requests: appends.map(({ request }) => request),
      stamp: this.#parts.inFlight.add(appends),
      givenAtMs: this.#parts.clock.monotonicMs(),
      tries: 0,
    });
  }

  #try(batch: Batch): void {
    batch.tries += 1;
    this.#parts.log.append(batch.requests, { stamp: batch.stamp, isSecondTry: batch.tries > 1 }).then(
      (outcome) => {
        if (outcome.outcome === 'unknown') {
          this.#onUnknown(batch);
          return;
        }
        this.#onAnswer(batch, outcome.lane, outcome.results);
        this.#onRepeated(batch);
      },
      (error) => {
        this.#onFailure(error);
        const failure =
          error instanceof ServerError ? error : new ServerError('fatal', 'the append failed', { cause: error });
        this.#settleAll(batch, { outcome: 'failed', error: failure });
        this.#onRepeated(batch);
      },
    );
  }

  #onAnswer(batch: Batch, lane: Lane, results: readonly AppendResult[]): void {
    let rows: LaneRow[] = [];
    for (const [index, result] of results.entries()) {
      const { request } = batch.appends[index]!;
      this.#answeredLane = lane;
      this.#answeredSeq = result.seq;
      if (result.outcome === 'stored' || result.outcome === 'controlled') {
        rows.push(rowOf(request, result, batch.stamp + index));
        continue;
      }
      if (rows.length > 0) this.#parts.bus.commit(lane, rows);
      rows = [];
      this.#settleInPlace(batch, index, settledFrom(request, result));
    }
    if (rows.length > 0) this.#parts.bus.commit(lane, rows);
  }

  #settleAll(batch: Batch, settled: SettledAppend): void {
    for (let index = 0; index < batch.appends.length; index += 1) this.#settleInPlace(batch, index, settled);
  }

  /** After what the log answered before it, so that the answers of a channel keep their order. */
  #settleInPlace(batch: Batch, index: number, settled: SettledAppend): void {
    const settle = (): void => {
      // Otherwise its row was applied, which settled it.
      if (this.#parts.inFlight.take(batch.stamp + index) !== undefined) batch.appends[index]!.settle(settled);
    };
    if (this.#answeredLane === undefined) settle();
    else this.#parts.gate.after(this.#answeredLane, this.#answeredSeq, settle);
  }

  #onUnknown(batch: Batch): void {
    const { clock } = this.#parts;
    const isFirst = this.#toRepeat[0] === undefined || this.#toRepeat[0] === batch;
    if (clock.monotonicMs() - batch.givenAtMs >= REPEAT_FOR_MS) {
      this.#settleAll(batch, { outcome: 'unknown' });
      this.#onRepeated(batch);
      return;
    }
    if (!this.#toRepeat.includes(batch)) this.#toRepeat.push(batch);
    if (isFirst) this.#repeatLater(batch);
  }

  #repeatLater(batch: Batch): void {
    const delayMs = Math.min(FIRST_REPEAT_MS * 2 ** (batch.tries - 1), MAX_REPEAT_MS);
    this.#parts.clock.setTimer(delayMs, () => this.#repeat(batch));
  }

  #repeat(batch: Batch): void {
    // The gate may have applied all of its rows meanwhile: then there is nothing left to ask.
    if (this.#parts.inFlight.waits(batch.stamp)) this.#try(batch);
    else this.#onRepeated(batch);
  }

  /** One after the other: what is given again keeps its order. */
  #onRepeated(batch: Batch): void {
    if (this.#toRepeat[0] !== batch) return;
    this.#toRepeat.shift();
    const next = this.#toRepeat[0];
    if (next !== undefined) this.#repeat(next);
    else if (this.#gathered.length > 0) this.#scheduleFlush();
  }

  readonly #onSettled = ({ request, number }: QueuedAppend): void => {
    this.#waitingBytes -= waitingBytesOf(request.content);
    this.#settled += 1;
    if (this.#barriers.length > 0) this.#passBarriers(number);
    this.#resolveIdle();
  };

  #passBarriers(number: number): void {
    const passed: Barrier[] = [];
    for (const barrier of this.#barriers) {
      if (number <= barrier.through) barrier.left -= 1;
      if (barrier.left === 0) passed.push(barrier);
    }
    if (passed.length === 0) return;
    this.#barriers = this.#barriers.filter(({ left }) => left > 0);
    for (const { run } of passed) run();
  }

  readonly #resolveIdle = (): void => {
    if (this.#whenIdle.length === 0 || !this.#isIdle) return;
    const waiting = this.#whenIdle;
    this.#whenIdle = [];
    for (const resolve of waiting) resolve();
  };
}

/** An append with its place in the queue. */
class QueuedAppend implements InFlightAppend {
  readonly #pending: PendingAppend;
  /** In the order of the queue. */
  readonly number: number;
  readonly #onSettled: (append: QueuedAppend) => void;

  constructor(pending: PendingAppend, number: number, onSettled: (append: QueuedAppend) => void) {
    this.#pending = pending;
    this.number = number;
    this.#onSettled = onSettled;
  }

  get request(): AppendRequest {
    return this.#pending.request;
  }

  get origin(): EntryOrigin | undefined {
    return this.#pending.origin;
  }

  get echo(): boolean {
    return this.#pending.echo;
  }

  onStored({ entry }: LaneRow): void {
    if (entry === undefined) this.settle(CONTROLLED);
    else this.settle({ outcome: 'stored', epoch: entry.epoch, offset: entry.offset, at: entry.at });
  }

  settle(settled: SettledAppend): void {
    this.#pending.onSettled(settled);
    this.#onSettled(this);
  }
}

const CONTROLLED: SettledAppend = Object.freeze({ outcome: 'controlled' });

type StoredResult = Extract<AppendResult, { outcome: 'stored' | 'controlled' }>;

function rowOf({ channel, content }: AppendRequest, result: StoredResult, stamp: number): LaneRow {
  const isEntry = result.outcome === 'stored' && content !== undefined;
  const entry = isEntry ? makeEntry(channel, content, result) : undefined;
  return { seq: result.seq, stamp, channel, entry, change: result.change };
}

/** A row without an entry is small, and rare. */
function waitingBytesOf(content: EntryContent | undefined): number {
  return content === undefined ? 0 : retainedBytes(content);
}

function settledFrom({ channel }: AppendRequest, result: Exclude<AppendResult, StoredResult>): SettledAppend {
  switch (result.outcome) {
    case 'repeated':
      return { outcome: 'repeated', epoch: result.epoch, offset: result.offset, at: result.at };
    case 'refused':
    case 'unknown-user':
    case 'unsearched':
      return { outcome: result.outcome };
    case 'stale':
      return { outcome: 'stale', rightsVersion: result.rightsVersion };
    case 'quota':
      return { outcome: 'quota', quota: result.quota, afterMs: result.afterMs };
    case 'damaged': {
      // The place is in the server's log already, through `Store.onDamage`.
      const error = new ServerError('corrupt', `${channel.key} is damaged where it would have to be read`);
      return { outcome: 'failed', error };
    }
  }
}
