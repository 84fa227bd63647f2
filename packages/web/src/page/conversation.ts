// One conversation as the page knows it: what was said, what waits to be sent, what was read.

import type { Gap, LongwireMessage, SendResult, SessionInfo } from '@longwire/client';
import { messageText } from './message-text.js';

type ChannelSummary = SessionInfo['channels'][number];

/** A message that this tab sends, until its place in the log is known. */
export interface PendingMessage {
  readonly text: string;
  readonly at: number;
  /** Why it was not sent; undefined while it may still be. */
  failure: string | undefined;
}

/** A message at its place in the log, as far as the page shows it. */
export interface StoredMessage {
  readonly epoch: string;
  readonly offset: number;
  readonly from: string;
  readonly at: number;
  readonly own: boolean;
  readonly text: string;
}

export type StoredItem =
  | { readonly kind: 'message'; readonly message: StoredMessage }
  | { readonly kind: 'gap'; readonly gap: Gap };

export class Conversation {
  /** `user/bob`. */
  readonly address: string;
  readonly peer: string;
  /** In the order of the log. */
  items: StoredItem[] = [];
  readonly pending = new Set<PendingMessage>();
  unread = 0;
  /** How far the other one has got: given to a device of theirs, and read. */
  delivered = 0;
  seen = 0;
  /** When something was said last, for the order of the list. */
  lastAt = 0;
  preview = '';
  /** Whether there is more before the first item; undefined until history was asked for. */
  hasEarlier: boolean | undefined;
  #epoch: string | undefined;
  /** Up to here `unread` was counted by the server. */
  #countedTo = 0;
  #newestOffset = 0;

  constructor(address: string) {
    this.address = address;
    this.peer = address.slice('user/'.length);
  }

  /** Position of the newest message that came from the other one; undefined if there is none. */
  get newestReceived(): StoredMessage | undefined {
    const last = this.items.findLast((item) => item.kind === 'message' && !item.message.own);
    return last?.kind === 'message' ? last.message : undefined;
  }

  get first(): StoredMessage | undefined {
    const first = this.items.find((item) => item.kind === 'message');
    return first?.kind === 'message' ? first.message : undefined;
  }

  /** What the server says of the channel at a sign-in. */
  takeSummary(summary: ChannelSummary): void {
    this.#enterEpoch(summary.epoch);
    this.unread = summary.unread;
    this.#countedTo = summary.head;
    this.delivered = Math.max(this.delivered, summary.peer?.delivered ?? 0);
    this.seen = Math.max(this.seen, summary.peer?.read ?? 0);
    if (summary.last !== undefined)
      this.#noteNewest(summary.last.offset, summary.last.at, messageText({ body: summary.last.body }));
  }

  /** A message that came by itself. */
  takeMessage(message: LongwireMessage): void {
    this.#enterEpoch(message.epoch);
    if (!message.own && message.offset > this.#countedTo) {
      this.unread += 1;
      this.#countedTo = message.offset;
    }
    this.#insert(storedMessage(message));
  }

  /** A page of history; what is there already stays. */
  takeHistory(messages: readonly LongwireMessage[], hasEarlier: boolean): void {
    for (const message of messages) {
      this.#enterEpoch(message.epoch);
      this.#insert(storedMessage(message));
    }
    this.hasEarlier = hasEarlier;
  }

  takeGap(gap: Gap): void {
    this.items.push({ kind: 'gap', gap });
  }

  takeReceipt(epoch: string, delivered: number | undefined, seen: number | undefined): void {
    if (this.#epoch !== undefined && epoch !== this.#epoch) return;
    this.delivered = Math.max(this.delivered, delivered ?? 0, seen ?? 0);
    this.seen = Math.max(this.seen, seen ?? 0);
  }

  /** A send of this tab was stored: from now on it is an ordinary message. */
  settle(pending: PendingMessage, result: SendResult, user: string): void {
    this.pending.delete(pending);
    const { epoch, offset, at } = result;
    this.#enterEpoch(epoch);
    this.#insert({ epoch, offset, at, from: user, own: true, text: pending.text });
  }

  markRead(): void {
    this.unread = 0;
    this.#countedTo = Math.max(this.#countedTo, this.#newestOffset);
  }

  #insert(message: StoredMessage): void {
    const isKnown = this.items.some((item) => item.kind === 'message' && item.message.offset === message.offset);
    if (isKnown) return;
    const after = this.items.findLastIndex((item) => offsetOf(item) < message.offset);
    this.items.splice(after + 1, 0, { kind: 'message', message });
    this.#noteNewest(message.offset, message.at, message.text);
  }

  #noteNewest(offset: number, at: number, text: string): void {
    if (offset < this.#newestOffset) return;
    this.#newestOffset = offset;
    this.lastAt = at;
    this.preview = text;
  }

  // Offsets of two lives of a log do not compare: with a new epoch everything begins again.
  #enterEpoch(epoch: string): void {
    if (epoch === this.#epoch) return;
    if (this.#epoch !== undefined) this.items = [];
    this.#epoch = epoch;
    this.#newestOffset = 0;
    this.#countedTo = 0;
    this.delivered = 0;
    this.seen = 0;
    this.hasEarlier = undefined;
  }
}

function storedMessage(message: LongwireMessage): StoredMessage {
  const { epoch, offset, from, at, own } = message;
  return { epoch, offset, from, at, own, text: messageText(message) };
}

function offsetOf(item: StoredItem): number {
  return item.kind === 'message' ? item.message.offset : item.gap.to;
}
