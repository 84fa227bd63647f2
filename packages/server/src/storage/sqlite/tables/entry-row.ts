// What the store keeps of an entry: users, applications, channels and kinds by number, texts as they were given.

import type { Epoch } from '@longwire/protocol';
import type { BodyFormat, RemovalReason } from '../../../channel/entry.js';

export interface EntryRow {
  readonly channel: number;
  /** 0 for a control row, which changes a channel and is no entry of it. */
  readonly offset: number;
  readonly kind: number;
  /** 0: no user wrote it. */
  readonly sender: number;
  /** 0: no application wrote it. */
  readonly application: number;
  readonly at: number;
  /** Number that the writer gave it, to recognise it again; 0: none. */
  readonly stamp: number;
  /** `message` entries that the channel has up to and including this one. */
  readonly messages: number;
  /** Those of them that this row's sender wrote; in a direct channel where no user wrote it, those of the pair's first user. */
  readonly senderMessages: number;
  /**
   * In a direct channel, bytes of content that it has received from its users up to and including this entry, also where they
   * were removed since.
   */
  readonly bytes: number;
  /** Those of them that this row's sender wrote, or the pair's first user where no user wrote it. */
  readonly senderBytes: number;
  /** Why the content is gone; undefined: it is there. */
  readonly removed: RemovalReason | undefined;
  readonly body: string;
  readonly bodyFormat: BodyFormat;
  readonly key: string | undefined;
  readonly slot: string | undefined;
  readonly headers: string | undefined;
  readonly contentType: string | undefined;
  readonly replyTo: StoredReply | undefined;
  /** Offset of the entry that this one edits, retracts or reacts to. */
  readonly target: number | undefined;
  readonly expiresAt: number | undefined;
  /** In a direct channel, `message` entries up to and including this one that none of its users wrote. */
  readonly otherMessages: number;
  /** Its channel may have more than two senders: the table `authored` says which `message` entries are whose. */
  readonly isOfMany: boolean;
  /** What it changes of its channel's rights, as `change-text.ts` writes it. */
  readonly change: string | undefined;
}

/** One number for the author of a row: users have positive ones, applications negative ones, the server itself 0. */
export function authorOf({ sender, application }: Pick<EntryRow, 'sender' | 'application'>): number {
  return application === 0 ? sender : -application;
}

/** The number of the kind `message`. */
export const MESSAGE_KIND = 1;

/** Its epoch is stored only where it is not the channel's present one. */
export interface StoredReply {
  readonly offset: number;
  readonly epoch: Epoch | undefined;
}
