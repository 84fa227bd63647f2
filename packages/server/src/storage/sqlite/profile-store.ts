// What the storage thread answers and writes of the names and pictures of users.

import type { ProfiledUser, UserId, UserProfile } from '@longwire/protocol';
import { directChannel } from '../../channel/channel.js';
import type { Stay } from '../../channel/membership.js';
import { changedProfile, foldedName, NO_PROFILE, type ProfileChange } from '../../channel/profile.js';
import { type ChannelName, nameOf } from '../channel-name.js';
import type { DeviceSignIn } from '../directory.js';
import { knows, type ProfileWrite } from '../profiles.js';
import { type DamageListener, readAround } from './damage.js';
import type { ChannelTable } from './tables/channel-table.js';
import type { MemberTable } from './tables/member-table.js';
import type { ProfileTable } from './tables/profile-table.js';
import type { UserTable } from './tables/user-table.js';
import type { WorkerCalls } from './threads/worker-messages.js';

type OpenOutcome = WorkerCalls['openDevice']['output'];

export interface ProfileStoreParts {
  readonly users: UserTable;
  readonly channels: ChannelTable;
  readonly members: MemberTable;
  readonly profiles: ProfileTable;
  readonly onDamage: DamageListener;
}

export class ProfileStore {
  readonly #parts: ProfileStoreParts;

  constructor(parts: ProfileStoreParts) {
    this.#parts = parts;
  }

  load(users: readonly UserId[]): UserProfile[] {
    return users.map((user) => this.#load(user));
  }

  loadShared({ viewer, users, group }: WorkerCalls['loadSharedProfiles']['input']): UserProfile[] {
    if (group === undefined) {
      return users.map((user) => (user === viewer || this.#haveEntries(viewer, user) ? this.#load(user) : NO_PROFILE));
    }
    const own = this.#stayIn(group, viewer);
    return users.map((user) => {
      const stay = own && this.#stayIn(group, user);
      const isKnown = user === viewer || (own !== undefined && stay !== undefined && knows(own, stay));
      return isKnown ? this.#load(user) : NO_PROFILE;
    });
  }

  /** Inside a transaction. @param outcome  how the device stands, or why it is not stored (yet) */
  signedIn({ user, profile }: DeviceSignIn, outcome: OpenOutcome): OpenOutcome {
    const isStored = outcome === 'known' || outcome === 'new' || outcome === 'maybe-forgotten';
    if (isStored && profile !== undefined) this.change(user, profile);
    return outcome;
  }

  search({ prefix, limit }: WorkerCalls['searchProfiles']['input']): ProfiledUser[] {
    const { users, profiles, onDamage } = this.#parts;
    const found = profiles.search(prefix, limit, (number, profileOf) =>
      readAround(`the profile of user number ${number}`, onDamage, () => {
        return { user: users.nameOf(number) as UserId, ...profileOf() };
      }),
    );
    // The index may be damaged.
    return found.filter(
      (user) => user !== undefined && foldedName(user.name ?? '').startsWith(prefix),
    ) as ProfiledUser[];
  }

  /** Inside a transaction. */
  write(batch: readonly ProfileWrite[]): boolean[] {
    return batch.map(({ user, ...change }) => this.change(user, change));
  }

  /**
   * Inside a transaction. A damaged row is replaced.
   * @returns whether the user is known
   */
  change(user: UserId, change: ProfileChange): boolean {
    const { users, profiles } = this.#parts;
    const number = users.find(user);
    if (number === undefined) return false;
    const known = this.#load(user);
    const changed = changedProfile(known, change);
    if (changed !== known) profiles.put(number, changed);
    return true;
  }

  forgetAll(): void {
    this.#parts.profiles.forgetAll();
  }

  #load(user: UserId): UserProfile {
    const { users, profiles, onDamage } = this.#parts;
    const profile = readAround(`the profile of ${user}`, onDamage, () => {
      const number = users.find(user);
      return number === undefined ? NO_PROFILE : profiles.find(number);
    });
    return profile ?? NO_PROFILE;
  }

  #haveEntries(viewer: UserId, user: UserId): boolean {
    const { channels, onDamage } = this.#parts;
    const name = nameOf(directChannel(viewer, user));
    return readAround(name, onDamage, () => (channels.find(name)?.head ?? 0) > 0) === true;
  }

  /** The newest one. */
  #stayIn(group: ChannelName, user: UserId): Pick<Stay, 'joined' | 'left'> | undefined {
    const { channels, members, onDamage } = this.#parts;
    return readAround(group, onDamage, () => {
      const state = channels.find(group);
      const member = state && members.findIn(state, user);
      return member && { joined: member.joined, left: member.leftAt ?? undefined };
    });
  }
}
