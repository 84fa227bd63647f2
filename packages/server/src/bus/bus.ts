// Port: what this process reports to all others: in one process a call, in several a numbered stream. The log is
// authoritative; the bus only brings it sooner.

import type { Epoch, UserId, UserSettings } from '@longwire/protocol';
import type { Channel } from '../channel/channel.js';
import type { Lane, LaneRow } from '../channel/lane.js';
import type { ProfileChange } from '../channel/profile.js';
import type { EntryOrigin } from './in-flight-appends.js';

/** How far a user got in a channel. States, not entries: the newest one counts. */
export interface ReceiptEvent {
  readonly type: 'receipt';
  readonly channel: Channel;
  readonly epoch: Epoch;
  /** Whose state it is. */
  readonly user: UserId;
  readonly delivered: number | undefined;
  readonly read: number | undefined;
  /** Of an inbox: all offsets above `read` that were read one by one; undefined: not known here. */
  readonly only: readonly number[] | undefined;
  /** For the sessions of the user alone: receipts are switched off. */
  readonly isPrivate: boolean;
}

/** Something passing that a user reports to the users of a channel, such as that they type. */
export interface SignalEvent {
  readonly type: 'signal';
  readonly channel: Channel;
  readonly from: UserId;
  readonly name: string;
  /** JSON text. */
  readonly data: string | undefined;
  /** The session that sent it, which does not get it; undefined if it is not one of this process. */
  readonly origin: EntryOrigin | undefined;
}

/** A user has come or gone. */
export interface PresenceEvent {
  readonly type: 'presence';
  readonly user: UserId;
  /** When they went, in Unix milliseconds; undefined: they came. */
  readonly lastSeenAt: number | undefined;
}

/** A user has changed what they show. It is stored. */
export interface SettingsEvent {
  readonly type: 'settings';
  readonly user: UserId;
  readonly settings: UserSettings;
  /** The session that changed them, if it is one of this process. */
  readonly origin: EntryOrigin | undefined;
}

/** How a user is shown from now on. It is stored, and may be what was stored before. */
export interface ProfileEvent {
  readonly type: 'profile';
  readonly user: UserId;
  readonly change: ProfileChange;
}

/** Something outside the log of a channel has changed for one user. */
export interface ChannelEvent {
  readonly type: 'channel';
  readonly channel: Channel;
  readonly user: UserId;
  /** The session that changed it, which knows; undefined if it is not one of this process. */
  readonly origin: EntryOrigin | undefined;
}

export type BusEvent = ReceiptEvent | SignalEvent | PresenceEvent | SettingsEvent | ProfileEvent | ChannelEvent;

export interface EventListener {
  onEvent(event: BusEvent): void;
}

export interface Bus {
  /**
   * Offers committed rows to the order gate of every process, this one included. They may be lost, or come late, twice or
   * in another order: the gate reads from the log what is missing. Never throws.
   */
  commit(lane: Lane, rows: readonly LaneRow[]): void;
  /** What passes no log. May be lost. */
  signal(event: BusEvent): void;
  /** Listeners are called in the order in which they subscribed. */
  subscribe(listener: EventListener): void;
}
