// The order of the channels of users who page through their list, so that a further page need not read all of them again.

import type { UserId } from '@longwire/protocol';
import type { Channel } from '../channel/channel.js';
import type { Clock } from '../runtime/clock.js';
import type { ChannelStatus } from '../storage/directory.js';

const KEPT_MS = 60_000;
/** Of one user, and over all: about 40 MB. */
const MAX_USER_CHANNELS = 100_000;
const MAX_CHANNELS = 200_000;

export interface OrderedPage {
  readonly channels: readonly { readonly channel: Channel; readonly read: number }[];
  readonly isMore: boolean;
}

type Ranked = Pick<ChannelStatus, 'channel' | 'recency'>;

/** All channels of a user by their newest entries, newest first. */
export class ChannelOrder {
  #ranked: Ranked[] = [];
  #isTooLong = false;
  /** Where the next page probably begins. */
  #next = 0;

  /** Before `sort`, in any order. */
  add({ channel, recency, left }: Ranked & Pick<ChannelStatus, 'left'>): void {
    if (this.#isTooLong || left !== undefined) return;
    if (this.#ranked.length < MAX_USER_CHANNELS) {
      this.#ranked.push({ channel, recency });
      return;
    }
    this.#isTooLong = true;
    this.#ranked = [];
  }

  /** 0: it has none, or too many. */
  get length(): number {
    return this.#ranked.length;
  }

  sort(): void {
    this.#ranked.sort((a, b) => b.recency - a.recency);
  }

  /** Undefined: the channel is not in it. */
  pageAfter(after: Channel, limit: number): OrderedPage | undefined {
    const ranked = this.#ranked;
    const isExpected = ranked[this.#next - 1]?.channel.key === after.key;
    const start = isExpected ? this.#next : ranked.findIndex(({ channel }) => channel.key === after.key) + 1;
    if (start === 0) return undefined;
    this.#next = start + limit;
    const channels = ranked.slice(start, this.#next).map(({ channel }) => ({ channel, read: 0 }));
    return { channels, isMore: this.#next < ranked.length };
  }
}

/** Orders that were made within the last minute, the newest of them where there are too many. */
export class ChannelOrders {
  readonly #clock: Clock;
  /** Oldest first. */
  readonly #orders = new Map<UserId, { readonly order: ChannelOrder; readonly since: number }>();
  #channels = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  remember(user: UserId, order: ChannelOrder): void {
    this.#forget(user);
    order.sort();
    this.#channels += order.length;
    this.#orders.set(user, { order, since: this.#clock.monotonicMs() });
    for (const [oldest, { since }] of this.#orders) {
      if (this.#channels <= MAX_CHANNELS && !this.#isOver(since)) break;
      this.#forget(oldest);
    }
  }

  /**
   * The page that follows a channel. One that has got newer entries since keeps its place, so no page leaves it out.
   * Undefined: there is no order of this user, or the channel is not in it.
   */
  pageAfter(user: UserId, after: Channel, limit: number): OrderedPage | undefined {
    const kept = this.#orders.get(user);
    return kept === undefined || this.#isOver(kept.since) ? undefined : kept.order.pageAfter(after, limit);
  }

  #isOver(since: number): boolean {
    return this.#clock.monotonicMs() - since > KEPT_MS;
  }

  #forget(user: UserId): void {
    this.#channels -= this.#orders.get(user)?.order.length ?? 0;
    this.#orders.delete(user);
  }
}
