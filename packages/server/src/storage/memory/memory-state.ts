// Everything the memory engine knows, in plain maps: the reference the other engine is compared with.

import type { DeviceId, Epoch, UserId } from '@longwire/protocol';
import { type ChannelKey, directPairOf } from '../../channel/channel-key.js';
import type { Entry } from '../../channel/entry.js';
import { ServerError } from '../../errors.js';
import { epochOf, mintEra } from '../epoch.js';

export interface MemoryMember {
  visibleFrom: number;
  read: number;
  delivered: number;
}

export interface MemoryChannel {
  /** Position in the order of creation, from 1. */
  readonly number: number;
  readonly key: ChannelKey;
  readonly epoch: Epoch;
  /** The entry with offset n is at index n − 1. */
  readonly entries: Entry[];
  /** Sender, then key. */
  readonly keys: Map<UserId, Map<string, Entry>>;
  readonly members: Map<UserId, MemoryMember>;
  /** Number of the newest entry in the order of appends over all channels. */
  recency: number;
}

export interface MemoryDevice {
  usedAt: number;
  readonly cursors: Map<ChannelKey, number>;
}

export interface MemoryUser {
  readonly devices: Map<DeviceId, MemoryDevice>;
  /** In the order of creation of the channels. */
  readonly channels: MemoryChannel[];
}

export class MemoryState {
  readonly channels = new Map<ChannelKey, MemoryChannel>();
  readonly users = new Map<UserId, MemoryUser>();
  readonly #era = mintEra();
  #appended = 0;
  #isClosed = false;

  /** @throws ServerError `closed` */
  assertOpen(): void {
    if (this.#isClosed) throw new ServerError('closed', 'the store was closed; open it again before using it');
  }

  close(): void {
    this.#isClosed = true;
  }

  nextRecency(): number {
    this.#appended += 1;
    return this.#appended;
  }

  ensureUser(id: UserId): MemoryUser {
    const known = this.users.get(id);
    if (known !== undefined) return known;
    const user: MemoryUser = { devices: new Map(), channels: [] };
    this.users.set(id, user);
    return user;
  }

  ensureChannel(key: ChannelKey): MemoryChannel {
    const known = this.channels.get(key);
    if (known !== undefined) return known;
    const channel: MemoryChannel = {
      number: this.channels.size + 1,
      key,
      epoch: epochOf(this.#era, 1),
      entries: [],
      keys: new Map(),
      members: new Map(),
      recency: 0,
    };
    this.channels.set(key, channel);
    for (const user of new Set(directPairOf(key))) {
      channel.members.set(user, { visibleFrom: 1, read: 0, delivered: 0 });
      this.ensureUser(user).channels.push(channel);
    }
    return channel;
  }
}
