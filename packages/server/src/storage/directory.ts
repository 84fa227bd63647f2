// Port: who there is, which devices they have, and which channels they are in.

import type { DeviceId, Epoch, UserId } from '@longwire/protocol';
import type { Channel } from '../channel/channel.js';
import type { Entry } from '../channel/entry.js';

/** One channel as one user's device stands to it; what a session compares when it opens. */
export interface ChannelStatus {
  readonly channel: Channel;
  readonly epoch: Epoch;
  readonly head: number;
  readonly base: number;
  /** First offset this user may see. */
  readonly visibleFrom: number;
  /** Stored cursor of the device; undefined: never acknowledged here, so from `visibleFrom`. */
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
}

export interface MemberState {
  readonly user: UserId;
  /** Furthest acknowledgement of any device. */
  readonly delivered: number;
  readonly read: number;
}

export interface ChannelDescription {
  readonly channel: Channel;
  readonly epoch: Epoch;
  readonly head: number;
  readonly visibleFrom: number;
  /** `message` entries after the read cursor that are not the user's own. */
  readonly unread: number;
  readonly last: Entry | undefined;
  /** The body and the headers of `last` are left out, because they are longer than was wanted. */
  readonly isLastTruncated: boolean;
  /** All members of a direct channel. */
  readonly members: readonly MemberState[];
  /** As in {@link ChannelStatus}. */
  readonly recency: number;
}

export interface Directory {
  /**
   * Makes sure that the user and the device exist. A device seen for the first time gets a cursor in every channel the
   * user has read, at the read cursor; beyond 32 devices the longest unused is forgotten with its cursors. Durable when resolved.
   */
  openDevice(user: UserId, device: DeviceId, at: number): Promise<'known' | 'new'>;

  /** Whether the user has the device. Writes nothing, so it answers on a full disk as well. */
  hasDevice(user: UserId, device: DeviceId): Promise<boolean>;

  /** The user's channels in slices of at most `limit` (≤ 1 000), so that commits pass between them. Ordered with appends as `heads`. */
  channelStatuses(
    user: UserId,
    device: DeviceId,
    after: number | undefined,
    limit: number,
  ): Promise<ChannelStatusSlice>;

  /**
   * Channels with their last entry, unread count and members' states. `read` is the caller's newer read cursor where it
   * has one that is not written yet. Channels the user is not in are left out.
   * @param maxLastBytes of body and headers of a last entry
   */
  describe(
    user: UserId,
    channels: readonly { readonly channel: Channel; readonly read: number }[],
    maxLastBytes: number,
  ): Promise<readonly ChannelDescription[]>;
}
