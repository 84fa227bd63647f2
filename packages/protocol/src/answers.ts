// What the server says to a command that has an id: whatever has a `re`.

import type { Address } from './address.js';
import type { ErrorFields } from './error-catalogue.js';
import type { CommandId, GroupId, UserId } from './ids.js';
import type { SessionLimits } from './limits.js';
import type { GroupRole } from './named-commands.js';
import type { Epoch } from './position.js';
import type { Entry, MessageEntry, PresenceState } from './pushes.js';

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
  /** When the token runs out; missing if it never does. */
  readonly expiresAt?: number | undefined;
  readonly limits: SessionLimits;
  /** Names of `features`; a newer server may name others. */
  readonly features: readonly string[];
  /** The 200 with the newest entries; the command `channels` pages the rest. */
  readonly channels: readonly ChannelSummary[];
  /** Addresses of `connect.cursors` that are unknown or not this user's to read. */
  readonly ignored: readonly string[];
}

/** One channel as its reader sees it, in `connected` and `channels`. */
export interface ChannelSummary {
  readonly address: Address;
  readonly epoch: Epoch;
  readonly head: number;
  /** The user's read cursor; 0 if nothing was read. */
  readonly read: number;
  readonly unread: number;
  /** The first offset that this user may see. */
  readonly visibleFrom: number;
  /** The newest visible message; missing if there is none. */
  readonly last?: MessageEntry | undefined;
  /** Direct channels: how far the peer has got. */
  readonly peer?: { readonly delivered: number; readonly read: number } | undefined;
}

/** To `refresh`. */
export interface RefreshedAnswer extends AnswerFields {
  readonly type: 'refreshed';
  /** Missing if the new token never runs out. */
  readonly expiresAt?: number | undefined;
}

/** To `send`, `edit`, `retract`, `react`: stored, and synced to disk. */
export interface SentAnswer extends AnswerFields {
  readonly type: 'sent';
  readonly channel: Address;
  readonly epoch: Epoch;
  readonly offset: number;
  readonly at: number;
  /** The key was known: this is the place of the first attempt, and nothing was appended. */
  readonly repeated?: boolean | undefined;
  /** `false` for a topic in memory; missing means durable. */
  readonly durable?: boolean | undefined;
}

export interface OkAnswer extends AnswerFields {
  readonly type: 'ok';
}

/** To `history`: entries ascending, in their present state. */
export interface HistoryAnswer extends AnswerFields {
  readonly type: 'history';
  readonly entries: readonly Entry[];
  /** Whether there is more in the direction that was asked for. */
  readonly more: boolean;
}

/** To `channels`. */
export interface ChannelsAnswer extends AnswerFields {
  readonly type: 'channels';
  readonly channels: readonly ChannelSummary[];
  readonly more: boolean;
}

/** To `ping`. */
export interface PongAnswer extends AnswerFields {
  readonly type: 'pong';
  readonly time: number;
}

export interface ErrorAnswer extends AnswerFields, ErrorFields {
  readonly type: 'error';
}

/** To `search`. Not sent by this version. */
export interface FoundAnswer extends AnswerFields {
  readonly type: 'found';
  readonly entries: readonly Entry[];
  readonly more: boolean;
}
/** To `subscribe`. Not sent by this version. */
export interface SubscribedAnswer extends AnswerFields {
  readonly type: 'subscribed';
  readonly subscription: string;
  readonly durable: boolean;
}
/** To `group.members`. Not sent by this version. */
export interface MembersAnswer extends AnswerFields {
  readonly type: 'members';
  readonly group: GroupId;
  readonly members: readonly { readonly user: UserId; readonly role: GroupRole }[];
}
/** To `group.receipts`. Not sent by this version. */
export interface ReceiptsAnswer extends AnswerFields {
  readonly type: 'receipts';
  readonly group: GroupId;
  readonly receipts: Readonly<Record<UserId, { readonly delivered: number; readonly read: number }>>;
}
/** To `presence`, `watch` and `unwatch`. Not sent by this version. */
export interface PresenceListAnswer extends AnswerFields {
  readonly type: 'presenceList';
  readonly users: Readonly<Record<UserId, PresenceState>>;
}

export type Answer =
  | ConnectedAnswer
  | RefreshedAnswer
  | SentAnswer
  | OkAnswer
  | HistoryAnswer
  | ChannelsAnswer
  | PongAnswer
  | ErrorAnswer
  | FoundAnswer
  | SubscribedAnswer
  | MembersAnswer
  | ReceiptsAnswer
  | PresenceListAnswer;
