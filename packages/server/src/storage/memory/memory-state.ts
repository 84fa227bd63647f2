// What the memory engine holds, in plain maps, and how much of it there may be.

import type { DeviceId, Epoch, UserId, UserProfile } from '@longwire/protocol';
import { announcements, type Channel, type ChannelKey, namedReaders } from '../../channel/channel.js';
import { type Entry, type EntryContent, type RemovalReason, retainedBytes } from '../../channel/entry.js';
import type { Lane, LaneNumbers, LaneRow } from '../../channel/lane.js';
import type { PendingMember, Stay } from '../../channel/membership.js';
import { changedProfile, NO_PROFILE, type ProfileChange } from '../../channel/profile.js';
import { ServerError } from '../../errors.js';
import { epochOf, mintEra } from '../epoch.js';
import type { AppendRequest } from '../message-log.js';

export interface MemoryMember {
  /** Ascending, at least one. */
  readonly stays: Stay[];
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
  /** Sender as `senderOf` names it, then key. */
  readonly keys: Map<string, Map<string, Entry>>;
  readonly rights: MemoryRights;
  readonly members: Map<UserId, MemoryMember>;
  readonly pending: Map<UserId, PendingMember>;
  /** Number of the newest entry in the order of appends over all channels. */
  recency: number;
  readonly createdAt: number;
  /** Content of the first user of the pair and of both, up to and including the entry with the same index. */
  readonly sentBytes: { readonly low: number; readonly all: number }[];
  readonly writers: Set<UserId>;
  /** The numbers of the rows of its entries. */
  readonly rowNumbers: number[];
  /** Entries up to here are removed, and up to `swept` without content. */
  base: number;
  swept: number;
  /** Offsets of entries without content. */
  readonly removed: Map<number, RemovalReason>;
  /** Of an inbox: offsets above the read cursor that were read one by one. */
  readonly singleReads: Set<number>;
  /** Offsets of the newest entries of slots, where newer ones replace older ones. */
  readonly slots: Map<string, number>;
}

export interface MemoryExpiry {
  readonly at: number;
  readonly channel: MemoryChannel;
  readonly offset: number;
}

/** An application and a user may have the same id. */
export function senderOf({ from, by }: Pick<EntryContent, 'from' | 'by'>): string {
  return by === undefined ? `user ${from ?? ''}` : `application ${by}`;
}

export interface MemoryRights {
  version: number;
  isClosed: boolean;
  settings: string | undefined;
  readonly blocks: { low: boolean; high: boolean };
}

export interface MemoryDevice {
  readonly cursors: Map<ChannelKey, number>;
}

export interface MemoryUser {
  /** In the order of their last use. */
  readonly devices: Map<DeviceId, MemoryDevice>;
  /** In the order of creation of the channels; the announcements are not among them. */
  readonly channels: MemoryChannel[];
  /** The first announcement that is due to the user. */
  readonly announcementsFrom: number;
}

