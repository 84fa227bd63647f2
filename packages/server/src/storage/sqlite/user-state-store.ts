// What the storage thread answers and writes of users beside their devices and channels.

import { directChannel } from '../../channel/channel.js';
import { type ChannelName, nameOf } from '../channel-name.js';
import { defaultUserSettings, type UserState, type UserStateWrite, type WriterPair } from '../user-states.js';
import { type DamageListener, readAround } from './damage.js';
import type { SqlDatabase } from './driver/sql-database.js';
import { SharedGroupReader } from './reading/shared-group-reader.js';
import type { ChannelTable } from './tables/channel-table.js';
import type { DeviceTable } from './tables/device-table.js';
import type { MemberTable } from './tables/member-table.js';
import type { UserStateTable } from './tables/user-state-table.js';
import type { UserTable } from './tables/user-table.js';
import type { WorkerCalls } from './threads/worker-messages.js';

/** A device whose use was stored so much later than its user was seen shows that the process was killed meanwhile. */
const CRASH_GAP_MS = 120_000;

export interface UserStateParts {
  readonly users: UserTable;
  readonly states: UserStateTable;
  readonly devices: Pick<DeviceTable, 'lastUseOf'>;
  readonly channels: ChannelTable;
  readonly members: MemberTable;
  readonly onDamage: DamageListener;
}

export class UserStateStore {
  readonly #parts: UserStateParts;
  readonly #sharedGroups: SharedGroupReader;

  constructor(database: SqlDatabase, parts: UserStateParts) {
    this.#parts = parts;
    this.#sharedGroups = new SharedGroupReader(database, parts);
  }

  load(users: readonly UserState['user'][]): UserState[] {
    const { onDamage } = this.#parts;
    return users.map((user) => {
      const state = readAround(`the state of ${user}`, onDamage, () => this.#find(user));
      return state ?? { user, lastSeenAt: undefined, settings: { presence: false, receipts: false } };
    });
  }

  /** Inside a transaction. */
  write(batch: readonly UserStateWrite[]): void {
    for (const write of batch) {
      // A damaged row must not keep the others from the disk.
      readAround(`the state of ${write.user}`, this.#parts.onDamage, () => this.#write(write));
    }
  }

  sharedGroups({ viewer, users, maxMembers }: WorkerCalls['sharedGroups']['input']): (ChannelName | undefined)[] {
    return this.#sharedGroups.find(viewer, users, maxMembers);
  }

  haveWritten(pairs: readonly WriterPair[]): boolean[] {
    const { channels, onDamage } = this.#parts;
    return pairs.map(({ from, to }) => {
      const channel = directChannel(from, to);
      const name = nameOf(channel);
      return (
        readAround(name, onDamage, () => {
          const state = channels.find(name);
          if (state === undefined) return false;
          const { messages, lowMessages, otherMessages } = state;
          return (from === channel.low ? lowMessages : messages - otherMessages - lowMessages) > 0;
        }) === true
      );
    });
  }

  #find(user: UserState['user']): UserState {
    const { users, states, devices } = this.#parts;
    const number = users.find(user);
    const stored = number === undefined ? undefined : states.find(number);
    const usedAt = number === undefined ? 0 : devices.lastUseOf(number);
    const seenAt = stored?.lastSeenAt;
    const wasKilled = usedAt > (seenAt ?? 0) + CRASH_GAP_MS;
    return {
      user,
      lastSeenAt: wasKilled ? usedAt : seenAt,
      settings: stored?.settings ?? defaultUserSettings,
    };
  }

  #write({ user, lastSeenAt, settings }: UserStateWrite): undefined {
    const { users, states, onDamage } = this.#parts;
    const number = users.find(user);
    if (number === undefined) return;
    const stored = readAround(`the state of ${user}`, onDamage, () => states.find(number));
    // What the user hides is unknown where the row is damaged: only the user replaces it.
    const kept = settings ?? stored?.settings;
    if (kept === undefined) return;
    const seenAt = Math.max(lastSeenAt ?? 0, stored?.lastSeenAt ?? 0);
    states.put(number, { lastSeenAt: seenAt === 0 ? undefined : seenAt, settings: kept });
  }
}
