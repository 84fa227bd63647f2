// Port: what happens after a commit, for delivery. In one process a call, in several a numbered stream.
// The log is the truth, the bus only a nudge.

import type { Epoch, UserId } from '@longwire/protocol';
import type { Channel } from '../channel/channel.js';
import type { Entry } from '../channel/entry.js';

/** The session an entry came from, on the node it came from. Opaque here; delivery compares it by identity. */
export type EntryOrigin = object;

export interface CommittedEntry {
  readonly entry: Entry;
  /** Undefined on other nodes and for what no session sent. */
  readonly origin: EntryOrigin | undefined;
  /** The sending session gets the entry itself as well. */
  readonly echo: boolean;
}

/** How far a user got in a channel. States, not entries: the newest one counts. */
export interface ReceiptEvent {
  readonly type: 'receipt';
  readonly channel: Channel;
  readonly epoch: Epoch;
  /** Whose state it is. */
  readonly user: UserId;
  readonly delivered: number | undefined;
  readonly read: number | undefined;
}

export type BusEvent = ReceiptEvent;

export interface BusListener {
  /** Returns after the entry was queued for every local reader at the tail. */
  onEntry(committed: CommittedEntry): void;
  onEvent(event: BusEvent): void;
  /** Trust in the stream was lost: the sessions concerned go back to opening. Never happens in one process. */
  onSuspect(): void;
}

export interface Bus {
  /** Entries of one channel are published in the order of their offsets. Never throws. */
  publish(committed: CommittedEntry): void;
  signal(event: BusEvent): void;
  /** Listeners are called in the order in which they subscribed, synchronously. */
  subscribe(listener: BusListener): void;
}
