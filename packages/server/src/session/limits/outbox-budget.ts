// All outboxes together are bounded: each may hold what the others leave. If they hold too much at two counts in succession, the
// largest are given up.

import type { FailureLog } from '../../runtime/failure-log.js';

/** How often `count` is called. */
export const COUNT_INTERVAL_MS = 200;
/**
 * So much is given out to those that ask for room. The rest is for what is queued without asking: answers, and what an empty
 * outbox takes.
 */
const SHARED_SHARE = 3 / 4;
/** What may be queued before the bytes are summed up anew, as a share of all that is allowed. */
const UNSUMMED_SHARE = 1 / 16;
/** Giving up outboxes goes on until so much is left: the next one to fill up must not be the next to go. */
const RELIEVED_SHARE = 7 / 8;
/** `heldBytes` of an outbox that is empty. */
export const NOT_HOLDING = -1;

/** What the budget knows of an outbox. */
export interface CountedOutbox {
  readonly bufferedBytes: number;
  /** Kept by the budget: what it held at the last count; `NOT_HOLDING` at first, and while it is not counted. */
  heldBytes: number;
  /** All outboxes together hold more than they may, and this is one of the largest: it has to go. It is not counted any more. */
  giveUp(): void;
}

export class OutboxBudget {
  readonly #maxBytes: number;
  /** Outboxes that held something when their bytes were summed up last, or have queued something since. */
  #holding: CountedOutbox[] = [];
  #summedBytes = 0;
  /** Queued since then. What was written since is not known: together they are at least what is held. */
  #queuedBytes = 0;
  #givenUp = 0;
  #takenGivenUp = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** What outboxes that are not empty may still take, all together. */
  get freeBytes(): number {
    return Math.max(0, this.#maxBytes * SHARED_SHARE - this.#summedBytes - this.#queuedBytes);
  }

  /** Outboxes given up so far. */
  get givenUp(): number {
    return this.#givenUp;
  }

  /** Outboxes given up since this was last called. */
  takeGivenUp(): number {
    const given = this.#givenUp - this.#takenGivenUp;
    this.#takenGivenUp = this.#givenUp;
    return given;
  }

  /** The outbox has queued so many bytes, or will queue what is noted by `noteShared`. */
  note(outbox: CountedOutbox, bytes: number): void {
    if (outbox.heldBytes === NOT_HOLDING) {
      outbox.heldBytes = 0;
      this.#holding.push(outbox);
    }
    this.noteShared(bytes);
  }

  /** Several outboxes have queued so many bytes, all of them together. */
  noteShared(bytes: number): void {
    this.#queuedBytes += bytes;
    if (this.#queuedBytes > this.#maxBytes * UNSUMMED_SHARE) this.#sumUp();
  }

  /**
   * Called every `COUNT_INTERVAL_MS`. Gives up outboxes if what they held at the last call, and hold still, is too much: what
   * was queued a moment ago, perhaps for thousands at once, is still to be written.
   */
  count(): void {
    this.#sumUp();
    let standingBytes = 0;
    const standing = this.#holding.map((outbox) => {
      const buffered = outbox.bufferedBytes;
      const bytes = Math.min(buffered, outbox.heldBytes);
      outbox.heldBytes = buffered;
      standingBytes += bytes;
      return { outbox, bytes };
    });
    if (standingBytes <= this.#maxBytes) return;
    standing.sort((one, other) => other.bytes - one.bytes);
    const givenUp = new Set<CountedOutbox>();
    for (const { outbox, bytes } of standing) {
      if (standingBytes <= this.#maxBytes * RELIEVED_SHARE) break;
      standingBytes -= bytes;
      givenUp.add(outbox);
    }
    this.#giveUp(givenUp);
  }

  /** Costs as much as there are outboxes that hold something. */
  #sumUp(): void {
    let bytes = 0;
    let kept = 0;
    for (const outbox of this.#holding) {
      const buffered = outbox.bufferedBytes;
      bytes += buffered;
      if (buffered === 0) outbox.heldBytes = NOT_HOLDING;
      else this.#holding[kept++] = outbox;
    }
    this.#holding.length = kept;
    this.#summedBytes = bytes;
    this.#queuedBytes = 0;
  }

  #giveUp(outboxes: ReadonlySet<CountedOutbox>): void {
    this.#givenUp += outboxes.size;
    // What is left of them, a write in progress, goes with the connection. Counted, it would be at the expense of the others.
    this.#holding = this.#holding.filter((outbox) => !outboxes.has(outbox));
    for (const outbox of outboxes) outbox.giveUp();
    this.#sumUp();
  }
}

/** What was given up since the last count, when outboxes queued too much in between, is reported as well. */
export function countOutboxes(outboxes: OutboxBudget, failures: FailureLog): void {
  outboxes.count();
  const closed = outboxes.takeGivenUp();
  if (closed === 0) return;
  const message =
    'Sessions with the most unsent output were closed with 4004: all together had limits.allOutboxesBytes';
  failures.report(message, undefined, { closed });
}
