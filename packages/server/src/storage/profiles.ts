// Port: how users are shown to people: their names and pictures.

import type { ProfiledUser, UserId, UserProfile } from '@longwire/protocol';
import type { GroupChannel } from '../channel/channel.js';
import type { Stay } from '../channel/membership.js';
import type { ProfileChange } from '../channel/profile.js';

export interface ProfileWrite extends ProfileChange {
  readonly user: UserId;
}

/** Users as another one may know them. */
export interface SharedProfiles {
  readonly viewer: UserId;
  readonly users: readonly UserId[];
  /**
   * For a member, those who are or were in it; for a user who left, those who had joined by then. Undefined: their direct channel
   * has an entry. Users always know themselves.
   */
  readonly group: GroupChannel | undefined;
}

/** Whether one stay in a group lets its user know the user of another one. */
export function knows(viewer: Pick<Stay, 'left'>, user: Pick<Stay, 'joined'>): boolean {
  return viewer.left === undefined || user.joined <= viewer.left;
}

/** Items of one call, so that none takes long. */
export const MAX_PROFILES_PER_CALL = 100;

/** @throws RangeError */
export function assertProfileCount(count: number): void {
  if (count <= MAX_PROFILES_PER_CALL) return;
  throw new RangeError(`expected at most ${MAX_PROFILES_PER_CALL} items in one call, got ${count}`);
}

export interface Profiles {
  /** In the order asked, at most 100. Empty for an unknown user, one without, and one that cannot be read, which is reported. */
  load(users: readonly UserId[]): Promise<readonly UserProfile[]>;

  /** As `load`, and empty for those who share no such channel with the viewer. */
  loadShared(wanted: SharedProfiles): Promise<readonly UserProfile[]>;

  /**
   * Users whose folded names begin with `prefix` (`foldedName`), ascending by the bytes of these, at most `limit` (≤ 100). One
   * that cannot be read is reported and left out.
   */
  search(prefix: string, limit: number): Promise<readonly ProfiledUser[]>;

  /**
   * At most 100. Unknown users are passed over; what changes nothing is not written. Durable when resolved.
   * @returns whether each user is known
   */
  write(batch: readonly ProfileWrite[]): Promise<readonly boolean[]>;
}
