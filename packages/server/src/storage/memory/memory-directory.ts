// Users, devices and channel statuses of the memory engine.

import type { DeviceId, UserId } from '@longwire/protocol';
import { type Channel, type ChannelKey, isReplacedBySlot, peerIn } from '../../channel/channel.js';
import { contentBytes, type Entry, messageKind } from '../../channel/entry.js';
import type { MemberRole } from '../../channel/membership.js';
import { NO_PROFILE } from '../../channel/profile.js';
import type {
  ChannelDescription,
  ChannelStatus,
  ChannelStatusSlice,
  DeviceRefusal,
  DeviceSignIn,
  DeviceState,
  Directory,
  GroupDescription,
  MemberState,
} from '../directory.js';
import { blocks, rightsOf } from './memory-rights.js';
import {
  type MemoryChannel,
  type MemoryDevice,
  type MemoryState,
  type MemoryUser,
  singleReadsAbove,
  useDevice,
} from './memory-state.js';

export class MemoryDirectory implements Directory {
  readonly #state: MemoryState;
  readonly #devicesPerUser: number;

  constructor(state: MemoryState, devicesPerUser: number) {
    this.#state = state;
    this.#devicesPerUser = devicesPerUser;
  }

  async openDevice(signIn: DeviceSignIn): Promise<DeviceState | DeviceRefusal> {
    const { user: userId, device: deviceId, mustExist, inUse, profile } = signIn;
    this.#state.assertOpen();
    const known = this.#state.users.get(userId);
    if (mustExist.user && known === undefined) return 'unknown-user';
    const state = this.#stateOf(known, deviceId);
    if (mustExist.device && state !== 'known') return 'unknown-device';
    if (known !== undefined && state === 'known') {
      useDevice(known, deviceId);
      if (profile !== undefined) this.#state.changeProfile(userId, profile);
      return state;
    }
    const forgotten =
      state === 'new' ? undefined : [...(known?.devices.keys() ?? [])].find((id) => !inUse.includes(id));
    if (state === 'maybe-forgotten' && forgotten === undefined) return 'all-in-use';
    const cursors = readCursors(this.#state.channelsOf(userId), userId);
    this.#state.reserveDevice(cursors.size, { isNewUser: known === undefined });
    const user = this.#state.ensureUser(userId);
    if (forgotten !== undefined) this.#forget(user, forgotten);
    user.devices.set(deviceId, { cursors });
    if (profile !== undefined) this.#state.changeProfile(userId, profile);
    return state;
  }

  async findDevice(userId: UserId, deviceId: DeviceId): Promise<DeviceState> {
    this.#state.assertOpen();
    return this.#stateOf(this.#state.users.get(userId), deviceId);
  }

  async channelStatuses(
    userId: UserId,
    deviceId: DeviceId,
    after: number | undefined,
    limit: number,
  ): Promise<ChannelStatusSlice> {
    this.#state.assertOpen();
    const user = this.#state.users.get(userId);
    if (user === undefined) return { channels: [], next: undefined, through: this.#state.through };
    const device = user.devices.get(deviceId);
    const rest = this.#state.channelsOf(userId).filter((channel) => channel.number > (after ?? 0));
    const slice = rest.slice(0, limit);
    const statuses = slice.map((channel) => this.#statusOf(channel, userId, device));
    return {
      channels: statuses.filter((status) => status !== undefined),
      next: rest.length > slice.length ? slice.at(-1)?.number : undefined,
      through: this.#state.through,
    };
  }

  async describe(
    userId: UserId,
    wanted: readonly { readonly channel: Channel; readonly read: number }[],
    maxLastBytes: number,
  ): Promise<readonly ChannelDescription[]> {
    this.#state.assertOpen();
    const descriptions: ChannelDescription[] = [];
    for (const { channel: asked, read } of wanted) {
      const channel = this.#state.channels.get(asked.key);
      const member = channel && this.#state.memberOf(userId, channel);
      const stay = member?.stays.at(-1);
      if (channel === undefined || stay === undefined || stay.left !== undefined) continue;
      const head = channel.entries.length;
      const last = channel.removed.has(head) || head <= channel.base ? undefined : channel.entries.at(-1);
      const isLastTruncated = last !== undefined && contentBytes(last) > maxLastBytes;
      descriptions.push({
        channel: channel.channel,
        epoch: channel.epoch,
        head,
        visibleFrom: stay.visibleFrom,
        read: Math.max(read, member!.read),
        unread: countUnread(channel, userId, Math.max(read, member!.read, stay.dueFrom - 1, channel.base)),
        last: isLastTruncated ? { ...last, body: '', headers: undefined } : last,
        isLastTruncated,
        isBlocked: blocks(channel, userId),
        members: asked.kind === 'direct' ? memberStates(channel) : [],
        profile: asked.kind === 'direct' ? this.#state.profileOf(peerIn(asked, userId)) : NO_PROFILE,
        singleReads: singleReadsAbove(channel, Math.max(read, member!.read, channel.base)),
        group: asked.kind === 'group' ? groupDescription(channel, stay.role) : undefined,
        recency: channel.recency,
      });
    }
    return descriptions;
  }

  /** Undefined: it is no longer one of the user's, and the device knows. */
  #statusOf(channel: MemoryChannel, user: UserId, device: MemoryDevice | undefined): ChannelStatus | undefined {
    const member = this.#state.memberOf(user, channel);
    if (member === undefined || channel.entries.length === 0) return undefined;
    const { dueFrom, visibleFrom, left } = member.stays.at(-1)!;
    const cursor = device?.cursors.get(channel.channel.key);
    if (left !== undefined && cursor !== undefined && cursor >= left) return undefined;
    return {
      channel: channel.channel,
      epoch: channel.epoch,
      head: channel.entries.length,
      base: channel.base,
      dueFrom,
      visibleFrom,
      left,
      cursor,
      read: member.read,
      recency: channel.recency,
    };
  }

  #stateOf(user: MemoryUser | undefined, device: DeviceId): DeviceState {
    if (user?.devices.has(device) === true) return 'known';
    return (user?.devices.size ?? 0) < this.#devicesPerUser ? 'new' : 'maybe-forgotten';
  }

  #forget(user: MemoryUser, device: DeviceId): void {
    this.#state.releaseDevice(user.devices.get(device)?.cursors.size ?? 0);
    user.devices.delete(device);
  }
}

function groupDescription(channel: MemoryChannel, role: MemberRole): GroupDescription {
  const { settings, memberCount } = rightsOf(channel);
  return { role, settings, memberCount };
}

function memberStates({ members }: MemoryChannel): MemberState[] {
  return [...members].map(([user, { delivered, read }]) => ({ user, delivered, read }));
}

function countUnread(channel: MemoryChannel, user: UserId, read: number): number {
  const isPassed = ({ offset, from }: Entry) => {
    const reason = isReplacedBySlot(channel.channel) && from === undefined ? channel.removed.get(offset) : undefined;
    return reason === 'superseded' || reason === 'expired' || channel.singleReads.has(offset);
  };
  const unread = channel.entries.slice(read).filter((entry) => entry.kind === messageKind && entry.from !== user);
  return unread.filter((entry) => !isPassed(entry)).length;
}

/** Where a device begins that is new: at the user's read cursor of every channel they have read. */
function readCursors(channels: readonly MemoryChannel[], user: UserId): Map<ChannelKey, number> {
  const cursors = new Map<ChannelKey, number>();
  for (const channel of channels) {
    const read = channel.members.get(user)?.read ?? 0;
    if (read > 0) cursors.set(channel.channel.key, read);
  }
  return cursors;
}
