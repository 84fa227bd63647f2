// What the server sends unasked: every message without `re`.

import type { ErrorFields } from '../catalogue/error-catalogue.js';
import type { Address } from '../names/address.js';
import type { UserId } from '../names/ids.js';
import type { Epoch } from '../names/position.js';
import type { ChannelSummary } from './channel-summary.js';
import type { GapPush } from './gap-push.js';
import type { JsonValue } from './json-value.js';
import type { UserProfile } from './profiles.js';

/** How far a user has received or read a channel; at least one of `delivered` and `read`. */
export interface ReceiptPush {
  readonly type: 'receipt';
  readonly channel: Address;
  readonly user: UserId;
  readonly epoch: Epoch;
  /** The highest offset that any device of the user acknowledged. */
  readonly delivered?: number | undefined;
  readonly read?: number | undefined;
  /** Of the own inbox: all offsets above `read` that were read one by one. Missing: as before, but for those up to `read`. */
  readonly only?: readonly number[] | undefined;
}

/** Whether a user has a session, and how they are shown, as far as another one may know: all of it, or nothing. */
export interface PresenceState extends UserProfile {
  /** False also if this user may not know it. */
  readonly online: boolean;
  /** When the last session ended, in milliseconds since 1970; missing while online, if it is not known, and if this user may not know it. */
  readonly lastSeenAt?: number | undefined;
}

/** A watched user has come or gone, or has another name or picture. */
export interface PresencePush extends PresenceState {
  readonly type: 'presence';
  readonly user: UserId;
}

/** What a user shows to others, and so sees of them. */
export interface UserSettings {
  /** Whether the user is online, and was last seen. */
  readonly presence: boolean;
  /** What the user has received and read. */
  readonly receipts: boolean;
}

/** The user has changed their settings on another session. */
export interface SettingsPush extends UserSettings {
  readonly type: 'settings';
}

/** Something passing that a user of the channel reports, such as `typing`: never stored, and dropped where there is no room. */
export interface SignalPush {
  readonly type: 'signal';
  readonly channel: Address;
  readonly from: UserId;
  readonly name: string;
  readonly data?: JsonValue | undefined;
}

/**
 * What changed for this user outside the log: the channel as it is now, because it was added or has another title, role or
 * mute, or its removal, or an invitation to it.
 */
export type ChannelPush = ChannelChangedPush | ChannelRemovedPush | ChannelInvitationPush;

export interface ChannelChangedPush extends ChannelSummary {
  readonly type: 'channel';
  readonly removed?: undefined;
  readonly invitation?: undefined;
}

/** The channel is no longer one of the user's. */
export interface ChannelRemovedPush {
  readonly type: 'channel';
  readonly address: Address;
  readonly removed: true;
  readonly invitation?: undefined;
}

/** The user is invited to the group, or not any more: they have joined, declined, or it was taken back. */
export interface ChannelInvitationPush {
  readonly type: 'channel';
  readonly address: Address;
  readonly removed?: undefined;
  readonly invitation: (Invitation & { readonly ended?: undefined }) | { readonly ended: true };
}

export interface Invitation {
  /** Who invites the user. */
  readonly by: UserId;
  /** In milliseconds since 1970. */
  readonly at: number;
  /** Of the group. */
  readonly title?: string | undefined;
  readonly picture?: string | undefined;
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
export type Push =
  | ReceiptPush
  | SignalPush
  | PresencePush
  | SettingsPush
  | GapPush
  | ChannelPush
  | GoodbyePush
  | ErrorPush;
