// What the server sends unasked: every message without `re`.

import type { ErrorFields } from '../catalogue/error-catalogue.js';
import type { Address } from '../names/address.js';
import type { UserId } from '../names/ids.js';
import type { Epoch, Position } from '../names/position.js';
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
  readonly from: UserId;
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
  /** Only as `last` of a channel: `body` or `bytes`, and `headers`, are left out for their size; `history` has them. */
  readonly truncated?: boolean | undefined;
}

/** An entry of a kind that this version does not know. A client moves its position over it. */
export interface UnknownEntry extends EntryPlace {
  readonly type: string;
}

/** An entry of a log, as pushed and as listed in `history`. */
export type EntryPush = MessageEntry | UnknownEntry;

export function isMessageEntry(entry: EntryPush): entry is MessageEntry {
  return entry.type === 'message';
}

/** How far a user has received or read a channel; at least one of `delivered` and `read`. */
export interface ReceiptPush {
  readonly type: 'receipt';
  readonly channel: Address;
  readonly user: UserId;
  readonly epoch: Epoch;
  /** The highest offset that any device of the user acknowledged. */
  readonly delivered?: number | undefined;
  readonly read?: number | undefined;
}

/** Why entries will not come; PROTOCOL.md explains each reason. */
export const gapReasons = /* @__PURE__ */ Object.freeze([
  'expired',
  'superseded',
  'overrun',
  'epoch',
  'skipped',
  'unreadable',
] as const);

export type GapReason = (typeof gapReasons)[number];

/** The entries `from`…`to` (both inclusive) will not come; the next one is `next`, in `epoch`. */
export interface GapPush {
  readonly type: 'gap';
  readonly channel: Address;
  /** The epoch of `next`: a new one with reason `epoch`. */
  readonly epoch: Epoch;
  readonly from: number;
  readonly to: number;
  readonly next: number;
  /** One of `GapReason`; a newer server may send others. */
  readonly reason: GapReason | (string & Record<never, never>);
}

/** The last push before the server closes, if there was time to write it. Only the close code is authoritative. */
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

/** Every known push except entries. */
export type Push = ReceiptPush | GapPush | GoodbyePush | ErrorPush;
