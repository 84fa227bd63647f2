// All outboxes together are bounded: each may hold what the others have left, and when they hold too much all the same, the
// largest are given up.

/** How often the bytes are counted anew while nothing is queued. */
export const COUNT_INTERVAL_MS = 200;
/**
 * So much is given out to those that ask for room. The rest is for what is queued without asking: answers, and what an empty
 * outbox takes.
 */
const SHARED_SHARE = 3 / 4;
/** What may be queued between two counts, as a share of all that is allowed. */
const UNCOUNTED_SHARE = 1 / 16;
/** Giving up outboxes goes on until so much is left: the next one to fill up must not be the next to go. */
const RELIEVED_SHARE = 7 / 8;

/** What the budget knows of an outbox. */
export interface CountedOutbox {
  readonly bufferedBytes: number;
  /** Kept by the budget: whether it counts this outbox. */
  isCounted: boolean;
  /**
   * All outboxes together hold more than they may, and this is one of the largest: it has to go. Called again if it still
   * holds much. True the first time.
   */
  giveUp(): boolean;
}

export class OutboxBudget {
  readonly #maxBytes: number;
  /** Outboxes that held something at the last count, or have queued something since. */
  #holding: CountedOutbox[] = [];
  #countedBytes = 0;
  /** Queued since the last count. What was written since is not known: together they are at least what is held. */
  #queuedBytes = 0;
  #givenUp = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** What outboxes that are not empty may still take, all together. */
  get freeBytes(): number {
    return Math.max(0, this.#maxBytes * SHARED_SHARE - this.#countedBytes - this.#queuedBytes);
  }

  /** What all outboxes held at the last count. */
  get countedBytes(): number {
    return this.#countedBytes;
  }

  /** Outboxes given up so far. */
  get givenUp(): number {
    return this.#givenUp;
  }

  /** The outbox has queued so many bytes, or will queue what is noted by `noteShared`. */
  note(outbox: CountedOutbox, bytes: number): void {
    if (!outbox.isCounted) {
      outbox.isCounted = true;
      this.#holding.push(outbox);
    }
    this.noteShared(bytes);
  }

  /** Several outboxes have queued so many bytes, all of them together. */
  noteShared(bytes: number): void {
    this.#queuedBytes += bytes;
    if (this.#queuedBytes > this.#maxBytes * UNCOUNTED_SHARE) this.count();
  }

  /** Counts what all outboxes hold, which costs as much as there are that hold something, and gives up what is too much. */
  count(): void {
    let bytes = 0;
    let kept = 0;
    for (const outbox of this.#holding) {
      const buffered = outbox.bufferedBytes;
      bytes += buffered;
      outbox.isCounted = buffered > 0;
      if (outbox.isCounted) this.#holding[kept++] = outbox;
    }
    this.#holding.length = kept;
    this.#countedBytes = bytes;
    this.#queuedBytes = 0;
    if (bytes > this.#maxBytes) this.#relieve();
  }

  #relieve(): void {
    const largestFirst = this.#holding
      .map((outbox) => ({ outbox, bytes: outbox.bufferedBytes }))
      .sort((one, other) => other.bytes - one.bytes);
    for (const { outbox, bytes } of largestFirst) {
      if (this.#countedBytes <= this.#maxBytes * RELIEVED_SHARE) return;
      this.#countedBytes -= bytes;
      if (outbox.giveUp()) this.#givenUp += 1;
    }
  }
}
