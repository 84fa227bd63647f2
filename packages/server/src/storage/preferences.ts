// Port: what users want of their channels, for themselves alone.

import type { UserId } from '@longwire/protocol';
import type { Channel } from '../channel/channel.js';
import type { ChannelDescription } from './directory.js';

/** What one user wants of one channel. */
export interface Preference {
  readonly channel: Channel;
  /** The user is not to be notified until then, in milliseconds since 1970; {@link FOREVER}: no end; 0: it is not muted. */
  readonly mutedUntil: number;
  readonly isArchived: boolean;
  /** The channel is not listed until it has an entry above this offset; 0: it is listed. */
  readonly hiddenThrough: number;
}

export interface PreferenceWrite extends Preference {
  readonly user: UserId;
}

/** A channel with what its user wants of it. */
export interface ListedChannel extends ChannelDescription {
  /** In milliseconds since 1970, or `true` for no end; undefined: it is not muted. */
  readonly muted: number | true | undefined;
  readonly isArchived: boolean;
  readonly isHidden: boolean;
}

export const FOREVER = Number.MAX_SAFE_INTEGER;

/** Items of one call, so that none takes long. */
export const MAX_PREFERENCES_PER_CALL = 100;

/** @throws RangeError */
export function assertPreferenceCount(count: number): void {
  if (count <= MAX_PREFERENCES_PER_CALL) return;
  throw new RangeError(`expected at most ${MAX_PREFERENCES_PER_CALL} items in one call, got ${count}`);
}

/** Whether there is nothing to store. */
export function isPlain({ mutedUntil, isArchived, hiddenThrough }: Omit<Preference, 'channel'>): boolean {
  return mutedUntil === 0 && !isArchived && hiddenThrough === 0;
}

export interface Preferences {
  /**
   * All preferences of each user, in the order asked, at most 100 users; the caller bounds how many each may have. One that
   * cannot be read is reported (`Store.onDamage`) and left out.
   */
  load(users: readonly UserId[]): Promise<readonly (readonly Preference[])[]>;

  /** At most 100. Unknown users and channels are passed over; what is plain is removed. Durable when resolved. */
  write(batch: readonly PreferenceWrite[]): Promise<void>;
}
