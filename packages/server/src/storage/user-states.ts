// Port: what is stored of users beside their devices and channels: when they were last seen, and what they want others to see.

import type { UserId, UserSettings } from '@longwire/protocol';
import type { GroupChannel } from '../channel/channel.js';

export const defaultUserSettings: UserSettings = Object.freeze({ presence: true, receipts: true });

export interface UserState {
  readonly user: UserId;
  /** When the last session ended, in milliseconds since 1970; after a crash perhaps an earlier time. Undefined: never seen. */
  readonly lastSeenAt: number | undefined;
  readonly settings: UserSettings;
}

export interface UserStateWrite {
  readonly user: UserId;
  /** An earlier time than the stored one moves nothing; undefined: left alone. */
  readonly lastSeenAt: number | undefined;
  /** Undefined: left alone. */
  readonly settings: UserSettings | undefined;
}

/** A user who may have written to another one. */
export interface WriterPair {
  readonly from: UserId;
  readonly to: UserId;
}

/** Items of one call, so that none takes long. */
export const MAX_STATES_PER_CALL = 100;
/** Users in one call of `sharedGroups`: for each, all groups of the viewer may be looked up. */
export const MAX_SHARED_PER_CALL = 10;

/** @throws RangeError */
export function assertStateCount(count: number, max = MAX_STATES_PER_CALL): void {
  if (count <= max) return;
  throw new RangeError(`one call takes at most ${max} items, got ${count}`);
}

export interface UserStates {
  /**
   * In the order asked (≤ {@link MAX_STATES_PER_CALL}). The defaults for a user of whom nothing is stored; a user whose row is
   * damaged shows nothing.
   */
  load(users: readonly UserId[]): Promise<readonly UserState[]>;

  /** Resolves when all of it (≤ {@link MAX_STATES_PER_CALL}) survives a power cut. Unknown users are passed over. */
  write(batch: readonly UserStateWrite[]): Promise<void>;

  /**
   * For each user (≤ {@link MAX_SHARED_PER_CALL}) one group of at most `maxMembers` that the viewer is in as well, in the order
   * asked. As it is stored, which may be above what has been fanned out. Undefined: there is none that can be read.
   */
  sharedGroups(
    viewer: UserId,
    users: readonly UserId[],
    maxMembers: number,
  ): Promise<readonly (GroupChannel | undefined)[]>;

  /**
   * Whether `from` has written to their direct channel with `to`, in the order asked (≤ {@link MAX_STATES_PER_CALL}). As it is
   * stored, which may be above what has been fanned out. False where it cannot be read.
   */
  haveWritten(pairs: readonly WriterPair[]): Promise<readonly boolean[]>;
}
