// How much of each kind one user may ask for in a second, over all of their sessions.

import type { ServerLimits } from '../../config/server-config.js';
import { type Rate, TokenBucket } from '../../runtime/token-bucket.js';

/** The limits that rates are made of. */
export type RateLimits = Pick<
  ServerLimits,
  | 'sendsPerSecond'
  | 'sendBurst'
  | 'bodyBytesPerSecond'
  | 'bodyBytesBurst'
  | 'pagesPerSecond'
  | 'acksPerSecond'
  | 'signalsPerSecond'
  | 'blocksPerSecond'
  | 'searchesPerSecond'
  | 'commandsPerSecond'
>;

/** Seconds of a rate that may be used at once, where the burst is no limit of its own. */
const COMMAND_BURST_S = 2;
const PAGE_BURST_S = 2;
const ACK_BURST_S = 5;
const SIGNAL_BURST_S = 2;
const BLOCK_BURST_S = 10;
const SEARCH_BURST_S = 2;
/** An `ack` counts once for each of so many bytes: one may carry five hundred positions, and each is looked up. */
const ACK_UNIT_BYTES = 2_048;

/** What costs the server something of its own beside being a command. */
export type RatedKind = 'send' | 'page' | 'ack' | 'signal' | 'block' | 'search';

/** A command that comes too soon. */
export interface RateRefusal {
  /** After which it may come again. */
  readonly afterMs: number;
  readonly limit: RateLimitName;
}

export type RateLimitName =
  | 'limits.commandsPerSecond'
  | 'limits.bodyBytesPerSecond'
  | 'limits.sendsPerSecond'
  | 'limits.pagesPerSecond'
  | 'limits.acksPerSecond'
  | 'limits.signalsPerSecond'
  | 'limits.blocksPerSecond'
  | 'limits.searchesPerSecond';

const limitOfKind = {
  send: 'limits.sendsPerSecond',
  page: 'limits.pagesPerSecond',
  ack: 'limits.acksPerSecond',
  signal: 'limits.signalsPerSecond',
  block: 'limits.blocksPerSecond',
  search: 'limits.searchesPerSecond',
} as const satisfies Record<RatedKind, RateLimitName>;

/** The rates of every user: made once, shared by all their buckets. */
export interface RateTable extends Readonly<Record<RatedKind, Rate>> {
  readonly command: Rate;
  readonly bytes: Rate;
}

export function rateTable(limits: RateLimits): RateTable {
  const { commandsPerSecond, pagesPerSecond, acksPerSecond, signalsPerSecond, blocksPerSecond } = limits;
  return Object.freeze({
    command: { perSecond: commandsPerSecond, burst: COMMAND_BURST_S * commandsPerSecond },
    bytes: { perSecond: limits.bodyBytesPerSecond, burst: limits.bodyBytesBurst },
    send: { perSecond: limits.sendsPerSecond, burst: limits.sendBurst },
    page: { perSecond: pagesPerSecond, burst: PAGE_BURST_S * pagesPerSecond },
    ack: { perSecond: acksPerSecond, burst: ACK_BURST_S * acksPerSecond },
    signal: { perSecond: signalsPerSecond, burst: SIGNAL_BURST_S * signalsPerSecond },
    block: { perSecond: blocksPerSecond, burst: BLOCK_BURST_S * blocksPerSecond },
    search: { perSecond: limits.searchesPerSecond, burst: SEARCH_BURST_S * limits.searchesPerSecond },
  });
}

export class UserRates {
  readonly #commands: TokenBucket;
  readonly #refusals: TokenBucket;
  readonly #bytes: TokenBucket;
  readonly #kinds: Readonly<Record<RatedKind, TokenBucket>>;
  readonly #maxAckUnits: number;

  constructor(rates: RateTable) {
    this.#maxAckUnits = rates.ack.burst;
    this.#commands = new TokenBucket(rates.command);
    this.#refusals = new TokenBucket(rates.command);
    this.#bytes = new TokenBucket(rates.bytes);
    this.#kinds = {
      send: new TokenBucket(rates.send),
      page: new TokenBucket(rates.page),
      ack: new TokenBucket(rates.ack),
      signal: new TokenBucket(rates.signal),
      block: new TokenBucket(rates.block),
      search: new TokenBucket(rates.search),
    };
  }

  /**
   * Counts one command, with the bytes of its text.
   * @param kind  undefined: nothing of its own
   * @returns undefined: it may be carried out; otherwise only the attempt was counted
   */
  admit(kind: RatedKind | undefined, bytes: number, nowMs: number): RateRefusal | undefined {
    const commandWaitMs = this.#commands.waitMs(1, nowMs);
    if (commandWaitMs > 0) return { afterMs: commandWaitMs, limit: 'limits.commandsPerSecond' };
    // What is refused was a command all the same.
    this.#commands.take(1, nowMs);
    const bucket = kind === undefined ? undefined : this.#kinds[kind];
    const units = kind === 'ack' ? Math.min(this.#maxAckUnits, Math.ceil(bytes / ACK_UNIT_BYTES)) : 1;
    const bytesWaitMs = this.#bytes.waitMs(bytes, nowMs);
    const kindWaitMs = bucket?.waitMs(units, nowMs) ?? 0;
    if (kind !== undefined && kindWaitMs > bytesWaitMs) return { afterMs: kindWaitMs, limit: limitOfKind[kind] };
    if (bytesWaitMs > 0) return { afterMs: bytesWaitMs, limit: 'limits.bodyBytesPerSecond' };
    this.#bytes.take(bytes, nowMs);
    bucket?.take(units, nowMs);
    return undefined;
  }

  /** Counts one refusal; false if there were more of them than `commandsPerSecond`, and answering costs too much. */
  admitRefusal(nowMs: number): boolean {
    if (this.#refusals.waitMs(1, nowMs) > 0) return false;
    this.#refusals.take(1, nowMs);
    return true;
  }

  /** Whether it is as good as a new one. */
  isFull(nowMs: number): boolean {
    const buckets = [this.#commands, this.#refusals, this.#bytes, ...Object.values(this.#kinds)];
    return buckets.every((bucket) => bucket.isFull(nowMs));
  }
}
