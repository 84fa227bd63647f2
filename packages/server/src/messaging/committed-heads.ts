// The newest offset that was committed and fanned out, of channels in use: what acknowledgements and reads are checked against.

import type { Epoch, UserId } from '@longwire/protocol';
import type { LaneListener, OrderGate } from '../bus/order-gate.js';
import type { Channel, ChannelKey } from '../channel/channel.js';
import type { LaneRow } from '../channel/lane.js';
import { GenerationCache } from '../runtime/generation-cache.js';
import type { MessageLog } from '../storage/message-log.js';
import type { StoreTurns } from './store-turns.js';

export interface CommittedHead {
  /** Undefined: the channel has no entry yet. */
  readonly epoch: Epoch | undefined;
  readonly head: number;
}

/** Channels remembered, at least; those that were not in use for the longest are asked of the log again. */
const CACHED_CHANNELS = 32_768;
/** The same of channels without an entry: asking for them again costs the store nothing. */
const CACHED_EMPTY_CHANNELS = 8_192;
/** Channels asked of the store in one call. */
const CHANNELS_PER_CALL = 100;

const NO_ENTRY: CommittedHead = Object.freeze({ epoch: undefined, head: 0 });

type LoadedHeads = ReadonlyMap<ChannelKey, CommittedHead>;

export class CommittedHeads implements LaneListener {
  readonly #log: MessageLog;
  readonly #gate: OrderGate;
  readonly #turns: StoreTurns;
  readonly #heads = new GenerationCache<ChannelKey, { epoch: Epoch; head: number }>(CACHED_CHANNELS);
  readonly #empty = new GenerationCache<ChannelKey, CommittedHead>(CACHED_EMPTY_CHANNELS);
  readonly #loads = new Map<ChannelKey, Promise<LoadedHeads>>();

  constructor(log: MessageLog, gate: OrderGate, turns: StoreTurns) {
    this.#log = log;
    this.#gate = gate;
    this.#turns = turns;
  }

  onRow({ channel: { key }, entry }: LaneRow): void {
    if (entry === undefined) return;
    const known = this.#heads.get(key);
    if (known === undefined) {
      this.#empty.delete(key);
      this.#heads.set(key, { epoch: entry.epoch, head: entry.offset });
      return;
    }
    known.epoch = entry.epoch;
    known.head = entry.offset;
  }

  /** At once if the channel is in use, or was asked for a moment ago. */
  peek(channel: Channel): CommittedHead | undefined {
    return this.#heads.get(channel.key) ?? this.#empty.get(channel.key);
  }

  /** @param user  on whose behalf the store is asked, if it has to be */
  async of(user: UserId, channel: Channel): Promise<CommittedHead> {
    const [head] = await this.ofAll(user, [channel]);
    return head!;
  }

  /** In the order asked. What is not in memory is asked of the store in slices, each in the user's turn. */
  async ofAll(user: UserId, channels: readonly Channel[]): Promise<readonly CommittedHead[]> {
    const missing = channels.filter((channel) => this.peek(channel) === undefined && !this.#loads.has(channel.key));
    for (let start = 0; start < missing.length; start += CHANNELS_PER_CALL) {
      this.#startLoad(user, missing.slice(start, start + CHANNELS_PER_CALL));
    }
    const known = channels.map((channel) => this.peek(channel));
    const loads = new Set(channels.flatMap((channel, index) => (known[index] ? [] : [this.#loads.get(channel.key)!])));
    const loaded = await Promise.all(loads);
    return channels.map((channel, index) => known[index] ?? firstWith(channel, loaded));
  }

  #startLoad(user: UserId, channels: readonly Channel[]): void {
    const load = this.#load(user, channels).finally(() => {
      for (const channel of channels) this.#loads.delete(channel.key);
    });
    for (const channel of channels) this.#loads.set(channel.key, load);
  }

  async #load(user: UserId, channels: readonly Channel[]): Promise<LoadedHeads> {
    const { heads: stored, through } = await this.#turns.run(user, () => this.#log.heads(channels));
    // What was read may be above what was fanned out: it becomes a head when that has caught up.
    await this.#gate.whenApplied(through);
    const loaded = new Map<ChannelKey, CommittedHead>();
    channels.forEach(({ key }, index) => {
      const { epoch, head } = stored[index]!;
      // An entry that was committed meanwhile is newer than what was read.
      const known = this.#heads.get(key);
      if (known === undefined && epoch !== undefined) this.#heads.set(key, { epoch, head });
      if (known === undefined && epoch === undefined) this.#empty.set(key, NO_ENTRY);
      loaded.set(key, known ?? { epoch, head });
    });
    return loaded;
  }
}

function firstWith({ key }: Channel, loaded: readonly LoadedHeads[]): CommittedHead {
  for (const heads of loaded) {
    const head = heads.get(key);
    if (head !== undefined) return head;
  }
  // Every channel is in memory or in one of the loads.
  throw new Error(`no head of ${key} was loaded`);
}
