// One conversation as the page knows it: its messages, what is still being sent, what was read.

import type {
  ChannelSummary,
  Gap,
  GroupChange,
  HistoryPage,
  LongwireMessage,
  MemberChange,
  PresenceState,
  SendResult,
} from '@longwire/client';
import { changeText, lastChangeText } from './change-text.js';
import { changedGroup, type GroupState, UNKNOWN_GROUP } from './group-state.js';
import { messageText } from './message-text.js';

/** A message that this tab sends, until its place in the log is known. */
export interface PendingMessage {
  readonly kind: 'pending';
  readonly text: string;
  /** Why it was not sent; undefined while it may still be. */
  failure: string | undefined;
}

/** A message at its place in the log, as far as the page shows it. */
export interface StoredMessage {
  readonly kind: 'message';
  readonly epoch: string;
  readonly offset: number;
  /** The user, or the application. */
  readonly from: string;
  readonly at: number;
  readonly own: boolean;
  readonly text: string;
  /** The pending message that it was in this tab, so that its place on the page is kept. */
  readonly sentAs?: PendingMessage;
}

/** Messages that will not come. */
export interface MissingMessages {
  readonly kind: 'gap';
  readonly gap: Gap;
}

/** A change of the group, at its place in the log. */
export interface ChangeNote {
  readonly kind: 'change';
  readonly offset: number;
  readonly change: MemberChange | GroupChange;
}

type LogItem = StoredMessage | MissingMessages | ChangeNote;
export type ConversationItem = LogItem | PendingMessage;

export class Conversation {
  /** `user/bob`, `group/eng`, `inbox` or `all`. */
  readonly address: string;
  /** The other user; undefined in groups, and where applications write. */
  readonly peer: string | undefined;
  /** Of groups only. */
  readonly groupId: string | undefined;
  group: GroupState | undefined;
  /** The user blocks the other one. */
  isBlocked = false;
  /** In the order of the log. */
  #items: LogItem[] = [];
  readonly #pending = new Set<PendingMessage>();
  /** The text that is being written here. */
  draft = '';
  unread = 0;
  /** The peer has received and read everything up to these offsets. */
  delivered = 0;
  seen = 0;
  preview = '';
  /** Of users who write here or are named here, by their ids. */
  readonly #names = new Map<string, string>();
  readonly #askedNames = new Set<string>();
  /** Undefined until it is known. */
  presence: PresenceState | undefined;
  /** Who is writing here. */
  readonly typing = new Set<string>();
  /** Whether there is more before the first item; undefined until history was requested. */
  hasEarlier: boolean | undefined;
  #epoch: string | undefined;
  /** Changes of the group after this offset are not part of `group` yet. */
  #groupAt = 0;
  /** `unread` counts the messages up to this offset. */
  #countedTo = 0;
  #newestOffset = 0;
  /** Where the pages of history that were read begin. */
  #earliest: { readonly epoch: string; readonly offset: number } | undefined;

  constructor(address: string) {
    this.address = address;
    this.peer = idIn(address, 'user/');
    this.groupId = idIn(address, 'group/');
    this.group = this.groupId === undefined ? undefined : UNKNOWN_GROUP;
  }

  /** `Bob Builder (bob)`, or the id alone: the id says who it is. */
  userText(user: string): string {
    const name = this.#names.get(user);
    return name === undefined ? user : `${name} (${user})`;
  }

  takeName(user: string, name: string | undefined): void {
    if (name !== undefined) this.#names.set(user, name);
  }

  /** Users in the items whose names were not asked for yet, at most `limit`. They count as asked for now. */
  usersToName(limit: number): string[] {
    const users = this.#items.flatMap((item) => usersIn(item)).filter((user) => !this.#askedNames.has(user));
    const asked = [...new Set(users)].slice(0, limit);
    for (const user of asked) this.#askedNames.add(user);
    return asked;
  }

