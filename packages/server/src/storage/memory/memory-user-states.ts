// What the memory engine keeps of users beside their devices and channels.

import type { UserId } from '@longwire/protocol';
import { directChannel, type GroupChannel } from '../../channel/channel.js';
import { messageKind } from '../../channel/entry.js';
import {
  assertStateCount,
  defaultUserSettings,
  MAX_SHARED_PER_CALL,
  type UserState,
  type UserStates,
  type UserStateWrite,
  type WriterPair,
} from '../user-states.js';
import { rightsOf } from './memory-rights.js';
import type { MemoryChannel, MemoryState } from './memory-state.js';

export class MemoryUserStates implements UserStates {
  readonly #state: MemoryState;
  readonly #known = new Map<UserId, UserState>();

  constructor(state: MemoryState) {
    this.#state = state;
  }

  async load(users: readonly UserId[]): Promise<readonly UserState[]> {
    this.#state.assertOpen();
    assertStateCount(users.length);
    return users.map((user) => this.#stateOf(user));
  }

  async write(batch: readonly UserStateWrite[]): Promise<void> {
    this.#state.assertOpen();
    assertStateCount(batch.length);
    for (const { user, lastSeenAt, settings } of batch) {
      if (!this.#state.users.has(user)) continue;
      const known = this.#stateOf(user);
      this.#known.set(user, {
        user,
        lastSeenAt: lastSeenAt === undefined ? known.lastSeenAt : Math.max(lastSeenAt, known.lastSeenAt ?? 0),
        settings: settings ?? known.settings,
      });
    }
  }

  async sharedGroups(
    viewer: UserId,
    users: readonly UserId[],
    maxMembers: number,
  ): Promise<readonly (GroupChannel | undefined)[]> {
    this.#state.assertOpen();
    assertStateCount(users.length, MAX_SHARED_PER_CALL);
    const isIn = ({ members }: MemoryChannel, user: UserId) =>
      members.get(user)?.stays.at(-1)?.left === undefined && members.has(user);
    const groups = this.#state.channelsOf(viewer).filter((channel) => {
      const isShared = channel.channel.kind === 'group' && isIn(channel, viewer);
      return isShared && rightsOf(channel).memberCount <= maxMembers;
    });
    return users.map((user) => groups.find((channel) => isIn(channel, user))?.channel as GroupChannel | undefined);
  }

  async haveWritten(pairs: readonly WriterPair[]): Promise<readonly boolean[]> {
    this.#state.assertOpen();
    assertStateCount(pairs.length);
    return pairs.map(({ from, to }) => {
      const channel = this.#state.channels.get(directChannel(from, to).key);
      return channel?.entries.some((entry) => entry.kind === messageKind && entry.from === from) === true;
    });
  }

  #stateOf(user: UserId): UserState {
    return this.#known.get(user) ?? { user, lastSeenAt: undefined, settings: defaultUserSettings };
  }
}
