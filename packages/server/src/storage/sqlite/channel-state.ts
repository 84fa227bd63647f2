// What the writer keeps in memory of one channel in use: its head and the counts the next entry continues.

import type { ChannelKey, DirectPair } from '../../channel/channel-key.js';

/** Numbers stand for users and channels as in the tables. Changed by appends; dropped, not repaired, after a rollback. */
export interface ChannelState {
  readonly number: number;
  readonly key: ChannelKey;
  readonly pair: DirectPair;
  readonly lowUser: number;
  readonly highUser: number;
  readonly life: number;
  readonly base: number;
  head: number;
  messages: number;
  /** `message` entries of the pair's first user; the rest is the second one's. In a channel with oneself: all. */
  lowMessages: number;
  lastAt: number;
  /** Row number of the newest entry: ascending over all channels. */
  lastRow: number;
}

/** How many `message` entries the pair's first user has, told by any row of the channel. */
export function lowMessagesAt(
  state: Pick<ChannelState, 'lowUser'>,
  row: { readonly sender: number; readonly messages: number; readonly senderMessages: number },
): number {
  return row.sender === state.lowUser ? row.senderMessages : row.messages - row.senderMessages;
}
