// Port: how far devices acknowledged and users read. Written lazily, always monotone.

import type { DeviceId, UserId } from '@longwire/protocol';
import type { Channel, InboxChannel } from '../channel/channel.js';

/** One channel of one user. A lower value than the stored one moves nothing; undefined fields are left alone. */
export interface CursorWrite {
  readonly user: UserId;
  readonly channel: Channel;
  readonly read: number | undefined;
  /** Furthest acknowledgement of any of the user's devices. */
  readonly delivered: number | undefined;
  /** Per device: newest acknowledged offset. */
  readonly devices: ReadonlyMap<DeviceId, number>;
}

export interface StoredCursors {
  readonly user: UserId;
  readonly channel: Channel;
  readonly read: number;
  readonly delivered: number;
}

/** Of one user, above their read cursor. */
export const MAX_SINGLE_READS = 1_000;

/** One notification. */
export interface SingleRead {
  readonly channel: InboxChannel;
  readonly offset: number;
  /** The read cursor, the caller's where it is not written yet. */
  readonly read: number;
}

export interface Cursors {
  /**
   * Low priority: runs between commits. Resolves when the whole batch (≤ 1 000) survives a power cut. Unknown users,
   * devices and channels are passed over. Devices that acknowledged were used at `at`.
   */
  write(batch: readonly CursorWrite[], at: number): Promise<void>;

  /**
   * Marks one message of an inbox as read, above its read cursor; one that is not there, or was removed, is passed over. Those
   * that the cursor reaches are forgotten. Durable when resolved.
   * @returns all of them, ascending; undefined: there are {@link MAX_SINGLE_READS} already, and nothing was changed
   */
  readSingly(single: SingleRead): Promise<readonly number[] | undefined>;

  /** Zeroes where nothing is stored, in the order asked. */
  load(wanted: readonly { readonly user: UserId; readonly channel: Channel }[]): Promise<readonly StoredCursors[]>;
}
