// The commands of a client, as they stand on the wire.

import type { Address } from '../names/address.js';
import type { DeviceId, UserId } from '../names/ids.js';
import type { Epoch, Position } from '../names/position.js';
import type { CommandFields } from './command-base.js';
import type {
  GroupCommand,
  GroupInvitationsCommand,
  GroupMembersCommand,
  GroupReceiptsCommand,
} from './group-commands.js';
import type { JsonValue } from './json-value.js';
import type { UsersCommand, UsersSearchCommand, UserUpdateCommand } from './profiles.js';

/** The first command of every session. Answer: `connected`. */
export interface ConnectCommand extends CommandFields {
  readonly type: 'connect';
  /** Only if the handshake carried no credentials. */
  readonly token?: string | undefined;
  /** Default: `default`. */
  readonly device?: DeviceId | undefined;
  /**
   * Address → the position that the app holds, which replaces the stored cursor for this session. At most 500.
   * The keys stay plain text: those that are not addresses are returned in `connected.ignored`.
   */
  readonly cursors?: Readonly<Record<string, Position>> | undefined;
  /** The client accepts several objects, separated by line feeds, in one text message. Default: one. */
  readonly batch?: boolean | undefined;
  readonly client?: ClientDescription | undefined;
}

/** The connecting program, for logs and statistics. Two texts of 1-64 bytes. */
export interface ClientDescription {
  readonly name: string;
  readonly version?: string | undefined;
}

/** A new token of the same user. Answer: `refreshed`. */
export interface RefreshCommand extends CommandFields {
  readonly type: 'refresh';
  readonly token: string;
}

/** Every field of a `send` except its content. */
export interface SendFields extends CommandFields {
  readonly type: 'send';
  readonly to: Address;
  /** Idempotency key, 1-128 bytes: a repeat with the same key appends nothing. Scope: sender and channel. */
  readonly key?: string | undefined;
  /** The position in the channel before the first attempt: a repeat with it is recognised beyond the key window too. */
  readonly since?: Position | undefined;
  /** Name of what this entry replaces, 1-128 bytes. */
  readonly slot?: string | undefined;
  /** Pushes the entry to this session as well; otherwise `sent` takes its place in the stream. */
  readonly echo?: boolean | undefined;
  /** At most 32 pairs, 4 KiB in total. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly contentType?: string | undefined;
  /** The entry of the same channel that this one answers; its offset is at least 1. */
  readonly replyTo?: Position | undefined;
  /** From 1. Refused by this version: expiry is a promise that it cannot keep. */
  readonly ttlMs?: number | undefined;
  /** Refused by this version, as `ttlMs`. */
  readonly retain?: boolean | undefined;
}

/** Appends a message. Exactly one of `body` and `bytes`. Answer: `sent`. */
export interface SendCommand extends SendFields {
  /** Any JSON value. The server keeps its text and never serialises it again. */
  readonly body?: JsonValue | undefined;
  /** Standard base64 with padding, RFC 4648 §4. */
  readonly bytes?: string | undefined;
}

/** Every field of a `signal` except its data. */
export interface SignalFields extends CommandFields {
  readonly type: 'signal';
  readonly to: Address;
  /** 1-32 characters of `a-z`, `0-9`, `.`, `_` and `-`; `typing` is the standard one. */
  readonly name: string;
}

/** Reaches the sessions of the channel's users that are at its tail, and is never stored. Answer: `ok`. */
export interface SignalCommand extends SignalFields {
  /** Any JSON value, at most 1 KiB of text. */
  readonly data?: JsonValue | undefined;
}

/** Acknowledges each channel up to and including a position. Answer: `ok`. */
export interface AckCommand extends CommandFields {
  readonly type: 'ack';
  /** At most 500. A bare number is an offset of the current epoch, at most the newest that this session received. */
  readonly cursors: Readonly<Record<Address, Position | number>>;
}

/** Moves the read cursor of the user. Answer: `ok`. */
export interface ReadCommand extends CommandFields {
  readonly type: 'read';
  readonly channel: Address;
  /** Default: the current epoch, and then at most the newest offset that this session received. */
  readonly epoch?: Epoch | undefined;
  readonly offset: number;
  /** Inbox: only this notification, not all up to it. */
  readonly only?: boolean | undefined;
}

/** A page of a channel. At most one of `before` and `after`, both exclusive; neither: the newest page. */
export interface HistoryCommand extends CommandFields {
  readonly type: 'history';
  readonly channel: Address;
  /** A bare number is an offset of the current epoch. */
  readonly before?: Position | number | undefined;
  /** A bare number is an offset of the current epoch. */
  readonly after?: Position | number | undefined;
  /** 1-200, default 50. */
  readonly limit?: number | undefined;
}