  /** The server, too, refuses what the user writes here. */
  get isReadOnly(): boolean {
    if (this.group === undefined) return this.peer === undefined;
    const { isOver, posting, role } = this.group;
    return isOver || (posting === 'admins' && role === 'member');
  }

  /** The log, then the messages that are still being sent. */
  get items(): readonly ConversationItem[] {
    return [...this.#items, ...this.#pending];
  }

  get hasMessages(): boolean {
    return this.#newestOffset > 0;
  }

  /** The newest message from the peer; undefined if there is none. */
  get newestReceived(): StoredMessage | undefined {
    return this.#items.findLast((item) => item.kind === 'message' && !item.own) as StoredMessage | undefined;
  }

  /** The position before which the earlier messages are. */
  get earliest(): { readonly epoch: string; readonly offset: number } | undefined {
    return this.#earliest ?? this.#items.find((item) => item.kind === 'message');
  }

  /** The state of the channel at a sign-in. */
  takeSummary(summary: ChannelSummary): void {
    const { unread, head, peer, last } = summary;
    this.takeState(summary);
    this.unread = unread;
    this.#countedTo = head;
    this.delivered = Math.max(this.delivered, peer?.delivered ?? 0);
    this.seen = Math.max(this.seen, peer?.read ?? 0);
    if (last === undefined) return;
    this.#noteNewest(last.offset, last.type === 'message' ? messageText(last) : lastChangeText(last));
  }

  /** What the channel is to the user, beside its log. */
  takeState({ epoch, head, blocked, name, title, role, members, posting }: ChannelSummary): void {
    this.#enterEpoch(epoch);
    if (this.peer !== undefined) this.takeName(this.peer, name);
    this.isBlocked = blocked === true;
    if (this.group === undefined || head < this.#groupAt) return;
    this.#groupAt = head;
    this.group = { title, role, members, posting, isOver: false };
  }

  /** The channel is no longer one of the user's. */
  takeRemoval(): void {
    if (this.group !== undefined) this.group = { ...this.group, isOver: true };
  }

  /** The server says that the user is not a member, and never was. */
  takeRefusal(): void {
    this.hasEarlier = false;
    this.takeRemoval();
  }

  /**
   * A change of the group that was pushed. Returns whether it is the newest of the conversation.
   * @param user  the signed-in user
   */
  takeChange(change: MemberChange | GroupChange, user: string): boolean {
    this.#enterEpoch(change.epoch);
    if (this.group !== undefined && change.offset > this.#groupAt) {
      this.#groupAt = change.offset;
      this.group = changedGroup(this.group, change, user);
    }
    return this.#insertChange(change);
  }

  /** A message that was pushed. Returns whether it is the newest of the conversation. */
  takeMessage(message: LongwireMessage): boolean {
    this.#enterEpoch(message.epoch);
    if (!message.own && message.offset > this.#countedTo) {
      this.unread += 1;
      this.#countedTo = message.offset;
    }
    return this.#insert(storedMessage(message));
  }

  /** A page of history; what is known already stays as it is. */
  takeHistory({ items, more, first }: HistoryPage): void {
    for (const item of items) {
      this.#enterEpoch(item.epoch);
      if ('reason' in item) this.takeGap(item);
      else if ('change' in item || 'settings' in item) this.#insertChange(item);
      else this.#insert(storedMessage(item));
    }
    this.#earliest = first ?? this.#earliest;
    this.hasEarlier = more;
  }

  takeGap(gap: Gap): void {
    const isKnown = this.#items.some(
      (item) =>
        item.kind === 'gap' && item.gap.epoch === gap.epoch && item.gap.from <= gap.from && item.gap.to >= gap.to,
    );
    // A notification that was replaced, or whose time is over, is not missed.
    const isOver = this.peer === undefined && (gap.reason === 'superseded' || gap.reason === 'expired');
    if (isKnown || isOver) return;
    // Offsets of two epochs do not compare.
    if (gap.epoch === this.#epoch) this.#place({ kind: 'gap', gap }, gap.to);
    else this.#items.push({ kind: 'gap', gap });
  }

  /** What the peer has received and read. */
  takeReceipt(epoch: string, delivered: number | undefined, seen: number | undefined): void {
    if (this.#epoch !== undefined && epoch !== this.#epoch) return;
    this.delivered = Math.max(this.delivered, delivered ?? 0, seen ?? 0);
    this.seen = Math.max(this.seen, seen ?? 0);
  }

  /** The user has read everything up to `offset`, in another tab or on another device. */
  takeOwnRead(epoch: string, offset: number): void {
    if (epoch !== this.#epoch) return;
    // Of what lies behind it this tab may not know every message; there is at most one for each offset.
    const uncounted = this.#items.filter(
      (item) => (item.kind === 'change' || (item.kind === 'message' && item.own)) && item.offset > offset,
    ).length;
    this.unread = Math.min(this.unread, Math.max(0, this.#newestOffset - offset - uncounted));
  }

  addPending(text: string): PendingMessage {
    const pending: PendingMessage = { kind: 'pending', text, failure: undefined };
    this.#pending.add(pending);
    return pending;
  }

  /** A pending message was stored: from now on it is one of the log. */
  settle(pending: PendingMessage, { epoch, offset, at }: SendResult, user: string): void {
    this.#pending.delete(pending);
    this.#enterEpoch(epoch);
    this.#insert({ kind: 'message', epoch, offset, at, from: user, own: true, text: pending.text, sentAs: pending });
  }

  markRead(): void {
    this.unread = 0;
    this.#countedTo = Math.max(this.#countedTo, this.#newestOffset);
  }

  /** Returns whether the message is the newest of the conversation. */
  #insert(message: StoredMessage): boolean {
    if (this.#has(message.offset)) return false;
    this.#place(message, message.offset);
    return this.#noteNewest(message.offset, message.text);
  }

  #insertChange(change: MemberChange | GroupChange): boolean {
    const { offset } = change;
    if (this.#has(offset)) return false;
    this.#place({ kind: 'change', offset, change }, offset);
    return this.#noteNewest(
      offset,
      changeText(change, (user) => this.userText(user)),
    );
  }

  #has(offset: number): boolean {
    return this.#items.some((item) => item.kind !== 'gap' && item.offset === offset);
  }

  #place(item: LogItem, offset: number): void {
    const after = this.#items.findLastIndex((other) => offsetOf(other) < offset);
    this.#items.splice(after + 1, 0, item);
  }

  #noteNewest(offset: number, text: string): boolean {
    if (offset <= this.#newestOffset) return false;
    this.#newestOffset = offset;
    this.preview = text;
    return true;
  }

  // Offsets of two epochs do not compare: with a new epoch everything starts again.
  #enterEpoch(epoch: string): void {
    if (epoch === this.#epoch) return;
    if (this.#epoch !== undefined) this.#items = [];
    this.#epoch = epoch;
    this.#newestOffset = 0;
    this.#countedTo = 0;
    this.#groupAt = 0;
    this.delivered = 0;
    this.seen = 0;
    this.hasEarlier = undefined;
    this.#earliest = undefined;
  }
}

function storedMessage(message: LongwireMessage): StoredMessage {
  const { epoch, offset, at, own, body, bodyText, bytes } = message;
  const from = message.from ?? message.by ?? '';
  return { kind: 'message', epoch, offset, from, at, own, text: messageText({ body, bodyText, bytes }) };
}

function usersIn(item: LogItem): readonly string[] {
  if (item.kind === 'message') return item.own ? [] : [item.from];
  if (item.kind === 'gap') return [];
  const { change } = item;
  const actor = change.from === undefined ? [] : [change.from];
  return 'users' in change ? [...actor, ...change.users] : actor;
}

function offsetOf(item: LogItem): number {
  return item.kind === 'gap' ? item.gap.to : item.offset;
}

function idIn(address: string, prefix: string): string | undefined {
  return address.startsWith(prefix) ? address.slice(prefix.length) : undefined;
}
