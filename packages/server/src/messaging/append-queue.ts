// What was sent in one turn of the event loop goes to the log as one batch, and comes back in the order of the offsets.

import type { Bus, EntryOrigin } from '../bus/bus.js';
import { type EntryContent, makeEntry, retainedBytes } from '../channel/entry.js';
import { ServerError } from '../errors.js';
import { MAX_BATCH_ENTRIES } from '../storage/append-check.js';
import type { AppendRequest, AppendResult, MessageLog } from '../storage/message-log.js';

/** How one append ended. `failed`: nothing is known to be stored; the code says whether to repeat it. */
export type AppendOutcome =
  | Exclude<AppendResult, { outcome: 'damaged' }>
  | { readonly outcome: 'failed'; readonly error: ServerError };

export interface PendingAppend {
  readonly request: AppendRequest;
  readonly origin: EntryOrigin | undefined;
  readonly echo: boolean;
  /**
   * Called once, in the same synchronous step in which the entry was fanned out, before the next entry is: what is
   * queued from here stands in the place of the entry.
   */
  readonly onSettled: (outcome: AppendOutcome) => void;
}

export class AppendQueue {
  readonly #log: MessageLog;
  readonly #bus: Bus;
  readonly #maxWaitingBytes: number;
  readonly #onFailure: (error: unknown) => void;
  #gathered: PendingAppend[] = [];
  #waitingBytes = 0;
  #batchesInFlight = 0;
  #isFlushScheduled = false;
  #whenIdle: (() => void)[] = [];

  /**
   * @param maxWaitingBytes appends that wait for the disk; beyond it none is taken
   * @param onFailure called for every batch that failed, with the log's error
   */
  constructor(log: MessageLog, bus: Bus, maxWaitingBytes: number, onFailure: (error: unknown) => void) {
    this.#log = log;
    this.#bus = bus;
    this.#maxWaitingBytes = maxWaitingBytes;
    this.#onFailure = onFailure;
  }

  /** Takes a place in the queue, or returns false if too much waits for the disk already. */
  add(append: PendingAppend): boolean {
    if (!this.reserve(append.request.content)) return false;
    this.#gathered.push(append);
    if (!this.#isFlushScheduled) {
      this.#isFlushScheduled = true;
      // After the sockets of this turn were read: what they sent becomes one batch.
      setImmediate(this.#flush);
    }
    return true;
  }

  /** Counts what comes to the queue later. False: too much waits already. */
  reserve(content: EntryContent): boolean {
    const bytes = retainedBytes(content);
    if (this.#waitingBytes + bytes > this.#maxWaitingBytes) return false;
    this.#waitingBytes += bytes;
    return true;
  }

  release(content: EntryContent): void {
    this.#waitingBytes -= retainedBytes(content);
  }

  /** Resolves when nothing waits and nothing is in flight. */
  idle(): Promise<void> {
    if (this.#gathered.length === 0 && this.#batchesInFlight === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  readonly #flush = (): void => {
    this.#isFlushScheduled = false;
    const gathered = this.#gathered;
    this.#gathered = [];
    for (let start = 0; start < gathered.length; start += MAX_BATCH_ENTRIES) {
      const isWhole = start === 0 && gathered.length <= MAX_BATCH_ENTRIES;
      this.#append(isWhole ? gathered : gathered.slice(start, start + MAX_BATCH_ENTRIES));
    }
  };

  #append(batch: readonly PendingAppend[]): void {
    this.#batchesInFlight += 1;
    this.#log.append(batch.map((append) => append.request)).then(
      (results) => {
        batch.forEach((append, index) => {
          this.#settleResult(append, results[index]!);
        });
        this.#batchDone();
      },
      (error) => {
        this.#onFailure(error);
        const failure =
          error instanceof ServerError ? error : new ServerError('fatal', 'the append failed', { cause: error });
        for (const append of batch) this.#settle(append, { outcome: 'failed', error: failure });
        this.#batchDone();
      },
    );
  }

  #settleResult(append: PendingAppend, result: AppendResult): void {
    if (result.outcome !== 'damaged') {
      this.#settle(append, result);
      return;
    }
    // The place is in the server's log already, through `Store.onDamage`.
    const error = new ServerError('corrupt', `${append.request.channel.key} is damaged where it would have to be read`);
    this.#settle(append, { outcome: 'failed', error });
  }

  #settle(append: PendingAppend, outcome: AppendOutcome): void {
    this.release(append.request.content);
    if (outcome.outcome === 'stored') {
      const { request, origin, echo } = append;
      this.#bus.publish({ entry: makeEntry(request.channel, request.content, outcome), origin, echo });
    }
    append.onSettled(outcome);
  }

  #batchDone(): void {
    this.#batchesInFlight -= 1;
    if (this.#batchesInFlight > 0 || this.#gathered.length > 0) return;
    const waiting = this.#whenIdle;
    this.#whenIdle = [];
    for (const resolve of waiting) resolve();
  }
}