/** A page of the user's channels, the one with the newest entry first. */
export interface ChannelsCommand extends CommandFields {
  readonly type: 'channels';
  /** The last address of the previous page. */
  readonly after?: Address | undefined;
  /** 1-200, default 50. */
  readonly limit?: number | undefined;
}

/** Asks who of these users is online. Answer: `presenceList`. */
export interface PresenceCommand extends CommandFields {
  readonly type: 'presence';
  /** 1-100. */
  readonly users: readonly UserId[];
}

/** Asks for pushes `presence` of these users until the session ends. Answer: `presenceList`, their present state. */
export interface WatchCommand extends CommandFields {
  readonly type: 'watch';
  /** 1-100. */
  readonly users: readonly UserId[];
}

/** Ends `watch` for these users. Answer: `ok`. */
export interface UnwatchCommand extends CommandFields {
  readonly type: 'unwatch';
  /** 1-100. */
  readonly users: readonly UserId[];
}

/** Changes what the user shows to others, and so sees of them; without fields it changes nothing. Answer: `settings`. */
export interface SettingsCommand extends CommandFields {
  readonly type: 'settings';
  readonly presence?: boolean | undefined;
  readonly receipts?: boolean | undefined;
}

/** Nothing passes between the two users any more: no messages, no signals, no presence. Answer: `ok`, once it is stored. */
export interface BlockCommand extends CommandFields {
  readonly type: 'block';
  /** Another user. */
  readonly user: UserId;
}

/** The user blocks the other one no longer. Answer: `ok`, once it is stored. */
export interface UnblockCommand extends CommandFields {
  readonly type: 'unblock';
  readonly user: UserId;
}

/** A page of the users whom the user blocks. Answer: `blocks`. */
export interface BlocksCommand extends CommandFields {
  readonly type: 'blocks';
  /** The last user of the previous page. */
  readonly after?: UserId | undefined;
  /** 1-200, default 50. */
  readonly limit?: number | undefined;
}

/** What the user wants of a channel, for themselves alone. Answer: `ok`, once it is stored. */
export interface PreferenceFields extends CommandFields {
  readonly channel: Address;
  /** `false` ends it. Default: `true`. */
  readonly on?: boolean | undefined;
}

/** Clients are not to notify the user of what comes in the channel. */
export interface MuteCommand extends PreferenceFields {
  readonly type: 'mute';
  /** When it ends, in milliseconds since 1970. Default: never. Not with `on: false`. */
  readonly until?: number | undefined;
}

/** Clients are to show the channel apart from the others. */
export interface ArchiveCommand extends PreferenceFields {
  readonly type: 'archive';
}

/** Leaves the channel out of lists until it has a newer entry. */
export interface HideCommand extends PreferenceFields {
  readonly type: 'hide';
}

/** Answer: `pong`. */
export interface PingCommand extends CommandFields {
  readonly type: 'ping';
}

export type Command =
  | ConnectCommand
  | RefreshCommand
  | SendCommand
  | SignalCommand
  | AckCommand
  | ReadCommand
  | HistoryCommand
  | ChannelsCommand
  | GroupCommand
  | GroupMembersCommand
  | GroupInvitationsCommand
  | GroupReceiptsCommand
  | UsersCommand
  | UsersSearchCommand
  | UserUpdateCommand
  | PresenceCommand
  | WatchCommand
  | UnwatchCommand
  | SettingsCommand
  | BlockCommand
  | UnblockCommand
  | BlocksCommand
  | MuteCommand
  | ArchiveCommand
  | HideCommand
  | PingCommand;

export type CommandType = Command['type'];

// A record, so that the compiler keeps the list complete.
const types: Readonly<Record<CommandType, true>> = {
  connect: true,
  refresh: true,
  send: true,
  signal: true,
  ack: true,
  read: true,
  history: true,
  channels: true,
  'group.create': true,
  'group.update': true,
  'group.add': true,
  'group.invite': true,
  'group.accept': true,
  'group.decline': true,
  'group.join': true,
  'group.leave': true,
  'group.remove': true,
  'group.role': true,
  'group.delete': true,
  'group.members': true,
  'group.invitations': true,
  'group.receipts': true,
  users: true,
  'users.search': true,
  'user.update': true,
  presence: true,
  watch: true,
  unwatch: true,
  settings: true,
  block: true,
  unblock: true,
  blocks: true,
  mute: true,
  archive: true,
  hide: true,
  ping: true,
};

/** The types of all commands. Every other type is refused with `unknown_type`. */
export const commandTypes: readonly CommandType[] = Object.freeze(Object.keys(types) as CommandType[]);
