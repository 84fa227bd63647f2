// The commands that this version serves, as they stand on the wire. Those that it only names: named-commands.ts.

import type { Address } from './address.js';
import type { CommandId, DeviceId } from './ids.js';
import type { JsonValue } from './json-value.js';
import type { Epoch, Position } from './position.js';

export interface CommandFields {
  /** Asks for an answer, which carries it as `re`. Without it success is silent and an error comes as a push. */
  readonly id?: CommandId | undefined;
}

/** First command of every session. Answer: `connected`. */
export interface ConnectCommand extends CommandFields {
  readonly type: 'connect';
  /** Only if the handshake carried no credentials. */
  readonly token?: string | undefined;
  /** Missing: `default`. */
  readonly device?: DeviceId | undefined;
  /**
   * Address → the position that the app holds; wins over the stored cursor for this session. At most 500.
   * Keys stay plain text: what is no address of this version comes back in `connected.ignored`.
   */
  readonly cursors?: Readonly<Record<string, Position>> | undefined;
  readonly client?: ClientDescription | undefined;
}

/** What connects, for logs and statistics. Two texts of 1-64 bytes. */
export interface ClientDescription {
  readonly name: string;
  readonly version?: string | undefined;
}

/** A new token of the same subject. Answer: `refreshed`. */
export interface RefreshCommand extends CommandFields {
  readonly type: 'refresh';
  readonly token: string;
}

/** Everything of a `send` but its content. */
export interface SendFields extends CommandFields {
  readonly type: 'send';
  readonly to: Address;
  /** Idempotency key, 1-128 bytes: a repeat with it appends nothing. Scope: sender and channel. */
  readonly key?: string | undefined;
  /** Position in the channel before the first attempt: lets a repeat be recognised beyond the key window. */
  readonly since?: Position | undefined;
  /** Name of what this entry replaces, 1-128 bytes. */
  readonly slot?: string | undefined;
  /** Also give this session the entry; its place in the stream is otherwise taken by `sent`. */
  readonly echo?: boolean | undefined;
  /** At most 32 pairs, 4 KiB together. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly contentType?: string | undefined;
  /** The entry of the same channel that this one answers; its offset is at least 1. */
  readonly replyTo?: Position | undefined;
  /** From 1. Not offered by this version: a server that does not keep the promise refuses it. */
  readonly ttlMs?: number | undefined;
  /** Not offered by this version, as `ttlMs`. */
  readonly retain?: boolean | undefined;
}

/** Appends a message. Exactly one of `body` and `bytes`. Answer: `sent`. */
export interface SendCommand extends SendFields {
  /** Any JSON value; kept as the text that came and never serialised again. */
  readonly body?: JsonValue | undefined;
  /** Standard base64 with padding, RFC 4648 §4. */
  readonly bytes?: string | undefined;
}

/** Acknowledges up to and including a position per channel. No answer unless it has an id; then `ok`. */
export interface AckCommand extends CommandFields {
  readonly type: 'ack';
  /** At most 500. A bare number: the present epoch, and only up to what this session was given. */
  readonly cursors: Readonly<Record<Address, Position | number>>;
}

/** Moves the read cursor of the user. Answer: `ok`. */
export interface ReadCommand extends CommandFields {
  readonly type: 'read';
  readonly channel: Address;
  /** Missing: the present epoch, and only up to what this session was given. */
  readonly epoch?: Epoch | undefined;
  readonly offset: number;
  /** Inbox: this one, not all up to it. */
  readonly only?: boolean | undefined;
}

/** A page of a channel. At most one of `before` and `after`, both exclusive; neither: the newest page. */
export interface HistoryCommand extends CommandFields {
  readonly type: 'history';
  readonly channel: Address;
  /** A bare number: the present epoch. */
  readonly before?: Position | number | undefined;
  /** A bare number: the present epoch. */
  readonly after?: Position | number | undefined;
  /** 1-200, 50 if missing. */
  readonly limit?: number | undefined;
}

/** A page of the user's channels, the one with the newest entry first. */
export interface ChannelsCommand extends CommandFields {
  readonly type: 'channels';
  /** The last address of the page before. */
  readonly after?: Address | undefined;
  /** 1-200, 50 if missing. */
  readonly limit?: number | undefined;
}

/** Answer: `pong`. */
export interface PingCommand extends CommandFields {
  readonly type: 'ping';
}

/** The commands that this version serves. */
export type Command =
  | ConnectCommand
  | RefreshCommand
  | SendCommand
  | AckCommand
  | ReadCommand
  | HistoryCommand
  | ChannelsCommand
  | PingCommand;

export type CommandType = Command['type'];
