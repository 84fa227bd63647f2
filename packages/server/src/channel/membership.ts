// Who is in a channel and since when, and what else decides who may write there. The words of rights that storage, delivery
// and messaging share.

import type { UserId } from '@longwire/protocol';
import type { Channel } from './channel.js';

export type MemberRole = 'owner' | 'admin' | 'member';

/** One interval in which a user is in a channel. Who comes back begins another one. */
export interface Stay {
  /** Offset of the entry by which they joined. */
  readonly joined: number;
  /** Offset of the entry by which they left, which is the last one they get; undefined: they are in the channel. */
  readonly left: number | undefined;
  readonly role: MemberRole;
  /** From here on entries are pushed to them. */
  readonly dueFrom: number;
  /** From here on entries may be read by them; at most `dueFrom`. */
  readonly visibleFrom: number;
}

export interface ChannelMember extends Stay {
  readonly user: UserId;
}

/**
 * What becomes of one user. Offsets are those of the entry that carries the change: of a join, `joined` and `dueFrom`; of a
 * leave, `left`. A join of a member changes the role; a leave or a role of a user who is not a member changes nothing.
 */
export type MemberChange =
  | {
      readonly type: 'join';
      readonly user: UserId;
      readonly role: MemberRole;
      /** `start`: all of the log. `joining`: from the entry that carries the change. */
      readonly visibleFrom: 'start' | 'joining';
    }
  | { readonly type: 'leave'; readonly user: UserId }
  | { readonly type: 'role'; readonly user: UserId; readonly role: MemberRole };

/**
 * `invited`: a member has asked the user to join. `requested`: the user has asked to. Neither is a member; a user who joins
 * is pending no longer.
 */
export type PendingState = 'invited' | 'requested';

/** What becomes of a user who is not a member. */
export interface PendingChange {
  readonly user: UserId;
  /** Undefined: pending no longer. Of a member, it changes nothing. */
  readonly state: PendingState | undefined;
  /** Who wants it: the user themselves, or a member. */
  readonly by: UserId;
}

/** A user who is not a member of a group, and may become one. */
export interface PendingMember {
  readonly user: UserId;
  readonly state: PendingState;
  readonly by: UserId;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Whether one of the two users of a direct channel blocks the other. */
export interface BlockChange {
  readonly by: UserId;
  readonly isBlocked: boolean;
}

/** What one row changes of the rights in its channel. Each one makes a new version of them. */
export interface RightsChange {
  /** At most {@link MAX_MEMBER_CHANGES}, applied in this order; of groups, and with an entry only. */
  readonly members: readonly MemberChange[];
  /** Of groups, at most {@link MAX_MEMBER_CHANGES}; applied after `members`. */
  readonly pending: readonly PendingChange[];
  /** JSON text of the channel's settings from now on, at most {@link MAX_SETTINGS_BYTES}; undefined: they stay. Opaque to engines. */
  readonly settings: string | undefined;
  /** Of direct channels only. */
  readonly blocks: readonly BlockChange[];
  /** The channel takes nothing more. */
  readonly closes: boolean;
}

export interface ChangedMember extends ChannelMember {
  /** Of a user who came back by this change: where the stay before ended. */
  readonly leftBefore: number | undefined;
}

/** A user whose pending state is another one now. */
export interface ChangedPending extends PendingChange {
  readonly at: number;
  /** The state before. */
  readonly was: PendingState | undefined;
}

/** A change as it was stored: with the new state of every member and every pending user that it changed. */
export interface AppliedChange extends Omit<RightsChange, 'members' | 'pending'> {
  readonly members: readonly ChangedMember[];
  readonly pending: readonly ChangedPending[];
}

/** Of a channel: nothing is changed. */
export const NO_RIGHTS_CHANGE: RightsChange = Object.freeze({
  members: Object.freeze([]),
  pending: Object.freeze([]),
  settings: undefined,
  blocks: Object.freeze([]),
  closes: false,
});

/** Who may do what in a channel, apart from its members. */
export interface ChannelRights {
  readonly channel: Channel;
  /** Number of the newest row that changed them; 0: none did, or there is no such channel. */
  readonly version: number;
  readonly isClosed: boolean;
  /** JSON text, as the newest change gave it. */
  readonly settings: string | undefined;
  /** Which of the two users of a direct channel blocks the other. */
  readonly blocks: { readonly low: boolean; readonly high: boolean };
  /** Users who are in a group. */
  readonly memberCount: number;
}

export const MAX_MEMBER_CHANGES = 200;
export const MAX_SETTINGS_BYTES = 16_384;