/** Ascending. */
export function singleReadsAbove({ singleReads }: MemoryChannel, offset: number): readonly number[] {
  return [...singleReads].filter((single) => single > offset).sort((a, b) => a - b);
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
/** A member may be a new user. */
const MEMBER_BYTES = USER_BYTES + 300;
const PENDING_BYTES = 500;

/** That of the users whom a channel itself names. */
const ALWAYS: Stay = Object.freeze({ joined: 1, left: undefined, role: 'member', dueFrom: 1, visibleFrom: 1 });

/** There is one lane. */
export const MEMORY_LANE: Lane = 0;

export class MemoryState {
  readonly channels = new Map<ChannelKey, MemoryChannel>();
  readonly users = new Map<UserId, MemoryUser>();
  /** The row with number n is at index n − 1. */
  readonly rows: LaneRow[] = [];
  /** Of entries that expire. */
  readonly expiries = new Set<MemoryExpiry>();
  /** By user, the groups in which they are pending. */
  readonly pendingPlaces = new Map<UserId, Set<MemoryChannel>>();
  readonly #profiles = new Map<UserId, UserProfile>();
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
  reserveRows(requests: readonly AppendRequest[], newChannels: number): void {
    this.#reserve(rowsBytes(requests, newChannels));
  }

  /** Of what was reserved and is not stored after all. */
  releaseRows(requests: readonly AppendRequest[], newChannels: number): void {
    this.#bytes -= rowsBytes(requests, newChannels);
  }

  /** The row has less content than before. */
  replaceRow(seq: number, entry: Entry, stripped: Entry): void {
    this.#bytes -= retainedBytes(entry) - retainedBytes(stripped);
    const { stamp, channel, change } = this.rows[seq - 1]!;
    this.rows[seq - 1] = { seq, stamp, channel, entry: stripped, change };
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

  profileOf(user: UserId): UserProfile {
    return this.#profiles.get(user) ?? NO_PROFILE;
  }

  /** Counted, never refused: users are counted before. */
  changeProfile(user: UserId, change: ProfileChange): void {
    const known = this.profileOf(user);
    const changed = changedProfile(known, change);
    this.#bytes += profileBytes(changed) - profileBytes(known);
    this.#profiles.set(user, changed);
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
    const announced = this.channels.get(announcements.key)?.entries.length ?? 0;
    const user: MemoryUser = { devices: new Map(), channels: [], announcementsFrom: announced + 1 };
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
      pending: new Map(),
      rights: { version: 0, isClosed: false, settings: undefined, blocks: { low: false, high: false } },
      recency: 0,
      createdAt: at,
      sentBytes: [],
      writers: new Set(),
      rowNumbers: [],
      base: 0,
      swept: 0,
      removed: new Map(),
      singleReads: new Set(),
      slots: new Map(),
    };
    this.channels.set(channel.key, created);
    for (const user of namedReaders(channel)) this.putStay(created, user, ALWAYS);
    return created;
  }

  /** Begins a stay, or changes the present one. */
  putStay(channel: MemoryChannel, userId: UserId, stay: Stay): void {
    const known = channel.members.get(userId);
    if (known !== undefined) {
      if (known.stays.at(-1)!.joined === stay.joined) known.stays.pop();
      known.stays.push(stay);
      return;
    }
    channel.members.set(userId, { stays: [stay], read: 0, delivered: 0 });
    const { channels } = this.ensureUser(userId);
    const place = channels.findIndex(({ number }) => number > channel.number);
    channels.splice(place < 0 ? channels.length : place, 0, channel);
  }

  /** @param next  undefined: the user is pending there no longer */
  setPending(channel: MemoryChannel, user: UserId, next: PendingMember | undefined): void {
    const places = this.pendingPlaces.get(user) ?? new Set();
    if (next === undefined) {
      channel.pending.delete(user);
      places.delete(channel);
    } else {
      channel.pending.set(user, next);
      places.add(channel);
    }
    if (places.size === 0) this.pendingPlaces.delete(user);
    else this.pendingPlaces.set(user, places);
  }

  /** All channels of a user, in the order of their creation. */
  channelsOf(userId: UserId): readonly MemoryChannel[] {
    const user = this.users.get(userId);
    const announced = this.channels.get(announcements.key);
    if (user === undefined || announced === undefined) return user?.channels ?? [];
    return [...user.channels, announced].sort((a, b) => a.number - b.number);
  }

  /** Undefined: the user is not in the channel and never was. All known users get the announcements that came after them. */
  memberOf(userId: UserId, channel: MemoryChannel): MemoryMember | undefined {
    const known = channel.members.get(userId);
    const from = this.users.get(userId)?.announcementsFrom;
    if (known !== undefined || channel.channel.kind !== 'all' || from === undefined) return known;
    if (channel.entries.length < from) return undefined;
    const stay: Stay = { joined: from, left: undefined, role: 'member', dueFrom: from, visibleFrom: from };
    const created: MemoryMember = { stays: [stay], read: 0, delivered: 0 };
    channel.members.set(userId, created);
    return created;
  }
}

function profileBytes({ name = '', picture = '' }: UserProfile): number {
  return 2 * (name.length + picture.length);
}

function rowsBytes(requests: readonly AppendRequest[], newChannels: number): number {
  let bytes = newChannels * (CHANNEL_BYTES + 2 * USER_BYTES);
  for (const { content, change } of requests) {
    bytes += ENTRY_BYTES + (content === undefined ? 0 : retainedBytes(content));
    if (change === undefined) continue;
    bytes += change.members.length * MEMBER_BYTES + change.pending.length * PENDING_BYTES;
    bytes += 2 * (change.settings?.length ?? 0);
  }
  return bytes;
}
