// The ports of what is stored for users alone, as calls to the storage thread.

import type { ProfiledUser, UserId, UserProfile } from '@longwire/protocol';
import type { GroupChannel } from '../../channel/channel.js';
import { channelOfName, nameOf } from '../channel-name.js';
import { assertPreferenceCount, type Preference, type Preferences, type PreferenceWrite } from '../preferences.js';
import { assertProfileCount, type Profiles, type ProfileWrite, type SharedProfiles } from '../profiles.js';
import {
  assertStateCount,
  MAX_SHARED_PER_CALL,
  type UserState,
  type UserStates,
  type UserStateWrite,
  type WriterPair,
} from '../user-states.js';
import type { WorkerClient } from './threads/worker-client.js';

export class SqlitePreferences implements Preferences {
  readonly #client: WorkerClient;

  constructor(client: WorkerClient) {
    this.#client = client;
  }

  async load(users: readonly UserId[]): Promise<readonly (readonly Preference[])[]> {
    assertPreferenceCount(users.length);
    const loaded = await this.#client.call('loadPreferences', users);
    return loaded.map((frames) => frames.map((frame) => ({ ...frame, channel: channelOfName(frame.channel) })));
  }

  async write(batch: readonly PreferenceWrite[]): Promise<void> {
    assertPreferenceCount(batch.length);
    await this.#client.call(
      'writePreferences',
      batch.map((write) => ({ ...write, channel: nameOf(write.channel) })),
    );
  }
}

export class SqliteProfiles implements Profiles {
  readonly #client: WorkerClient;

  constructor(client: WorkerClient) {
    this.#client = client;
  }

  async load(users: readonly UserId[]): Promise<readonly UserProfile[]> {
    assertProfileCount(users.length);
    return this.#client.call('loadProfiles', users);
  }

  async loadShared({ viewer, users, group }: SharedProfiles): Promise<readonly UserProfile[]> {
    assertProfileCount(users.length);
    return this.#client.call('loadSharedProfiles', { viewer, users, group: group && nameOf(group) });
  }

  async search(prefix: string, limit: number): Promise<readonly ProfiledUser[]> {
    assertProfileCount(limit);
    return this.#client.call('searchProfiles', { prefix, limit });
  }

  async write(batch: readonly ProfileWrite[]): Promise<readonly boolean[]> {
    assertProfileCount(batch.length);
    return this.#client.call('writeProfiles', batch);
  }
}

export class SqliteUserStates implements UserStates {
  readonly #client: WorkerClient;

  constructor(client: WorkerClient) {
    this.#client = client;
  }

  async load(users: readonly UserId[]): Promise<readonly UserState[]> {
    assertStateCount(users.length);
    return this.#client.call('loadUserStates', users);
  }

  async write(batch: readonly UserStateWrite[]): Promise<void> {
    assertStateCount(batch.length);
    await this.#client.call('writeUserStates', batch);
  }

  async sharedGroups(
    viewer: UserId,
    users: readonly UserId[],
    maxMembers: number,
  ): Promise<readonly (GroupChannel | undefined)[]> {
    assertStateCount(users.length, MAX_SHARED_PER_CALL);
    const names = await this.#client.call('sharedGroups', { viewer, users, maxMembers });
    return names.map((name) => name && (channelOfName(name) as GroupChannel));
  }

  async haveWritten(pairs: readonly WriterPair[]): Promise<readonly boolean[]> {
    assertStateCount(pairs.length);
    return this.#client.call('haveWritten', pairs);
  }
}
