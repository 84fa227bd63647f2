// The preferences of the memory engine.

import type { UserId } from '@longwire/protocol';
import type { ChannelKey } from '../../channel/channel.js';
import {
  assertPreferenceCount,
  isPlain,
  type Preference,
  type Preferences,
  type PreferenceWrite,
} from '../preferences.js';
import type { MemoryState } from './memory-state.js';

export class MemoryPreferences implements Preferences {
  readonly #state: MemoryState;
  readonly #stored = new Map<UserId, Map<ChannelKey, Preference>>();

  constructor(state: MemoryState) {
    this.#state = state;
  }

  async load(users: readonly UserId[]): Promise<readonly (readonly Preference[])[]> {
    this.#state.assertOpen();
    assertPreferenceCount(users.length);
    return users.map((user) =>
      [...(this.#stored.get(user)?.values() ?? [])].sort((a, b) => this.#number(a) - this.#number(b)),
    );
  }

  async write(batch: readonly PreferenceWrite[]): Promise<void> {
    this.#state.assertOpen();
    assertPreferenceCount(batch.length);
    for (const { user, ...preference } of batch) {
      const { key } = preference.channel;
      if (!this.#state.users.has(user) || !this.#state.channels.has(key)) continue;
      const known = this.#stored.get(user) ?? new Map<ChannelKey, Preference>();
      this.#stored.set(user, known);
      if (isPlain(preference)) known.delete(key);
      else known.set(key, preference);
    }
  }

  #number({ channel }: Preference): number {
    return this.#state.channels.get(channel.key)!.number;
  }
}
