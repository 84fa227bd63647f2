// What the server says without being asked: whatever has no `re`.

import type { Address } from './address.js';
import type { ErrorFields } from './error-catalogue.js';
import type { UserId } from './ids.js';
import type { JsonValue } from './json-value.js';
import type { GroupRole } from './named-commands.js';
import type { Epoch, Position } from './position.js';

/** What every entry of a log carries, of whatever kind. */
export interface EntryFields {
  readonly channel: Address;
  readonly epoch: Epoch;
  /** 1…2^53−1, without gaps within an epoch. */
  readonly offset: number;
  readonly from: UserId;
  /** When it was stored, in milliseconds since 1970; never goes back within a channel. */
  readonly at: number;
  /** Entries directly before this one that conflation passed over. */
  readonly skipped?: number | undefined;
}

/** Exactly one of `body` and `bytes`, unless retracted. */
export interface MessageEntry extends EntryFields {
  readonly type: 'message';
  readonly body?: JsonValue | undefined;
  /** Base64. */
  readonly bytes?: string | undefined;
  /** Only towards its sender's own devices. */
  readonly key?: string | undefined;
  readonly slot?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly contentType?: string | undefined;
  readonly replyTo?: Position | undefined;
  readonly ttlMs?: number | undefined;
  /** In `history` only: the present state. */
  readonly edited?: number | undefined;
  readonly retracted?: boolean | undefined;
  readonly reactions?: Readonly<Record<string, readonly UserId[]>> | undefined;
}

/** A change of who belongs to a group, or of their role. */
export interface MemberEntry extends EntryFields {
  readonly type: 'member';
  readonly user: UserId;
  readonly change: string;
  readonly role?: GroupRole | undefined;
}
export interface EditEntry extends EntryFields {
  readonly type: 'edit';
  readonly target: number;
  readonly body: JsonValue;
}
export interface RetractEntry extends EntryFields {
  readonly type: 'retract';
  readonly target: number;
}
export interface ReactEntry extends EntryFields {
  readonly type: 'react';
  readonly target: number;
  readonly reaction: string;
  readonly remove?: boolean | undefined;
}
export type Entry = MessageEntry | MemberEntry | EditEntry | RetractEntry | ReactEntry;

/** An entry of a kind that this version has no name for: a client moves over it. */
export type UnknownEntry = Pick<EntryFields, 'channel' | 'epoch' | 'offset' | 'skipped'> & { readonly type: string };

/** How far a user has got in a channel; at least one of `delivered` and `read`. */
export interface ReceiptPush {
  readonly type: 'receipt';
  readonly channel: Address;
  readonly user: UserId;
  readonly epoch: Epoch;
  /** The furthest ack of any device of that user. */
  readonly delivered?: number | undefined;
  readonly read?: number | undefined;
}

export interface PresencePush extends PresenceState {
  readonly type: 'presence';
  readonly user: UserId;
}
export interface PresenceState {
  readonly online: boolean;
  readonly lastSeenAt?: number | undefined;
}

export interface SignalPush {
  readonly type: 'signal';
  readonly channel: Address;
  readonly from: UserId;
  readonly name: string;
  readonly data?: JsonValue | undefined;
}

/** Why entries will not come; PROTOCOL.md says what each one means. */
export const gapReasons = Object.freeze([
  'expired',
  'superseded',
  'overrun',
  'epoch',
  'skipped',
  'unreadable',
] as const);

export type GapReason = (typeof gapReasons)[number];

/** Entries `from`…`to` (both inclusive) will not come; the next one is `next`, in `epoch`. */
export interface GapPush {
  readonly type: 'gap';
  readonly channel: Address;
  /** The epoch in which `next` counts: a new one with reason `epoch`. */
  readonly epoch: Epoch;
  readonly from: number;
  readonly to: number;
  readonly next: number;
  /** One of `GapReason`; a newer server may name others. */
  readonly reason: GapReason | (string & Record<never, never>);
}

export interface CaughtUpPush {
  readonly type: 'caughtUp';
  readonly subscription: string;
  readonly recovered: boolean;
}

/** The last push before a close by the server, if it could still be written. The close code alone decides. */
export interface GoodbyePush {
  readonly type: 'goodbye';
  readonly code: number;
  readonly reason: string;
  readonly reconnect: boolean;
  readonly afterMs?: number | undefined;
}

/** The error of a command that had no id. */
export interface ErrorPush extends ErrorFields {
  readonly type: 'error';
  /** The type of the command; missing if it could not be read. */
  readonly of?: string | undefined;
  readonly re?: undefined;
}

/** Everything that can come without being asked, entries included. */
export type Push = Entry | ReceiptPush | PresencePush | SignalPush | GapPush | CaughtUpPush | GoodbyePush | ErrorPush;
