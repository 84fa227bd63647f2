// Port: who there is, which devices they have, and which channels they are in.

import type { DeviceId, Epoch, UserId, UserProfile } from '@longwire/protocol';
import type { Channel } from '../channel/channel.js';
import type { Entry } from '../channel/entry.js';
import type { LaneNumbers } from '../channel/lane.js';
import type { MemberRole } from '../channel/membership.js';
import type { ProfileChange } from '../channel/profile.js';

/** One channel as one user's device stands to it; what a session compares when it opens. */
export interface ChannelStatus {
  readonly channel: Channel;
  readonly epoch: Epoch;
  readonly head: number;
  readonly base: number;
  /** First offset that is pushed to this user. */
  readonly dueFrom: number;
  /** First offset that this user may read; at most `dueFrom`. */
  readonly visibleFrom: number;
  /** Last offset that this user gets, because they left by it; undefined: they are in the channel. */
  readonly left: number | undefined;
  /** Stored cursor of the device; undefined: never acknowledged here, so from `dueFrom`. */
  readonly cursor: number | undefined;
  /** Stored read cursor of the user; 0: nothing read. */
  readonly read: number;
  /** Ascending with the time of the channel's last entry over all channels: sorts chats by recency. */
  readonly recency: number;
}

export interface ChannelStatusSlice {
  readonly channels: readonly ChannelStatus[];
  /** Give it to the next call; undefined: that was the last slice. */
  readonly next: number | undefined;
  /** The newest rows when the slice was read. */
  readonly through: LaneNumbers;
}

export interface MemberState {
  readonly user: UserId;
  /** Furthest acknowledgement of any device. */
  readonly delivered: number;
  readonly read: number;
}

/** What a group is to one of its members, beside its log. */
export interface GroupDescription {
  readonly role: MemberRole;
  /** JSON text; undefined: it has none. */
  readonly settings: string | undefined;
  readonly memberCount: number;
}

export interface ChannelDescription {
  readonly channel: Channel;
  readonly epoch: Epoch;
  readonly head: number;
  readonly visibleFrom: number;
  /** The user's read cursor, the caller's if that is newer. */
  readonly read: number;
  /** `message` entries after the read cursor, and since the user joined, that are not the user's own. */
  readonly unread: number;
  readonly last: Entry | undefined;
  /** The body and the headers of `last` are left out, because they are longer than was wanted. */
  readonly isLastTruncated: boolean;
  /** The user blocks the other one of this direct channel. */
  readonly isBlocked: boolean;
  /** Both users of a direct channel; of other channels, none. */
  readonly members: readonly MemberState[];
  /** Of the other user of a direct channel; of other channels, empty. */
  readonly profile: UserProfile;
  /** Of inboxes only: offsets above `read` that were read one by one, ascending. */
  readonly singleReads: readonly number[];
  /** Of groups only. */
  readonly group: GroupDescription | undefined;
  /** As in {@link ChannelStatus}. */
  readonly recency: number;
}

/** `maybe-forgotten`: not known, but the user has had as many devices as there may be, and this may be one of the forgotten. */
export type DeviceState = 'known' | 'new' | 'maybe-forgotten';

/**
 * Why a device is not stored. `unknown-…`: it or its user is not known, and had to be. `all-in-use`: the user has as many as
 * there may be, and none may be forgotten.
 */
export type DeviceRefusal = 'unknown-user' | 'unknown-device' | 'all-in-use';

/** A device for which not all cursors are written yet. Until then it is no known device. */
export interface UnfinishedDevice {
  /** How it stood before. */
  readonly state: DeviceState;
  /** Where the next step goes on; its meaning is the engine's. */
  readonly after: number;
}

/** A device that signs in. */
export interface DeviceSignIn {
  readonly user: UserId;
  readonly device: DeviceId;
  /** True: it is not created. */
  readonly mustExist: { readonly user: boolean; readonly device: boolean };
  readonly at: number;
  /** Devices of the user with a session: these are not forgotten. */
  readonly inUse: readonly DeviceId[];
  /** How the user is shown from now on; undefined: as before. Written with the device, and only if it is another one. */
  readonly profile?: ProfileChange | undefined;
  /** What the last call returned; undefined: this is the first one. */
  readonly unfinished: UnfinishedDevice | undefined;
}

export interface Directory {
  /**
   * Makes sure that the user and the device exist. A device that is not known gets a cursor in every channel the user has
   * read, at the read cursor. Beyond the devices that a user may have, the longest unused is forgotten with its cursors: signing in is use, and so
   * is an acknowledgement, to the minute; the order is that of the calls, whatever the clock says. Durable when resolved.
   *
   * A user may have many channels, so a call writes a bounded number of cursors and may return an unfinished device: it is
   * to be called again with that. A device that stays unfinished is not known, and the next sign-in begins anew.
   * @returns how the device stood before, or why it cannot be stored
   */
  openDevice(signIn: DeviceSignIn): Promise<DeviceState | DeviceRefusal | UnfinishedDevice>;

  /** Writes nothing, so it answers on a full disk as well. */
  findDevice(user: UserId, device: DeviceId): Promise<DeviceState>;

  /**
   * The user's channels in slices of at most `limit` (≤ 1 000), so that commits pass between them. As they are stored, which may be
   * above what has been fanned out. A channel that the user left is among them until the device has acknowledged `left`; the
   * announcements are, once they have an entry that is due to the user.
   */
  channelStatuses(
    user: UserId,
    device: DeviceId,
    after: number | undefined,
    limit: number,
  ): Promise<ChannelStatusSlice>;

  /**
   * Channels with their last entry, unread count and members' states. `read` is the caller's newer read cursor where it
   * has one that is not written yet. Channels the user is not in are left out; one without entries is not.
   * @param maxLastBytes of body and headers of a last entry
   */
  describe(
    user: UserId,
    channels: readonly { readonly channel: Channel; readonly read: number }[],
    maxLastBytes: number,
  ): Promise<readonly ChannelDescription[]>;
}
