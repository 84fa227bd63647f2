// What a client tells its app, by name.

import type { ConnectedAnswer, GapPush, GoodbyePush, ReceiptPush } from '@longwire/protocol';
import type { ConnectionStateChange } from './connection/connection-state.js';
import type { LongwireError } from './errors.js';
import type { LongwireMessage } from './reading/message.js';

/** What the server said when it signed this client in: who it is, its channels with their unread counts, the limits. */
export type SessionInfo = Omit<ConnectedAnswer, 're' | 'type'>;
/** Entries `from`…`to` will not come; reading goes on at `next`. Delivered in its place among the messages. */
export type Gap = Omit<GapPush, 'type'>;
/** How far a user has got in a channel. */
export type Receipt = Omit<ReceiptPush, 'type'>;
/** The server is about to end the session. */
export type Goodbye = Omit<GoodbyePush, 'type'>;

export interface LongwireEvents {
  /**
   * A message, once per client and in order within its channel. The next of the channel comes when the promise that the
   * handler returned has settled; then this one is acknowledged, unless `ackMode` is `manual`. Messages wait for the
   * first handler.
   */
  message: LongwireMessage;
  gap: Gap;
  state: ConnectionStateChange;
  /** Each sign-in, the first and those after a lost connection. */
  connected: SessionInfo;
  receipt: Receipt;
  goodbye: Goodbye;
  /** What no promise told: a handler that threw, a token that could not be got, a fault of the stream. */
  error: LongwireError;
}

const eventNames: Readonly<Record<keyof LongwireEvents, true>> = {
  message: true,
  gap: true,
  state: true,
  connected: true,
  receipt: true,
  goodbye: true,
  error: true,
};

export function isEventName(name: string): name is keyof LongwireEvents {
  return Object.hasOwn(eventNames, name);
}
