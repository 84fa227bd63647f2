// What the storage thread answers and writes of what users want of their channels.

import type { ChannelTable } from './tables/channel-table.js';
import type { PreferenceTable } from './tables/preference-table.js';
import type { UserTable } from './tables/user-table.js';
import type { WorkerCalls } from './threads/worker-messages.js';

export class PreferenceStore {
  readonly #users: UserTable;
  readonly #channels: ChannelTable;
  readonly #preferences: PreferenceTable;

  constructor(users: UserTable, channels: ChannelTable, preferences: PreferenceTable) {
    this.#users = users;
    this.#channels = channels;
    this.#preferences = preferences;
  }

  load(users: WorkerCalls['loadPreferences']['input']): WorkerCalls['loadPreferences']['output'] {
    return users.map((user) => {
      const number = this.#users.find(user);
      return number === undefined ? [] : this.#preferences.list(number);
    });
  }

  /** Inside a transaction. */
  write(batch: WorkerCalls['writePreferences']['input']): undefined {
    for (const { user, channel, ...preference } of batch) {
      const number = this.#users.find(user);
      const state = this.#channels.find(channel);
      if (number !== undefined && state !== undefined) this.#preferences.put(number, state.number, preference);
    }
  }
}
