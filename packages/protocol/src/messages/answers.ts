// The server's answers to commands that have an `id`: every message with `re`.

import type { ErrorFields } from '../catalogue/error-catalogue.js';
import type { SessionLimits } from '../catalogue/limits.js';
import type { Address } from '../names/address.js';
import type { CommandId, GroupId, UserId } from '../names/ids.js';
import type { Epoch } from '../names/position.js';
import type { ChannelSummary } from './channel-summary.js';
import type { EntryPush } from './entries.js';
import type { GapPush } from './gap-push.js';
import type { GroupRole } from './group-commands.js';
import type { ProfiledUser } from './profiles.js';
import type { Invitation, PresenceState, UserSettings } from './pushes.js';

export interface AnswerFields {
  /** The `id` of the command. */
  readonly re: CommandId;
}

/** To `connect`. */
export interface ConnectedAnswer extends AnswerFields {
  readonly type: 'connected';
  readonly user: UserId;
  /** 128 random bits. */
  readonly session: string;
  /** Whether the server has seen this device of this user before. */
  readonly device: 'known' | 'new';
  readonly heartbeatMs: number;
  /** `longwire/<version>`. */
  readonly server: string;
  /** The server's clock, in milliseconds since 1970. */
  readonly time: number;
  /** When the token expires; missing if it never does. */
  readonly expiresAt?: number | undefined;
  readonly limits: SessionLimits;
  /** Some of `features`; a newer server may add others. */
  readonly features: readonly string[];
  /** The ones with the newest entries: at most 50, and no more than fit `fieldLimits.connectedBytes`. */
  readonly channels: readonly ChannelSummary[];
  /** There are other channels: the command `channels` returns them in pages. Missing if there are none. */
  readonly more?: boolean | undefined;
  /** Names in `connect.cursors` that are not channels which this user may read, as many as fit `fieldLimits.ignoredBytes`. */
  readonly ignored: readonly string[];
}

/** To `refresh`. */
export interface RefreshedAnswer extends AnswerFields {
  readonly type: 'refreshed';
  /** Missing if the new token never expires. */
  readonly expiresAt?: number | undefined;
}

/** To `send`: stored and synced to disk. */
export interface SentAnswer extends AnswerFields {
  readonly type: 'sent';
  readonly channel: Address;
  readonly epoch: Epoch;
  readonly offset: number;
  readonly at: number;
  /** The key was known: nothing was appended, and this is the position of the first attempt. */
  readonly repeated?: boolean | undefined;
  /** `false`: kept in memory only. Missing: durable. */
  readonly durable?: boolean | undefined;
}

export interface OkAnswer extends AnswerFields, GroupOutcome {
  readonly type: 'ok';
}

/** To commands of groups: what became of it. */
export interface GroupOutcome {
  /** `group.create`: the id of the group. */
  readonly group?: GroupId | undefined;
  /** The users who are members from now on. */
  readonly added?: readonly UserId[] | undefined;
  /** The users who are invited by this. */
  readonly invited?: readonly UserId[] | undefined;
  /** `group.join`: the user has asked to join, and is no member yet. */
  readonly pending?: boolean | undefined;
  /** The users who are members no longer, or were invited or had asked to join and have not any more. */
  readonly removed?: readonly UserId[] | undefined;
  /** The key was known: nothing was changed. */
  readonly repeated?: boolean | undefined;
}

/** To `history`: in ascending order entries, and gaps in the place of those that are not available. */
export interface HistoryAnswer extends AnswerFields {
  readonly type: 'history';
  readonly entries: readonly (EntryPush | GapPush)[];
  /** Whether there are more entries in the requested direction. */
  readonly more: boolean;
}

/** To `channels`. */
export interface ChannelsAnswer extends AnswerFields {
  readonly type: 'channels';
  readonly channels: readonly ChannelSummary[];
  readonly more: boolean;
}

/** To `group.members`. */
export interface GroupMembersAnswer extends AnswerFields {
  readonly type: 'members';
  readonly members: readonly (GroupMemberItem | PendingMemberItem)[];
  readonly more: boolean;
  /** How many there are in the group. */
  readonly total: number;
}

/** To `blocks`. */
export interface BlocksAnswer extends AnswerFields {
  readonly type: 'blocks';
  readonly users: readonly UserId[];
  readonly more: boolean;
}

export interface GroupMemberItem extends ProfiledUser {
  readonly role: GroupRole | (string & Record<never, never>);
}

/** Of `group.members` with `pending`: a user who is no member yet. */
export interface PendingMemberItem {
  readonly user: UserId;
  readonly state: 'invited' | 'requested' | (string & Record<never, never>);
  /** Who invites the user, or the user who has asked to join. */
  readonly by: UserId;
  /** In milliseconds since 1970. */
  readonly at: number;
}

/** To `group.invitations`. */
export interface GroupInvitationsAnswer extends AnswerFields {
  readonly type: 'invitations';
  readonly invitations: readonly GroupInvitation[];
  readonly more: boolean;
}

/** To `group.receipts`: other members, as far as they show it, ascending by the bytes of their ids. */
export interface GroupReceiptsAnswer extends AnswerFields {
  readonly type: 'receipts';
  /** Of whom a device has acknowledged the entry. */
  readonly delivered: readonly UserId[];
  /** Those among them who have read it. */
  readonly read: readonly UserId[];
}

/** A group that this user is invited to. */
export interface GroupInvitation extends Invitation {
  readonly group: GroupId;
}

/** To `users`: in the order asked, those who have a name or a picture and share the channel. To `users.search`: those found. */
export interface UsersAnswer extends AnswerFields {
  readonly type: 'users';
  readonly users: readonly ProfiledUser[];
}

/** To `presence` and `watch`. */
export interface PresenceListAnswer extends AnswerFields {
  readonly type: 'presenceList';
  /** All users that were asked for. */
  readonly users: Readonly<Record<UserId, PresenceState>>;
}

/** To `settings`: as they are now. */
export interface SettingsAnswer extends AnswerFields, UserSettings {
  readonly type: 'settings';
}

/** To `ping`. */
export interface PongAnswer extends AnswerFields {
  readonly type: 'pong';
  readonly time: number;
}

export interface ErrorAnswer extends AnswerFields, ErrorFields {
  readonly type: 'error';
}

export type Answer =
  | ConnectedAnswer
  | RefreshedAnswer
  | SentAnswer
  | OkAnswer
  | HistoryAnswer
  | ChannelsAnswer
  | GroupMembersAnswer
  | BlocksAnswer
  | GroupInvitationsAnswer
  | GroupReceiptsAnswer
  | UsersAnswer
  | PresenceListAnswer
  | SettingsAnswer
  | PongAnswer
  | ErrorAnswer;
