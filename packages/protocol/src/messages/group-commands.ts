// The commands that begin, change and end groups.

import type { GroupId, UserId } from '../names/ids.js';
import type { Epoch } from '../names/position.js';
import type { CommandFields } from './command-base.js';
import type { JsonValue } from './json-value.js';

/** What a member may do: owners everything, admins all but roles, owners and deletion. */
export type GroupRole = 'owner' | 'admin' | 'member';

/** What a group says of itself, and how it is joined, read and written to. */
export interface GroupSettings {
  /** 1-200 characters. */
  readonly title?: string | undefined;
  /** 1-2 000 characters. */
  readonly description?: string | undefined;
  /** A URL of 1-2 000 characters. */
  readonly picture?: string | undefined;
  /** Whatever the application wants to keep: at most 4 096 bytes of JSON text. */
  readonly metadata?: Readonly<Record<string, JsonValue>> | undefined;
  /** `closed`, the default: owners and admins add users. `request`: users ask to join. `open`: they join. */
  readonly joining?: 'closed' | 'request' | 'open' | undefined;
  /** From where on a member reads: their joining, the default, or the start. It counts for those who join from then on. */
  readonly history?: 'joining' | 'start' | undefined;
  /** Who writes: all members, the default, or only owners and admins. */
  readonly posting?: 'members' | 'admins' | undefined;
}

/** Begins a group with the user as its owner. Answer: `ok` with `group`, `added` and `invited`. */
export interface GroupCreateCommand extends CommandFields, GroupSettings {
  readonly type: 'group.create';
  /** Default: a random one. */
  readonly group?: GroupId | undefined;
  /** As in `group.add`. */
  readonly users?: readonly UserId[] | undefined;
  /** Idempotency key, as in `send`; for a `group` that the client has named. */
  readonly key?: string | undefined;
}

/** A setting that is `null` has its default again. */
export type GroupSettingsChange = { readonly [Name in keyof GroupSettings]: GroupSettings[Name] | null };

/** Changes settings; for owners and admins. Answer: `ok`. */
export interface GroupUpdateCommand extends CommandFields, GroupSettingsChange {
  readonly type: 'group.update';
  readonly group: GroupId;
  readonly key?: string | undefined;
}

/**
 * Adds users who have written to this user before or have asked to join, and invites the others; for owners and admins.
 * Answer: `ok` with `added` and `invited`.
 */
export interface GroupAddCommand extends CommandFields {
  readonly type: 'group.add';
  readonly group: GroupId;
  /** 1-200. */
  readonly users: readonly UserId[];
}

/** Invites users, and adds those who have asked to join; for owners and admins. Answer: `ok` with `added` and `invited`. */
export interface GroupInviteCommand extends CommandFields {
  readonly type: 'group.invite';
  readonly group: GroupId;
  /** 1-200. */
  readonly users: readonly UserId[];
}

/** Accepts an invitation of this user, or for owners and admins the request of another one. Answer: `ok`. */
export interface GroupAcceptCommand extends CommandFields {
  readonly type: 'group.accept';
  readonly group: GroupId;
  /** Who has asked to join. Default: this user, who is invited. */
  readonly user?: UserId | undefined;
}

/**
 * Declines an invitation of this user or takes their request back; for owners and admins, declines the request of another user
 * or takes their invitation back. Answer: `ok`.
 */
export interface GroupDeclineCommand extends CommandFields {
  readonly type: 'group.decline';
  readonly group: GroupId;
  /** Default: this user. */
  readonly user?: UserId | undefined;
}

/**
 * Joins a group that is open or to which the user is invited, and asks to join one that takes requests. Answer: `ok`, with
 * `pending: true` for a request.
 */
export interface GroupJoinCommand extends CommandFields {
  readonly type: 'group.join';
  readonly group: GroupId;
}

/** Leaves the group; the last one who leaves ends it. Answer: `ok`. */
export interface GroupLeaveCommand extends CommandFields {
  readonly type: 'group.leave';
  readonly group: GroupId;
}

/**
 * Removes members, and ends invitations and requests; for owners, and for admins as far as members are no owners or admins.
 * Answer: `ok` with `removed`.
 */
export interface GroupRemoveCommand extends CommandFields {
  readonly type: 'group.remove';
  readonly group: GroupId;
  /** 1-200. */
  readonly users: readonly UserId[];
}

/** Changes the role of a member; for owners. Answer: `ok`. */
export interface GroupRoleCommand extends CommandFields {
  readonly type: 'group.role';
  readonly group: GroupId;
  readonly user: UserId;
  readonly role: GroupRole;
}

/** Removes all members and ends the group; for owners. Answer: `ok`. */
export interface GroupDeleteCommand extends CommandFields {
  readonly type: 'group.delete';
  readonly group: GroupId;
  readonly key?: string | undefined;
}

/**
 * A page of the members, ascending by the bytes of their ids; for members. With `pending`, of the users who are invited or
 * have asked to join; for owners and admins. Answer: `members`.
 */
export interface GroupMembersCommand extends CommandFields {
  readonly type: 'group.members';
  readonly group: GroupId;
  readonly pending?: boolean | undefined;
  /** The last user of the previous page. */
  readonly after?: UserId | undefined;
  /** 1-200, default 50. */
  readonly limit?: number | undefined;
}

/** A page of the invitations of this user, ascending by the bytes of the ids of the groups. Answer: `invitations`. */
export interface GroupInvitationsCommand extends CommandFields {
  readonly type: 'group.invitations';
  /** The last group of the previous page. */
  readonly after?: GroupId | undefined;
  /** 1-200, default 50. */
  readonly limit?: number | undefined;
}

/** Who has received and read an entry; for members of groups that are not too large. Answer: `receipts`. */
export interface GroupReceiptsCommand extends CommandFields {
  readonly type: 'group.receipts';
  readonly group: GroupId;
  /** Default: the current epoch. */
  readonly epoch?: Epoch | undefined;
  /** At least 1. */
  readonly offset: number;
}

/** The commands that change a group. */
export type GroupCommand =
  | GroupCreateCommand
  | GroupUpdateCommand
  | GroupAddCommand
  | GroupInviteCommand
  | GroupAcceptCommand
  | GroupDeclineCommand
  | GroupJoinCommand
  | GroupLeaveCommand
  | GroupRemoveCommand
  | GroupRoleCommand
  | GroupDeleteCommand;
