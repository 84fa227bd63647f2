// The entries of a channel as the app gets them.

import {
  decodeBase64,
  type GroupEntry,
  type GroupSettingsChange,
  type JsonValue,
  type MemberEntry,
  type MemberEntryBody,
  type MessageEntry,
} from '@longwire/protocol';

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

interface GroupEntryFields extends Omit<MemberEntry, 'type' | 'body'> {
  /** Made by the user who is signed in here: by this client too, beside the promise of its call. */
  readonly own: boolean;
}

/** `users` joined a group, were added, left, were removed, or have another `role`; `from` is the user who did it. */
export interface MemberChange extends GroupEntryFields, MemberEntryBody {}

/** The settings of a group have changed; `from` is the user who did it. */
export interface GroupChange extends GroupEntryFields {
  /** Those of its creation, or those changed since; `null`: the default again. */
  readonly settings: GroupSettingsChange;
  /** The group has ended. */
  readonly deleted: boolean;
}

export function memberChangeFrom({ type: _type, body, ...fields }: MemberEntry, user: string): MemberChange {
  const { change, users, role } = body;
  return { ...fields, own: fields.from === user, change, users, role };
}

export function groupChangeFrom({ type: _type, body, ...fields }: GroupEntry, user: string): GroupChange {
  const { deleted = false, ...settings } = body;
  return { ...fields, own: fields.from === user, settings, deleted };
}
