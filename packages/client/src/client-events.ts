// The events of a client.

import type {
  ChannelChangedPush,
  ChannelRemovedPush,
  ConnectedAnswer,
  GapPush,
  GoodbyePush,
  Invitation,
  PresencePush,
  ReceiptPush,
  SignalPush,
  UserSettings,
} from '@longwire/protocol';
import type { ConnectionStateChange } from './connection/connection-state.js';
import type { LongwireError } from './errors.js';
import type { GroupChange, LongwireMessage, MemberChange } from './reading/message.js';

/** The server's answer to the sign-in: the user, the channels with their unread counts, the limits. */
export type SessionInfo = Omit<ConnectedAnswer, 're' | 'type'>;
/** The entries `from`…`to` will not come; the next one is `next`. Delivered in its place among the messages. */
export type Gap = Omit<GapPush, 'type'>;
/** How far a user has received or read a channel. */
export interface Receipt extends Omit<ReceiptPush, 'type'> {
  /** The user is the one who is signed in here: the channel was read on another tab or device, or here. */
  readonly own: boolean;
}
/** Something passing that a user of the channel sent with `channel.signal`. */
export interface Signal extends Omit<SignalPush, 'type'> {
  /** Sent by the user of this client, on another tab or device. */
  readonly own: boolean;
}
/** Another user began or stopped typing in a channel. */
export interface TypingChange {
  readonly channel: string;
  readonly user: string;
  readonly isTyping: boolean;
}
/** A watched user has come or gone, or has another name or picture. */
export type PresenceChange = Omit<PresencePush, 'type'>;
/** A channel as it is now, because something outside its log changed, or `removed` if it is no longer one of the user's. */
export type ChannelChange = Omit<ChannelChangedPush, 'type'> | Omit<ChannelRemovedPush, 'type'>;
/**
 * The user is invited to a group; or not any more (`ended`), because they have joined, declined, or it was taken back. One may
 * be reported again.
 */
export type InvitationChange =
  | (Invitation & { readonly group: string; readonly ended?: undefined })
  | { readonly group: string; readonly ended: true };
/** The server is about to end the session. */
export type Goodbye = Omit<GoodbyePush, 'type'>;

export interface LongwireEvents {
  /**
   * A message, once per client and in order within its channel. When the promise of the handler has settled, the message
   * is acknowledged, unless `ackMode` is `manual`, and the next one of the channel is delivered. Messages wait for the
   * first handler.
   */
  message: LongwireMessage;
  /**
   * The members of a group have changed. In its place among the messages of the group, and acknowledged like them. It waits
   * for the first handler of `member` or `message`.
   */
  member: MemberChange;
  /** A group was created or deleted, or its settings have changed. Delivered as `member` is. */
  group: GroupChange;
  gap: Gap;
  state: ConnectionStateChange;
  /** Every sign-in: the first, and those after a lost connection. */
  connected: SessionInfo;
  receipt: Receipt;
  /** Signals of all names, also `typing`. */
  signal: Signal;
  /** Ends by itself: 6 s after the last `typing` of the user, at their message, or when the connection is lost. */
  typing: TypingChange;
  /** Of the users given to `client.watch`, also what has changed while there was no connection. */
  presence: PresenceChange;
  /** The user has changed them on another tab or device. */
  settings: UserSettings;
  /**
   * The user has joined a group, or is no longer a member (`removed`); or something outside the log of a channel was changed
   * on another tab or device of this user, such as a block or `mute`. It does not wait for the handlers of messages.
   */
  channel: ChannelChange;
  invitation: InvitationChange;
  goodbye: Goodbye;
  /**
   * An error that no promise has, or whose promise the app ignores: a handler that threw, a failed `getToken`, a fault of
   * the stream, a rejected send that nothing awaits.
   */
  error: LongwireError;
}

const eventNames: Readonly<Record<keyof LongwireEvents, true>> = {
  message: true,
  member: true,
  group: true,
  gap: true,
  state: true,
  connected: true,
  receipt: true,
  signal: true,
  typing: true,
  presence: true,
  settings: true,
  channel: true,
  invitation: true,
  goodbye: true,
  error: true,
};

export function isEventName(name: string): name is keyof LongwireEvents {
  return Object.hasOwn(eventNames, name);
}
