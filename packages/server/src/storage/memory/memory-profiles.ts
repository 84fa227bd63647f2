// The names and pictures of users in the memory engine.

import type { ProfiledUser, UserId, UserProfile } from '@longwire/protocol';
import { directChannel, type GroupChannel } from '../../channel/channel.js';
import { foldedName, NO_PROFILE } from '../../channel/profile.js';
import { assertProfileCount, knows, type Profiles, type ProfileWrite, type SharedProfiles } from '../profiles.js';
import type { MemoryState } from './memory-state.js';

export class MemoryProfiles implements Profiles {
  readonly #state: MemoryState;

  constructor(state: MemoryState) {
    this.#state = state;
  }

  async load(users: readonly UserId[]): Promise<readonly UserProfile[]> {
    this.#state.assertOpen();
    assertProfileCount(users.length);
    return users.map((user) => this.#state.profileOf(user));
  }

  async loadShared({ viewer, users, group }: SharedProfiles): Promise<readonly UserProfile[]> {
    this.#state.assertOpen();
    assertProfileCount(users.length);
    return users.map((user) => {
      const isKnown =
        user === viewer || (group === undefined ? this.#haveEntries(viewer, user) : this.#meet(viewer, user, group));
      return isKnown ? this.#state.profileOf(user) : NO_PROFILE;
    });
  }

  async search(prefix: string, limit: number): Promise<readonly ProfiledUser[]> {
    this.#state.assertOpen();
    assertProfileCount(limit);
    const found = [...this.#state.users.keys()].flatMap((user) => {
      const profile = this.#state.profileOf(user);
      const folded = foldedName(profile.name ?? '');
      return folded !== '' && folded.startsWith(prefix) ? [{ folded, user, ...profile }] : [];
    });
    const ascending = found.sort((a, b) => Buffer.compare(Buffer.from(a.folded), Buffer.from(b.folded)));
    return ascending.slice(0, limit).map(({ folded: _, ...user }) => user);
  }

  async write(batch: readonly ProfileWrite[]): Promise<readonly boolean[]> {
    this.#state.assertOpen();
    assertProfileCount(batch.length);
    return batch.map(({ user, ...change }) => {
      const isKnown = this.#state.users.has(user);
      if (isKnown) this.#state.changeProfile(user, change);
      return isKnown;
    });
  }

  #haveEntries(viewer: UserId, user: UserId): boolean {
    return (this.#state.channels.get(directChannel(viewer, user).key)?.entries.length ?? 0) > 0;
  }

  #meet(viewer: UserId, user: UserId, { key }: GroupChannel): boolean {
    const members = this.#state.channels.get(key)?.members;
    const [own, other] = [members?.get(viewer)?.stays.at(-1), members?.get(user)?.stays.at(-1)];
    return own !== undefined && other !== undefined && knows(own, other);
  }
}
