// Who has switched off receipts: neither they nor the others see any of the other one.

import type { UserId } from '@longwire/protocol';
import { type Channel, namedReaders } from '../channel/channel.js';
import type { UserState } from '../storage/user-states.js';
import type { UserStateCache } from './user-state-cache.js';

export class ReceiptPrivacy {
  readonly #states: UserStateCache;
  readonly #onFailure: (error: unknown) => void;

  constructor(states: UserStateCache, onFailure: (error: unknown) => void) {
    this.#states = states;
    this.#onFailure = onFailure;
  }

  /**
   * Whether the users of a direct channel see only their own receipts, or in a group the others none of this user; undefined if
   * the store would have to be asked.
   */
  peek(channel: Channel, user?: UserId): boolean | undefined {
    const users = channel.kind === 'group' && user !== undefined ? [user] : namedReaders(channel);
    if (channel.kind !== 'group' && users.length < 2) return false;
    const states = users.map((user) => this.#states.peek(user));
    return states.every((state) => state !== undefined) ? isPrivate(states) : undefined;
  }

  /** The same; true if it cannot be read. */
  async load(user: UserId, channel: Channel): Promise<boolean> {
    if (channel.kind === 'group') return this.#hides(user);
    const [loaded] = await this.loadAll(user, [channel]);
    return loaded!;
  }

  async #hides(user: UserId): Promise<boolean> {
    try {
      return isPrivate(await this.#states.loadAll(user, [user]));
    } catch (error) {
      this.#onFailure(error);
      return true;
    }
  }

  /** The same of several channels, in the order asked. */
  async loadAll(onBehalfOf: UserId, channels: readonly Channel[]): Promise<readonly boolean[]> {
    const unknown = channels.filter((channel) => this.peek(channel) === undefined);
    const users = [...new Set(unknown.flatMap(namedReaders))];
    let isRead = true;
    const states = new Map<UserId, UserState>();
    try {
      for (const state of await this.#states.loadAll(onBehalfOf, users)) states.set(state.user, state);
    } catch (error) {
      this.#onFailure(error);
      isRead = false;
    }
    return channels.map((channel) => {
      // Loaded, and perhaps changed since; or loaded and already gone from memory.
      const known = this.peek(channel);
      if (known !== undefined || !isRead) return known ?? true;
      return isPrivate(namedReaders(channel).map((user) => states.get(user)!));
    });
  }
}

function isPrivate(states: readonly UserState[]): boolean {
  return states.some(({ settings }) => !settings.receipts);
}
