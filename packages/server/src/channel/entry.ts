// One item of a channel's log, as every floor above the storage engines sees it.

import type { Epoch, Position, UserId } from '@longwire/protocol';
import type { Channel } from './channel.js';

/** An open set of tokens, see {@link isEntryKind}. Readers move over kinds they do not know. */
export type EntryKind = string;

/** The kind of entries that count as unread; of all others none does. */
export const messageKind: EntryKind = 'message';

/** `json`: the body is JSON text exactly as received. `base64`: it is the base64 of bytes. */
export type BodyFormat = 'json' | 'base64';

/** Why the content of an entry is no longer stored. */
export type RemovalReason = 'expired' | 'superseded' | 'removed' | 'erased';

export interface EntryContent {
  readonly kind: EntryKind;
  /** The user who wrote it. Neither this nor `by`: the server itself. */
  readonly from: UserId | undefined;
  /** Id of the application that wrote it, in the grammar of a user id. */
  readonly by: string | undefined;
  readonly body: string;
  readonly bodyFormat: BodyFormat;
  /** Idempotency key the sender gave; shown to the sender's own devices only. */
  readonly key: string | undefined;
  /** Name of what this entry replaces. */
  readonly slot: string | undefined;
  /** JSON text of the headers object. */
  readonly headers: string | undefined;
  readonly contentType: string | undefined;
  /** The entry of the same channel that this one answers, as its sender named it. */
  readonly replyTo: Position | undefined;
  /** Offset of the entry of the same channel that this one edits, retracts or reacts to. */
  readonly target: number | undefined;
  /** When it is removed, in milliseconds since 1970; undefined: it is kept. */
  readonly expiresAt: number | undefined;
}

/** A content without texts: of what has only a kind and an author, or has lost the rest. */
export const emptyContent: Omit<EntryContent, 'kind' | 'from' | 'by'> = Object.freeze({
  body: '',
  bodyFormat: 'json',
  key: undefined,
  slot: undefined,
  headers: undefined,
  contentType: undefined,
  replyTo: undefined,
  target: undefined,
  expiresAt: undefined,
});

export interface Entry extends EntryContent {
  readonly channel: Channel;
  readonly epoch: Epoch;
  /** 1, 2, 3 … without gaps within an epoch. */
  readonly offset: number;
  /** Milliseconds since 1970; never goes back within a channel. */
  readonly at: number;
  /** How many `message` entries the channel has up to and including this one. */
  readonly messages: number;
}

/** What the log adds when it stores a content. */
export type EntryPosition = Pick<Entry, 'epoch' | 'offset' | 'at' | 'messages'>;

/**
 * The entry that a content becomes. Named fields, because this runs per message and all entries keep one shape: Node 20
 * takes ten times as long to spread an object that holds a number as large as `at` (docs/performance.md).
 */
export function makeEntry(channel: Channel, content: EntryContent, position: EntryPosition): Entry {
  return {
    channel,
    epoch: position.epoch,
    offset: position.offset,
    kind: content.kind,
    from: content.from,
    by: content.by,
    at: position.at,
    messages: position.messages,
    body: content.body,
    bodyFormat: content.bodyFormat,
    key: content.key,
    slot: content.slot,
    headers: content.headers,
    contentType: content.contentType,
    replyTo: content.replyTo,
    target: content.target,
    expiresAt: content.expiresAt,
  };
}

/** 1-32 of `[a-z0-9._-]`. */
export function isEntryKind(text: string): boolean {
  return /^[a-z0-9._-]{1,32}$/.test(text);
}

/** What an entry carries, as UTF-8. */
export function contentBytes({ body, headers }: Pick<EntryContent, 'body' | 'headers'>): number {
  return Buffer.byteLength(body) + (headers === undefined ? 0 : Buffer.byteLength(headers));
}

/** Bytes an entry is counted as wherever memory or a page is bounded: its text in UTF-16 plus what the object costs. */
export function retainedBytes(entry: EntryContent): number {
  const text =
    entry.body.length +
    (entry.key?.length ?? 0) +
    (entry.headers?.length ?? 0) +
    (entry.slot?.length ?? 0) +
    (entry.from?.length ?? 0) +
    (entry.by?.length ?? 0);
  return ENTRY_OVERHEAD_BYTES + 2 * text;
}

const ENTRY_OVERHEAD_BYTES = 200;
