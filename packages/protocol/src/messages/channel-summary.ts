// A channel, as one of its readers sees it.

import type { Address } from '../names/address.js';
import type { Epoch } from '../names/position.js';
import type { GroupEntry, MemberEntry, MessageEntry, TruncatedGroupEntry } from './entries.js';
import type { GroupRole, GroupSettings } from './group-commands.js';

/** One channel from the viewpoint of its reader, in `connected`, `channels` and pushes `channel`. */
export interface ChannelSummary {
  readonly address: Address;
  readonly epoch: Epoch;
  readonly head: number;
  /** The user's read cursor; 0 before the first `read`. */
  readonly read: number;
  /** Messages of others after `read`. A message that was retracted counts until it is read. */
  readonly unread: number;
  /** The first offset that this user may read. */
  readonly visibleFrom: number;
  /** Of the inbox: offsets above `read` that were read one by one, ascending. Missing: none. */
  readonly only?: readonly number[] | undefined;
  /** The newest entry that this user may read: in groups also `member` and `group`. Missing if there is none; `truncated` if it is long. */
  readonly last?: MessageEntry | MemberEntry | GroupEntry | TruncatedGroupEntry | undefined;
  /** Direct channels: what the peer has received and read. */
  readonly peer?: { readonly delivered: number; readonly read: number } | undefined;
  /** `true`: the user blocks the other one of this direct channel. Who is blocked does not see it. */
  readonly blocked?: true | undefined;
  /** Groups: the role of the user, and how many members there are. */
  readonly role?: GroupRole | (string & Record<never, never>) | undefined;
  readonly members?: number | undefined;
  /** Direct channels: the name of the other user. */
  readonly name?: string | undefined;
  /** Direct channels: of the other user. Groups: as in their settings. */
  readonly picture?: string | undefined;
  /** Groups: as in their settings. */
  readonly title?: string | undefined;
  readonly posting?: GroupSettings['posting'] | (string & Record<never, never>);
  /** The user does not want to be notified until then, in milliseconds since 1970, or `true` for no end. */
  readonly muted?: number | true | undefined;
  readonly archived?: boolean | undefined;
  /** `true`: lists leave the channel out until it has a newer entry. In pushes `channel` only. */
  readonly hidden?: true | undefined;
}
