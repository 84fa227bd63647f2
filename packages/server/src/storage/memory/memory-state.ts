// What the memory engine holds, in plain maps, and how much of it there may be.

import type { DeviceId, Epoch, UserId } from '@longwire/protocol';
import { type Channel, type ChannelKey, namedReaders } from '../../channel/channel.js';
import { type Entry, type EntryContent, retainedBytes } from '../../channel/entry.js';
import type { Lane, LaneNumbers, LaneRow } from '../../channel/lane.js';
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
  readonly channel: Channel;
  readonly epoch: Epoch;
  /** The entry with offset n is at index n − 1. */
  readonly entries: Entry[];
  /** Sender, then key. */
  readonly keys: Map<UserId, Map<string, Entry>>;
  readonly members: Map<UserId, MemoryMember>;
  /** Number of the newest entry in the order of appends over all channels. */
  recency: number;
  readonly createdAt: number;
  /** Content of the first user of the pair and of both, up to and including the entry with the same index. */
  readonly sentBytes: { readonly low: number; readonly all: number }[];
  readonly writers: Set<UserId>;
}

export interface MemoryDevice {
  readonly cursors: Map<ChannelKey, number>;
}

export interface MemoryUser {
  /** In the order of their last use. */
  readonly devices: Map<DeviceId, MemoryDevice>;
  /** In the order of creation of the channels. */
  readonly channels: MemoryChannel[];
}

/** Moves the device to the end of the order of use. */
export function useDevice({ devices }: MemoryUser, id: DeviceId): MemoryDevice | undefined {
  const device = devices.get(id);
  if (device === undefined) return undefined;
  devices.delete(id);
  devices.set(id, device);
  return device;
}

// Estimates of what an object with its maps and its places in other maps takes, beside the text counted by `retainedBytes`.
const ENTRY_BYTES = 190;
const CHANNEL_BYTES = 1_500;
const USER_BYTES = 500;
const DEVICE_BYTES = 500;
const CURSOR_BYTES = 100;

/** There is one lane. */
export const MEMORY_LANE: Lane = 0;

export class MemoryState {
  readonly channels = new Map<ChannelKey, MemoryChannel>();
  readonly users = new Map<UserId, MemoryUser>();
  /** The row with number n is at index n − 1. */
  readonly rows: LaneRow[] = [];
  readonly #maxBytes: number;
  readonly #era = mintEra();
  #bytes = 0;
  #isFull = false;
  #isClosed = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The last reservation was refused. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** @throws ServerError `closed` */
  assertOpen(): void {
    if (this.#isClosed) throw new ServerError('closed', 'the store was closed; open it again before using it');
  }

  close(): void {
    this.#isClosed = true;
  }

  /**
   * Called before anything of a batch is stored; a channel counts with its users.
   * @throws ServerError `storage_full`
   */
  reserveEntries(contents: readonly EntryContent[], newChannels: number): void {
    this.#reserve(entriesBytes(contents, newChannels));
  }

  /** Of what was reserved and is not stored after all. */
  releaseEntries(contents: readonly EntryContent[], newChannels: number): void {
    this.#bytes -= entriesBytes(contents, newChannels);
  }

  /** @throws ServerError `storage_full` */
  reserveDevice(cursors: number, { isNewUser }: { readonly isNewUser: boolean }): void {
    this.#reserve((isNewUser ? USER_BYTES : 0) + DEVICE_BYTES + cursors * CURSOR_BYTES);
  }

  releaseDevice(cursors: number): void {
    this.#bytes -= DEVICE_BYTES + cursors * CURSOR_BYTES;
  }

  /** Counted, never refused: what was acknowledged is bounded by devices and channels, which are counted before. */
  countCursor(): void {
    this.#bytes += CURSOR_BYTES;
  }

  #reserve(bytes: number): void {
    if (this.#bytes + bytes > this.#maxBytes) {
      this.#isFull = true;
      throw new ServerError(
        'storage_full',
        `the memory for messages is full, nothing was stored: raise limits.memoryBytes (${this.#maxBytes}), or give a folder with --data`,
      );
    }
    this.#isFull = false;
    this.#bytes += bytes;
  }

  /** The newest rows, as of now. */
  get through(): LaneNumbers {
    return new Map([[MEMORY_LANE, this.rows.length]]);
  }

  ensureUser(id: UserId): MemoryUser {
    const known = this.users.get(id);
    if (known !== undefined) return known;
    const user: MemoryUser = { devices: new Map(), channels: [] };
    this.users.set(id, user);
    return user;
  }

  ensureChannel(channel: Channel, at: number): MemoryChannel {
    const known = this.channels.get(channel.key);
    if (known !== undefined) return known;
    const created: MemoryChannel = {
      number: this.channels.size + 1,
      channel,
      epoch: epochOf(this.#era, 1),
      entries: [],
      keys: new Map(),
      members: new Map(),
      recency: 0,
      createdAt: at,
      sentBytes: [],
      writers: new Set(),
    };
    this.channels.set(channel.key, created);
    for (const user of namedReaders(channel)) {
      created.members.set(user, { visibleFrom: 1, read: 0, delivered: 0 });
      this.ensureUser(user).channels.push(created);
    }
    return created;
  }
}

function entriesBytes(contents: readonly EntryContent[], newChannels: number): number {
  const text = contents.reduce((bytes, content) => bytes + retainedBytes(content), 0);
  return text + contents.length * ENTRY_BYTES + newChannels * (CHANNEL_BYTES + 2 * USER_BYTES);
}
