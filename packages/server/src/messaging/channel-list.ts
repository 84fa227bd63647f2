// The user's channels by recency, each as its reader sees it.

import type { UserId } from '@longwire/protocol';
import type { ChannelKey } from '../channel/channel-key.js';
import type { ChannelDescription, ChannelStanding, Directory } from '../storage/directory.js';
import type { CursorBook } from './cursor-book.js';

export interface ChannelListPage {
  readonly channels: readonly ChannelDescription[];
  readonly more: boolean;
}

export class ChannelList {
  readonly #directory: Directory;
  readonly #book: CursorBook;

  constructor(directory: Directory, book: CursorBook) {
    this.#directory = directory;
    this.#book = book;
  }

  /**
   * The channels after `after` in the order of their newest entries, newest first.
   * @param standings all of the user's channels, in any order
   * @param after the last channel of the page before; one that is not there begins anew
   */
  async page(
    user: UserId,
    standings: readonly ChannelStanding[],
    after: ChannelKey | undefined,
    limit: number,
  ): Promise<ChannelListPage> {
    const byRecency = [...standings].sort((a, b) => b.recency - a.recency);
    const start = after === undefined ? 0 : byRecency.findIndex((standing) => standing.channel === after) + 1;
    const wanted = byRecency.slice(start, start + limit);
    const described = await this.#directory.describe(
      user,
      wanted.map(({ channel, read }) => ({ channel, read: Math.max(read, this.#book.peek(user, channel)?.read ?? 0) })),
    );
    return { channels: described.map((channel) => this.#overlay(channel)), more: start + limit < byRecency.length };
  }

  /** What is not written yet counts: cursors reach the disk seconds after they moved. */
  #overlay(described: ChannelDescription): ChannelDescription {
    const members = described.members.map((member) => {
      const newer = this.#book.peek(member.user, described.channel);
      if (newer === undefined) return member;
      const delivered = Math.max(member.delivered, newer.delivered);
      return { user: member.user, delivered, read: Math.max(member.read, newer.read) };
    });
    return { ...described, members };
  }
}
