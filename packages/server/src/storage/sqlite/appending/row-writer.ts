// Writes the rows of appends, with all that is counted with them.

import type { Position } from '@longwire/protocol';
import { type EntryContent, messageKind } from '../../../channel/entry.js';
import { epochOf } from '../../epoch.js';
import { type DamageListener, readAround } from '../damage.js';
import type { Authorship } from '../places/authorship.js';
import type { PlaceRing } from '../places/recent-places.js';
import { type ChannelState, namedNumber } from '../tables/channel-state.js';
import type { ChannelTable } from '../tables/channel-table.js';
import { type EntryRow, MESSAGE_KIND, type StoredReply } from '../tables/entry-row.js';
import type { EntryTable } from '../tables/entry-table.js';
import type { ExpiryTable } from '../tables/expiry-table.js';
import type { RowNames } from '../tables/row-names.js';
import type { KeyLookup } from './key-lookup.js';
import { isFirstAnswer, type UsageLedger } from './usage-ledger.js';

export interface RowWriterParts {
  readonly names: RowNames;
  readonly channels: ChannelTable;
  readonly keys: KeyLookup;
  readonly entries: EntryTable;
  readonly expiries: ExpiryTable;
  readonly ring: PlaceRing;
  readonly authorship: Authorship;
  readonly ledger: UsageLedger;
}

/** What a row has beside its content. */
interface NewRow {
  readonly seq: number;
  /** Of the caller's clock. */
  readonly at: number;
  readonly stamp: number;
  /** Bytes of body and headers. */
  readonly size: number;
  readonly change: string | undefined;
  /** As `authorOf` numbers them; undefined: never seen. */
  readonly author: number | undefined;
  /** Number of the kind; undefined: never seen. */
  readonly kind: number | undefined;
}

/** Inside a transaction. */
export class RowWriter {
  readonly #era: string;
  readonly #onDamage: DamageListener;
  readonly #parts: RowWriterParts;

  constructor(era: string, onDamage: DamageListener, parts: RowWriterParts) {
    this.#era = era;
    this.#onDamage = onDamage;
    this.#parts = parts;
  }

  insertEntry(state: ChannelState, content: EntryContent, row: NewRow): void {
    const { names, channels, keys, entries, expiries, ring, authorship, ledger } = this.#parts;
    const { from, by } = content;
    const { seq } = row;
    const isDirect = state.channel.kind === 'direct';
    const sender = from === undefined ? 0 : (namedNumber(state, from) ?? names.users.ensure(from, row.at));
    const isMessage = content.kind === messageKind;
    const isLow = sender !== 0 && sender === state.lowUser;
    const offset = state.head + 1;
    const at = Math.max(row.at, state.lastAt);
    const one = isMessage ? 1 : 0;
    const messages = state.messages + one;
    const lowMessages = state.lowMessages + (isLow ? one : 0);
    const otherMessages = state.otherMessages + (isDirect && sender === 0 ? one : 0);
    const size = isDirect && sender !== 0 ? row.size : 0;
    const bytes = state.bytes + size;
    const lowBytes = state.lowBytes + (isLow ? size : 0);
    // Of the second one of two users; what a row has of any other sender counts for the first one.
    const isHigh = isDirect && sender !== 0 && !isLow;
    const isOfMany = state.lowUser === 0 && sender !== 0;
    const senderMessages = isOfMany
      ? this.#authoredBefore(state, sender) + one
      : isHigh
        ? messages - otherMessages - lowMessages
        : lowMessages;
    const application = by === undefined ? 0 : row.author === undefined ? names.applications.ensure(by) : -row.author;
    entries.insert(seq, {
      channel: state.number,
      offset,
      kind: row.kind ?? names.kinds.ensure(content.kind),
      sender,
      application,
      at,
      stamp: row.stamp,
      messages,
      senderMessages,
      bytes,
      senderBytes: isHigh ? bytes - lowBytes : lowBytes,
      removed: undefined,
      body: content.body,
      bodyFormat: content.bodyFormat,
      key: content.key,
      slot: content.slot,
      headers: content.headers,
      contentType: content.contentType,
      replyTo: this.#storedReply(state, content.replyTo),
      target: content.target,
      expiresAt: content.expiresAt,
      otherMessages,
      isOfMany,
      change: row.change,
    });
    if (content.key !== undefined) keys.add(state, application === 0 ? sender : -application, content.key, seq);
    if (content.expiresAt !== undefined) expiries.put(content.expiresAt, state.number, offset);
    ring.set(seq, state.number, offset);
    if (isOfMany && isMessage) {
      authorship.add({ channel: state.number, sender, offset, rank: senderMessages }, seq);
    }
    if (sender !== 0) {
      const peer = isLow ? state.highUser : state.lowUser;
      ledger.count({
        sender,
        peer: isDirect && peer !== sender ? peer : undefined,
        bytes: row.size,
        isFirst: offset === 1,
        isAnswer:
          isDirect && isFirstAnswer({ kind: isMessage ? MESSAGE_KIND : 0, messages, senderMessages, otherMessages }),
        channelCreatedAt: state.createdAt,
      });
    }
    state.head = offset;
    state.messages = messages;
    state.lowMessages = lowMessages;
    state.otherMessages = otherMessages;
    state.bytes = bytes;
    state.lowBytes = lowBytes;
    state.lastAt = at;
    state.lastRow = seq;
    if (!state.isBegun) {
      state.isBegun = true;
      channels.update(state);
    }
  }

  /** Where damage hides how many a sender wrote, they are counted from now on: what they wrote before may count as unread. */
  #authoredBefore({ number, key }: ChannelState, sender: number): number {
    return readAround(key, this.#onDamage, () => this.#parts.authorship.total(number, sender)) ?? 0;
  }

  insertControl(state: ChannelState, { seq, at, stamp, change }: NewRow): void {
    const { entries, ring } = this.#parts;
    entries.insert(seq, { ...EMPTY_ROW, channel: state.number, at, stamp, change });
    ring.set(seq, state.number, 0);
  }

  #storedReply(state: ChannelState, replyTo: Position | undefined): StoredReply | undefined {
    if (replyTo === undefined) return undefined;
    const isPresent = replyTo.epoch === epochOf(this.#era, state.life);
    return { offset: replyTo.offset, epoch: isPresent ? undefined : replyTo.epoch };
  }
}

/** A row that changes its channel, and is no entry of it. */
const EMPTY_ROW: EntryRow = {
  channel: 0,
  offset: 0,
  kind: 0,
  sender: 0,
  application: 0,
  at: 0,
  stamp: 0,
  messages: 0,
  senderMessages: 0,
  bytes: 0,
  senderBytes: 0,
  removed: undefined,
  body: '',
  bodyFormat: 'json',
  key: undefined,
  slot: undefined,
  headers: undefined,
  contentType: undefined,
  replyTo: undefined,
  target: undefined,
  expiresAt: undefined,
  otherMessages: 0,
  isOfMany: false,
  change: undefined,
};
