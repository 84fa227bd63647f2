// How what is delivered is written down. A transport names the codec of its sessions; delivery encodes each object once for
// all who share the codec and the viewpoint.

import type {
  Epoch,
  GapReason,
  GoodbyePush,
  GroupSettings,
  Invitation,
  PresencePush,
  UserId,
} from '@longwire/protocol';
import type { ReceiptEvent, SignalEvent } from '../bus/bus.js';
import type { Channel, GroupChannel } from '../channel/channel.js';
import type { Entry } from '../channel/entry.js';
import type { MemberRole } from '../channel/membership.js';
import type { ListedChannel } from '../storage/preferences.js';

/** Text, or binary data. */
export type Payload = string | Uint8Array;

/** Entries that will not be delivered. Reading continues at `next`. */
export interface DueGap {
  readonly epoch: Epoch;
  readonly from: number;
  readonly to: number;
  readonly next: number;
  readonly reason: GapReason;
}

/** A group as a user finds it who joins by its newest entry: nothing of it is unread. */
export interface JoinedGroup {
  readonly channel: GroupChannel;
  readonly epoch: Epoch;
  readonly head: number;
  readonly read: number;
  readonly visibleFrom: number;
  readonly role: MemberRole;
  readonly settings: GroupSettings;
  readonly memberCount: number;
}

/** An invitation of a user to a group. */
export interface InvitationToShow extends Invitation {
  readonly channel: GroupChannel;
}

/** One for each way, compared by identity. What it returns depends on its arguments alone. */
export interface Codec {
  /** @param key  the idempotency key of the entry, for its sender; undefined for other viewers */
  entry(entry: Entry, viewer: UserId, key: string | undefined): Payload;
  receipt(event: ReceiptEvent, viewer: UserId): Payload;
  signal(event: SignalEvent, viewer: UserId): Payload;
  presence(presence: Omit<PresencePush, 'type'>): Payload;
  channel(description: ListedChannel, viewer: UserId): Payload;
  gap(gap: DueGap, channel: Channel, viewer: UserId): Payload;
  /** The user has joined a group. */
  joined(group: JoinedGroup, viewer: UserId): Payload;
  /** The channel is no longer one of the user's. */
  removed(channel: Channel, viewer: UserId): Payload;
  invitation(invitation: InvitationToShow, viewer: UserId): Payload;
  /** The user is invited to the group no longer. */
  invitationEnded(channel: GroupChannel, viewer: UserId): Payload;
  goodbye(goodbye: Omit<GoodbyePush, 'type'>): Payload;
  /** Several payloads as one, for recipients that take batches. */
  join(payloads: readonly Payload[]): Payload;
}
