// The user's channels by recency, each as its reader sees it.

import type { UserId } from '@longwire/protocol';
import type { ChannelKey } from '../channel/channel-key.js';
import type { ChannelDescription, ChannelStatus, Directory } from '../storage/directory.js';
import type { CursorCache } from './cursor-cache.js';

export interface ChannelListPage {
  readonly channels: readonly ChannelDescription[];
  readonly more: boolean;
}

export class ChannelList {
  readonly #directory: Directory;
  readonly #cursors: CursorCache;

  constructor(directory: Directory, cursors: CursorCache) {
    this.#directory = directory;
    this.#cursors = cursors;
  }

  /**
   * The channels after `after` in the order of their newest entries, newest first.
   * @param statuses all of the user's channels, in any order
   * @param after the last channel of the page before
   * @returns undefined if `after` is none of the user's channels
   */
  async pageAfter(
    user: UserId,
    statuses: readonly ChannelStatus[],
    after: ChannelKey,
    limit: number,
  ): Promise<ChannelListPage | undefined> {
    const byRecency = newestFirst(statuses);
    const index = byRecency.findIndex((status) => status.channel === after);
    return index < 0 ? undefined : this.#page(user, byRecency, index + 1, limit);
  }

  /** The newest channels, `statuses` being all of the user's in any order. */
  async firstPage(user: UserId, statuses: readonly ChannelStatus[], limit: number): Promise<ChannelListPage> {
    return this.#page(user, newestFirst(statuses), 0, limit);
  }

  async #page(
    user: UserId,
    byRecency: readonly ChannelStatus[],
    start: number,
    limit: number,
  ): Promise<ChannelListPage> {
    const wanted = byRecency.slice(start, start + limit);
    const described = await this.#directory.describe(
      user,
      wanted.map(({ channel, read }) => ({
        channel,
        read: Math.max(read, this.#cursors.peek(user, channel)?.read ?? 0),
      })),
    );
    return { channels: described.map((channel) => this.#overlay(channel)), more: start + limit < byRecency.length };
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

function newestFirst(statuses: readonly ChannelStatus[]): readonly ChannelStatus[] {
  return [...statuses].sort((a, b) => b.recency - a.recency);
}
