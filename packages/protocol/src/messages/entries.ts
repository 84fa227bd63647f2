// The entries of logs, as pushed and as listed in `history`.

import type { Address } from '../names/address.js';
import type { UserId } from '../names/ids.js';
import type { Epoch, Position } from '../names/position.js';
import type { GapPush } from './gap-push.js';
import type { GroupRole, GroupSettingsChange } from './group-commands.js';
import type { JsonValue } from './json-value.js';

/** The fields that identify an entry. No push that is not an entry has all of the first three. */
export interface EntryPlace {
  readonly channel: Address;
  readonly epoch: Epoch;
  /** 1…2^53−1, without gaps within an epoch. */
  readonly offset: number;
  /** Number of entries directly before this one that conflation dropped. */
  readonly skipped?: number | undefined;
}

/** A message. Exactly one of `body` and `bytes`, or `truncated`. */
export interface MessageEntry extends EntryPlace {
  readonly type: 'message';
  /** The user who wrote it; missing if an application did. */
  readonly from?: UserId | undefined;
  /** The application that wrote it, without a user or for the user in `from`. */
  readonly by?: string | undefined;
  /** When it was stored, in milliseconds since 1970; never decreases within a channel. */
  readonly at: number;
  readonly body?: JsonValue | undefined;
  /** Not a field of the wire: the exact JSON text of `body`, if `decodeServerMessage` was asked to keep it. */
  readonly bodyText?: string | undefined;
  /** Base64. */
  readonly bytes?: string | undefined;
  /** Only for the sender's own devices. */
  readonly key?: string | undefined;
  readonly slot?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly contentType?: string | undefined;
  readonly replyTo?: Position | undefined;
  /** The offset of the entry of the same channel that this one is about. */
  readonly target?: number | undefined;
  /** When it will be removed, in milliseconds since 1970. */
  readonly expiresAt?: number | undefined;
  /** Only in answers, by reaction: at most `fieldLimits.messageReactions` of them. */
  readonly reactions?: Readonly<Record<string, ReactionState>> | undefined;
  /** Only as `last` of a channel: `body` or `bytes`, and `headers`, are left out for their size; `history` has them. */
  readonly truncated?: boolean | undefined;
}

/** One reaction to a message, such as 👍: never the list of all users. */
export interface ReactionState {
  readonly count: number;
  /** The user is one of them. */
  readonly own?: boolean | undefined;
  /** The first ones, at most `fieldLimits.reactionUsers`. */
  readonly users: readonly UserId[];
}

interface GroupEntryFields extends EntryPlace {
  /** The user who made the change. */
  readonly from?: UserId | undefined;
  /** When it was stored, in milliseconds since 1970; never decreases within a channel. */
  readonly at: number;
  /** Only for the devices of the user in `from`. */
  readonly key?: string | undefined;
}

/** A change of the members of a group. */
export interface MemberEntry extends GroupEntryFields {
  readonly type: 'member';
  readonly body: MemberEntryBody;
}

export interface MemberEntryBody {
  readonly change: 'joined' | 'added' | 'left' | 'removed' | 'role' | (string & Record<never, never>);
  /** Whom it is about. */
  readonly users: readonly UserId[];
  /** Of `role`: the one they have now. */
  readonly role?: GroupRole | (string & Record<never, never>) | undefined;
}

/** A change of the settings of a group: those given at its creation, those changed, or its end. */
export interface GroupEntry extends GroupEntryFields {
  readonly type: 'group';
  readonly body: GroupSettingsChange & { readonly deleted?: true | undefined };
}

/** A `member` or `group` as `last` of a channel, without its `body`, for its size; `history` has it. */
export interface TruncatedGroupEntry extends GroupEntryFields {
  readonly type: 'member' | 'group';
  readonly truncated: true;
  readonly body?: undefined;
}

/** An entry of a kind that this version does not know. A client moves its position over it. */
export interface UnknownEntry extends EntryPlace {
  readonly type: string;
}

/** An entry of a log, as pushed and as listed in `history`. */
export type EntryPush = MessageEntry | MemberEntry | GroupEntry | UnknownEntry;

export function isMessageEntry(item: EntryPush | GapPush): item is MessageEntry {
  return item.type === 'message';
}

export function isMemberEntry(item: EntryPush | GapPush): item is MemberEntry {
  return item.type === 'member';
}

export function isGroupEntry(item: EntryPush | GapPush): item is GroupEntry {
  return item.type === 'group';
}

/** Whether an item of `history` stands in the place of entries that are not available. */
export function isGapPush(item: EntryPush | GapPush): item is GapPush {
  return item.type === 'gap';
}
