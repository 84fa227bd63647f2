// The names and pictures of users: who may know them, and from where they come.

import type { GroupId, ProfiledUser, UserId } from '@longwire/protocol';
import type { Bus } from '../bus/bus.js';
import { groupChannel } from '../channel/channel.js';
import type { ProfileChange } from '../channel/profile.js';
import type { Profiles } from '../storage/profiles.js';
import type { StoreTurns } from './store-turns.js';

export interface UserProfilesParts {
  readonly profiles: Profiles;
  readonly turns: StoreTurns;
  readonly bus: Pick<Bus, 'signal'>;
}

export class UserProfiles {
  readonly #parts: UserProfilesParts;

  constructor(parts: UserProfilesParts) {
    this.#parts = parts;
  }

  /**
   * Those of the users who have a name or a picture and share the channel with the viewer, in the order asked.
   * @param users  at most 100
   * @param group  undefined: the direct channel with each of them
   * @throws (rejects) what the store rejects with
   */
  async shared(viewer: UserId, users: readonly UserId[], group: GroupId | undefined): Promise<readonly ProfiledUser[]> {
    const { profiles, turns } = this.#parts;
    const channel = group === undefined ? undefined : groupChannel(group);
    const loaded = await turns.run(viewer, () => profiles.loadShared({ viewer, users, group: channel }));
    return users
      .map((user, index) => ({ user, ...loaded[index] }))
      .filter(({ name, picture }) => name !== undefined || picture !== undefined);
  }

  /**
   * Resolves once the change is stored and reported to those who watch the user.
   * @throws (rejects) what the store rejects with
   */
  async change(user: UserId, change: ProfileChange): Promise<void> {
    const { profiles, turns } = this.#parts;
    await turns.run(user, () => profiles.write([{ user, ...change }]));
    this.stored(user, change);
  }

  /** The change was stored with the sign-in of the user; it may be what was stored before. */
  stored(user: UserId, change: ProfileChange): void {
    this.#parts.bus.signal({ type: 'profile', user, change });
  }
}
