// The user's channels by recency, each as its reader sees it.

import { type DeviceId, fieldLimits, type UserId } from '@longwire/protocol';
import type { Channel } from '../channel/channel.js';
import type { Clock } from '../runtime/clock.js';
import type { ChannelDescription, ChannelStatus } from '../storage/directory.js';
import type { ListedChannel } from '../storage/preferences.js';
import { ChannelOrder, ChannelOrders, type OrderedPage } from './channel-orders.js';
import type { ChannelPreferences } from './channel-preferences.js';
import { type ChannelSource, channelSlices, NewestChannels } from './channel-slices.js';
import type { CursorCache } from './cursor-cache.js';
import type { ReceiptPrivacy } from './receipt-privacy.js';

export interface ChannelListParts {
  readonly cursors: CursorCache;
  readonly clock: Clock;
  readonly privacy: ReceiptPrivacy;
  readonly preferences: ChannelPreferences;
}

export interface ChannelListPage {
  readonly channels: readonly ListedChannel[];
  readonly more: boolean;
}

/** Channels described in one call of the store. */
const CHANNELS_PER_CALL = 50;

export class ChannelList {
  readonly #source: ChannelSource;
  readonly #cursors: CursorCache;
  readonly #orders: ChannelOrders;
  readonly #privacy: ReceiptPrivacy;
  readonly #preferences: ChannelPreferences;
  /** Users for whom all channels are being read. */
  readonly #passes = new Map<UserId, Promise<void>>();

  constructor(source: ChannelSource, parts: ChannelListParts) {
    const { cursors, clock, privacy, preferences } = parts;
    this.#preferences = preferences;
    this.#privacy = privacy;
    this.#source = source;
    this.#cursors = cursors;
    this.#orders = new ChannelOrders(clock);
  }

  /**
   * A page of the user's channels in the order of their newest entries, newest first.
   * @param after the last channel of the page before; undefined: the first page
   * @returns undefined if `after` is none of the user's channels
   */
  async page(
    user: UserId,
    device: DeviceId,
    after: Channel | undefined,
    limit: number,
  ): Promise<ChannelListPage | undefined> {
    // One at a time for each user: further pages then have the order of the one before.
    for (let other = this.#passes.get(user); other !== undefined; other = this.#passes.get(user)) await other;
    const following = after && this.#orders.pageAfter(user, after, limit);
    if (following !== undefined) return this.describe(user, following);
    const pass = this.#firstPage(user, device, after, limit);
    // No longer there when it is over: those that wait would find it again, and do nothing else.
    const over = pass
      .catch(() => undefined)
      .then(() => {
        this.#passes.delete(user);
      });
    this.#passes.set(user, over);
    const page = await pass;
    return page && (await this.describe(user, page));
  }

  /** Passes over all channels of the user, and remembers their order for the pages that follow. */
  async #firstPage(
    user: UserId,
    device: DeviceId,
    after: Channel | undefined,
    limit: number,
  ): Promise<OrderedPage | undefined> {
    const olderThan = after === undefined ? undefined : await this.#recencyOf(user, after);
    if (after !== undefined && olderThan === undefined) return undefined;
    const newest = new NewestChannels(limit, olderThan);
    const order = new ChannelOrder();
    const isHidden = await this.hiddenOf(user);
    for await (const slice of channelSlices(this.#source, user, device)) {
      for (const status of slice) {
        if (isHidden(status)) continue;
        newest.add(status);
        order.add(status);
      }
    }
    if (newest.isMore) this.#orders.remember(user, order);
    return newest;
  }

  /** What is left out of the user's list. */
  async hiddenOf(user: UserId): Promise<(status: Pick<ChannelStatus, 'channel' | 'head'>) => boolean> {
    const preferences = await this.#preferences.of(user);
    return (status) => this.#preferences.isHidden(preferences, status);
  }

  /** The channels of a page as their reader sees them. */
  async describe(user: UserId, page: OrderedPage): Promise<ChannelListPage> {
    const wanted = page.channels.map(({ channel, read }) => ({
      channel,
      read: Math.max(read, this.#cursors.peek(user, channel)?.read ?? 0),
    }));
    const { directory, turns } = this.#source;
    const preferences = await this.#preferences.of(user);
    const channels: ListedChannel[] = [];
    for (let start = 0; start < wanted.length; start += CHANNELS_PER_CALL) {
      const part = wanted.slice(start, start + CHANNELS_PER_CALL);
      const described = await turns.run(user, () => directory.describe(user, part, fieldLimits.lastBytes));
      const hidden = await this.#privacy.loadAll(
        user,
        described.map(({ channel }) => channel),
      );
      described.forEach((channel, index) => {
        const shown = this.#overlay(channel);
        const described = hidden[index] === true ? withOwnMember(shown, user) : shown;
        channels.push({ ...described, ...this.#preferences.shown(preferences, channel) });
      });
    }
    return { channels, more: page.isMore };
  }

  async #recencyOf(user: UserId, channel: Channel): Promise<number | undefined> {
    const { directory, turns } = this.#source;
    const [described] = await turns.run(user, () => directory.describe(user, [{ channel, read: 0 }], 0));
    return described?.recency;
  }

  /** What is not written yet counts: cursors reach the disk seconds after they moved. */
  #overlay(described: ChannelDescription): ChannelDescription {
    const members = described.members.map((member) => {
      const newer = this.#cursors.peek(member.user, described.channel);
      if (newer === undefined) return member;
      const delivered = Math.max(member.delivered, newer.delivered);
      return { user: member.user, delivered, read: Math.max(member.read, newer.read) };
    });
    return { ...described, members };
  }
}

/** Without what the others have received and read. */
function withOwnMember(described: ChannelDescription, user: UserId): ChannelDescription {
  return { ...described, members: described.members.filter((member) => member.user === user) };
}
