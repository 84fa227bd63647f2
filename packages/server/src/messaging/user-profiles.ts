// The names and pictures of users: who may know them, and from where they come.

import type { GroupId, ProfiledUser, UserId } from '@longwire/protocol';
import type { Bus } from '../bus/bus.js';
import { directChannel, groupChannel } from '../channel/channel.js';
import type { ChannelRights } from '../channel/membership.js';
import { foldedName, type ProfileChange } from '../channel/profile.js';
import type { MessageLog } from '../storage/message-log.js';
import type { Profiles } from '../storage/profiles.js';
import type { StoreTurns } from './store-turns.js';

export interface UserProfilesParts {
  readonly profiles: Profiles;
  readonly log: Pick<MessageLog, 'rights'>;
  readonly turns: StoreTurns;
  readonly bus: Pick<Bus, 'signal'>;
}

/** So many more are read than were asked for, in place of those who are not shown. */
const MAX_LEFT_OUT = 20;

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
   * Users whose names begin with `prefix`, ascending by name, without the viewer and those who block the viewer.
   * @param limit  at most `fieldLimits.foundUsers`
   * @throws (rejects) what the store rejects with
   */
  async search(viewer: UserId, prefix: string, limit: number): Promise<readonly ProfiledUser[]> {
    const { profiles, log, turns } = this.#parts;
    const candidates = await turns.run(viewer, () => profiles.search(foldedName(prefix), limit + MAX_LEFT_OUT));
    const others = candidates.filter(({ user }) => user !== viewer);
    const channels = others.map(({ user }) => directChannel(viewer, user));
    const { rights } = await turns.run(viewer, () => log.rights(channels));
    return others.filter(({ user }, index) => !mayBlock(user, rights[index])).slice(0, limit);
  }

  /**
   * Resolves once the change is stored and reported to those who watch the user. False: there is no such user.
   * @param onBehalfOf  who makes the change
   * @throws (rejects) what the store rejects with
   */
  async change(user: UserId, change: ProfileChange, onBehalfOf = user): Promise<boolean> {
    const { profiles, turns } = this.#parts;
    const [isKnown = false] = await turns.run(onBehalfOf, () => profiles.write([{ user, ...change }]));
    if (isKnown) this.stored(user, change);
    return isKnown;
  }

  /** The change was stored with the sign-in of the user; it may be what was stored before. */
  stored(user: UserId, change: ProfileChange): void {
    this.#parts.bus.signal({ type: 'profile', user, change });
  }
}

/** In their direct channel; damage hides a block. */
function mayBlock(user: UserId, rights: ChannelRights | 'damaged' | undefined): boolean {
  if (rights === undefined || rights === 'damaged' || rights.channel.kind !== 'direct') return true;
  return user === rights.channel.low ? rights.blocks.low : rights.blocks.high;
}
