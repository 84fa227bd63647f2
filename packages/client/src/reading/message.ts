// A message as the app gets it.

import { decodeBase64, type JsonValue, type MessageEntry } from '@longwire/protocol';

/**
 * One message of a channel. `channel`, `epoch` and `offset` are its position. An app that stores them together with what
 * it made of the message, and passes them as `positions`, handles each message exactly once across restarts.
 */
export interface LongwireMessage extends Omit<MessageEntry, 'type' | 'bytes' | 'truncated'> {
  /** Sent by the user who is signed in here, from this or another device. */
  readonly own: boolean;
  /** Any JSON value; `{ text }` by convention. Undefined if the message has `bytes`. */
  readonly body?: JsonValue | undefined;
  readonly bytes?: Uint8Array | undefined;
}

/** @param user  the id of the signed-in user */
export function messageFrom(entry: MessageEntry, user: string): LongwireMessage {
  const { type: _type, bytes, ...fields } = entry;
  const message = { ...fields, own: entry.from === user };
  return bytes === undefined ? message : { ...message, bytes: decodeBase64(bytes) };
}
