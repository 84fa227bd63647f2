// What decides who sees whom, as it is stored.

import type { UserId, UserProfile } from '@longwire/protocol';
import { directChannel, type GroupChannel } from '../../channel/channel.js';
import type { ChannelRights } from '../../channel/membership.js';
import type { StoreTurns } from '../../messaging/store-turns.js';
import type { UserStateCache } from '../../messaging/user-state-cache.js';
import type { MessageLog } from '../../storage/message-log.js';
import type { Profiles } from '../../storage/profiles.js';
import { MAX_SHARED_PER_CALL, MAX_STATES_PER_CALL, type UserStates } from '../../storage/user-states.js';

export interface PresenceFactsParts {
  readonly states: UserStateCache;
  /** Who has written to whom, who blocks whom, and how users are shown. */
  readonly store: {
    readonly userStates: Pick<UserStates, 'haveWritten' | 'sharedGroups'>;
    readonly log: Pick<MessageLog, 'rights'>;
    readonly profiles: Pick<Profiles, 'load'>;
  };
  readonly turns: StoreTurns;
}

/** What is stored of one user, as far as it concerns the one who looks. */
export interface UserFacts {
  /** To the one who looks. */
  readonly hasWritten: boolean;
  /** A small one that both are in; not looked for where it is not needed. */
  readonly group: GroupChannel | undefined;
  /** In the direct channel of the two. */
  readonly rights: ChannelRights | 'damaged';
  readonly lastSeenAt: number | undefined;
  readonly isShown: boolean;
  readonly profile: UserProfile;
}

export interface LoadedFacts {
  readonly isViewerShown: boolean;
  /** In the order asked. */
  readonly of: readonly UserFacts[];
}

export class PresenceFacts {
  readonly #parts: PresenceFactsParts;
  readonly #maxMembers: number;

  /** @param maxMembers  of a group that counts */
  constructor(parts: PresenceFactsParts, maxMembers: number) {
    this.#parts = parts;
    this.#maxMembers = maxMembers;
  }

  /**
   * What is known of each user, and whether the viewer shows their own presence.
   * @throws (rejects) what the store rejects with
   */
  async load(viewer: UserId, users: readonly UserId[]): Promise<LoadedFacts> {
    const { states, store, turns } = this.#parts;
    const written: boolean[] = [];
    const rights: (ChannelRights | 'damaged')[] = [];
    const profiles: UserProfile[] = [];
    for (let start = 0; start < users.length; start += MAX_STATES_PER_CALL) {
      const part = users.slice(start, start + MAX_STATES_PER_CALL);
      const pairs = part.map((from) => ({ from, to: viewer }));
      const channels = part.map((user) => directChannel(viewer, user));
      written.push(...(await turns.run(viewer, () => store.userStates.haveWritten(pairs))));
      rights.push(...(await turns.run(viewer, () => store.log.rights(channels))).rights);
      profiles.push(...(await turns.run(viewer, () => store.profiles.load(part))));
    }
    const strangers = users.filter((user, index) => written[index] === false && user !== viewer);
    const groups = await this.sharedGroups(viewer, strangers);
    const groupOf = new Map(strangers.map((user, index) => [user, groups[index]]));
    const [own, ...loaded] = await states.loadAll(viewer, [viewer, ...users]);
    return {
      isViewerShown: own!.settings.presence,
      of: loaded.map(({ user, lastSeenAt, settings }, index) => ({
        hasWritten: written[index]!,
        group: groupOf.get(user),
        rights: rights[index]!,
        lastSeenAt,
        isShown: settings.presence,
        profile: profiles[index]!,
      })),
    };
  }

  /**
   * For each user a small group that the viewer is in as well.
   * @throws (rejects) what the store rejects with
   */
  async sharedGroups(viewer: UserId, users: readonly UserId[]): Promise<readonly (GroupChannel | undefined)[]> {
    const { store, turns } = this.#parts;
    const groups: (GroupChannel | undefined)[] = [];
    for (let start = 0; start < users.length; start += MAX_SHARED_PER_CALL) {
      const part = users.slice(start, start + MAX_SHARED_PER_CALL);
      groups.push(...(await turns.run(viewer, () => store.userStates.sharedGroups(viewer, part, this.#maxMembers))));
    }
    return groups;
  }
}
