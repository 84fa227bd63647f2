// Who is here, and what reaches them: every committed entry passes through once and is queued for every reader at
// the tail. A session without room becomes a reader behind the tail; delivery never waits for a socket.

import type { Epoch, UserId } from '@longwire/protocol';
import type { BusEvent, EventListener, ReceiptEvent, SignalEvent } from '../bus/bus.js';
import type { EntryOrigin } from '../bus/in-flight-appends.js';
import type { LaneListener, OrderGate } from '../bus/order-gate.js';
import { type Channel, type ChannelKey, namedReaders } from '../channel/channel.js';
import type { Entry } from '../channel/entry.js';
import type { LaneRow } from '../channel/lane.js';
import type { ChannelMember } from '../channel/membership.js';
import type { LocalUsers } from '../membership/local-users.js';
import type { MemberCache } from '../membership/member-cache.js';
import type { ChannelStatus } from '../storage/directory.js';
import { CatchUp } from './catch-up.js';
import { ChannelTail } from './channel-tail.js';
import { CodecPushes, EntryPushes } from './encoded-push.js';
import { LogReader, type LogReaderEvents, type Recipient } from './log-reader.js';
import type { PageSource } from './page-source.js';
import { RingBudget } from './ring-budget.js';
import type { StartPosition } from './start-position.js';
import { type OnMissed, type SharedRoom, UserReaders } from './user-readers.js';

/** What the hub needs from outside its floor. */
export interface HubPorts {
  readonly pages: PageSource;
  readonly onPageError: (error: unknown, channel: Channel) => void;
  /** The present receipts of a channel's members; never rejects. */
  readonly receiptsOf: (channel: Channel) => Promise<readonly ReceiptEvent[]>;
  readonly room: SharedRoom;
  readonly users: LocalUsers<UserReaders>;
  /** The members of groups. */
  readonly members: MemberCache<UserReaders>;
  /** Called when the newest entries of a channel are dropped for want of memory: they are read from the log instead. */
  readonly onRingEmptied: () => void;
}

export interface HubOptions {
  /** Newest entries of channels in which a reader is behind, all together. */
  readonly allRingsBytes: number;
  /** Sessions of one user from which on they share what is new in a turn. */
  readonly shareFrom: number;
}

/** For fewer sessions, a turn buffer costs as much as it saves. */
export const SHARE_FROM = 8;

/** Channels whose receipts are remembered as due per reader; beyond it the channel object of the next connect has them. */
const MAX_RECEIPTS_DUE = 1_000;

/** What was applied in a group while its members were not loaded. */
interface MissedEntries {
  /** The first offset. */
  readonly from: number;
  newest: Entry;
  /** Who left meanwhile. */
  readonly gone: Map<UserId, ChannelMember>;
}

const NO_MEMBERS: readonly ChannelMember[] = [];

export class Hub implements LaneListener, EventListener {
  readonly #users: LocalUsers<UserReaders>;
  readonly #members: MemberCache<UserReaders>;
  /** Exist only for channels in which a reader is behind. */
  readonly #tails = new Map<ChannelKey, ChannelTail>();
  readonly #missed = new Map<ChannelKey, MissedEntries>();
  readonly #rings: RingBudget;
  readonly #catchUp: CatchUp;

  readonly #receiptsOf: HubPorts['receiptsOf'];

  readonly #room: SharedRoom;
  readonly #shareFrom: number;
  readonly #readerEvents: LogReaderEvents = {
    onRoom: (reader) => this.#attend(reader),
    onMoved: (reader) => this.#users.readersOf(reader.user)?.noteMoved(reader),
  };

  // If the channel of an opening reader is yet to be compared, the comparison sets the position.
  readonly #onMissed: OnMissed = (reader, pushes) => {
    reader.fallBehind(this.#tailAt(pushes), pushes.entry.offset - 1);
  };

  constructor(ports: HubPorts, { allRingsBytes, shareFrom }: HubOptions) {
    this.#rings = new RingBudget(allRingsBytes, ports.onRingEmptied);
    this.#room = ports.room;
    this.#users = ports.users;
    this.#members = ports.members;
    ports.members.follow({ onLoaded: (channel) => this.#onMembers(channel) });
    this.#shareFrom = shareFrom;
    this.#receiptsOf = ports.receiptsOf;
    this.#catchUp = new CatchUp(ports.pages, {
      onJoin: (reader, channel) => this.#join(reader, channel),
      onPageError: ports.onPageError,
    });
  }

  /** What was applied reaches who was a member before a row or is by it: so who joins by an entry gets it, and who leaves too. */
  attachTo(gate: Pick<OrderGate, 'follow'>): void {
    gate.follow(this.#members.beforeFanOut);
    gate.follow(this);
    gate.follow(this.#members.afterFanOut);
  }

  /** The first step of opening: from here on nothing that is committed can pass the reader by. */
  enter(recipient: Recipient): LogReader {
    const reader = new LogReader(recipient, this.#readerEvents);
    let readers = this.#users.readersOf(recipient.user);
    if (readers === undefined) {
      readers = new UserReaders(recipient.user, this.#onMissed, this.#room, this.#shareFrom);
      this.#users.arrive(recipient.user, readers);
    }
    readers.add(reader);
    return reader;
  }

  /**
   * Compares one slice of the user's channels with where the session wants to begin. A channel that is already at its head
   * is not remembered: an entry that arrives there before opening is finished puts it on the list, right before itself.
   */
  compare(
    reader: LogReader,
    statuses: readonly ChannelStatus[],
    start: (status: ChannelStatus) => StartPosition,
  ): void {
    if (reader.phase !== 'opening') return;
    for (const status of statuses) {
      const { position, gap } = start(status);
      let state = reader.behind.get(status.channel.key);
      const { channel, head, left } = status;
      const isAtEnd = position >= Math.min(head, left ?? head) && gap === undefined;
      if (state === undefined && isAtEnd && !this.#missed.has(channel.key)) continue;
      state ??= reader.fallBehind(this.#tailOf(channel, status.epoch, head), position);
      state.tail.raise(head);
      // The user has joined anew since the status was read.
      if (state.dueFrom > status.dueFrom) continue;
      state.position = position;
      state.gap = gap;
      state.end ??= left;
    }
  }

  /** The last step of opening, after `connected` was queued: at the tail everywhere but in what was put on the list. */
  finishOpening(reader: LogReader): void {
    if (reader.phase !== 'opening') return;
    reader.phase = 'open';
    this.#attend(reader);
  }

  leave(reader: LogReader): void {
    if (reader.phase === 'left') return;
    reader.phase = 'left';
    const readers = this.#users.readersOf(reader.user);
    readers?.delete(reader);
    if (readers?.size === 0) this.#users.depart(reader.user);
    for (const { tail } of [...reader.behind.values()]) this.#release(reader, tail.channel);
  }

  onRow({ channel, entry, change }: LaneRow, origin: EntryOrigin | undefined, echo: boolean): void {
    if (entry === undefined) return;
    const pushes = new EntryPushes(entry);
    this.#tails.get(channel.key)?.add(pushes);
    // `sent`, queued right after this, stands in the place of the entry: a sender at the tail stays there, however full.
    const answered = echo ? undefined : origin;
    switch (channel.kind) {
      case 'direct':
        this.#users.readersOf(channel.low)?.deliver(pushes, answered);
        if (channel.low !== channel.high) this.#users.readersOf(channel.high)?.deliver(pushes, answered);
        return;
      case 'inbox':
        this.#users.readersOf(channel.user)?.deliver(pushes, answered);
        return;
      case 'all':
        for (const readers of this.#users.allReaders) readers.deliver(pushes, answered);
        return;
      case 'group':
        this.#deliverToGroup(pushes, change?.members ?? NO_MEMBERS, answered);
        return;
      case 'topic':
        return;
    }
  }

  onEvent(event: BusEvent): void {
    switch (event.type) {
      case 'receipt':
        this.#onReceipt(event);
        break;
      case 'signal':
        this.#onSignal(event);
        break;
      case 'presence':
      case 'settings':
        // For `session/`.
        break;
    }
  }

  #onReceipt(event: ReceiptEvent): void {
    for (const viewer of namedReaders(event.channel)) {
      // The user's own `delivered` concerns no other device of theirs; their own `read` keeps the devices in step.
      if (viewer === event.user ? event.read === undefined : event.isPrivate) continue;
      const readers = this.#users.readersOf(viewer);
      if (readers === undefined) continue;
      const pushes = receiptPushes(event, viewer);
      for (const reader of readers) this.#offerReceipt(reader, event.channel, pushes);
    }
  }

  #onSignal(event: SignalEvent): void {
    for (const viewer of namedReaders(event.channel)) {
      const readers = this.#users.readersOf(viewer);
      if (readers === undefined) continue;
      const pushes = new CodecPushes((codec) => codec.signal(event, viewer));
      for (const reader of readers) {
        if (reader.recipient === event.origin || !reader.isAtTailOf(event.channel)) continue;
        reader.offerOrDrop(pushes.in(reader.recipient.codec));
      }
    }
  }

  /** Users with a session. */
  get onlineUsers(): number {
    return this.#users.onlineCount;
  }

  /** Channels whose newest entries are kept because a reader is behind in them. */
  get tailsKept(): number {
    return this.#tails.size;
  }

  /** What those newest entries take. */
  get ringBytes(): number {
    return this.#rings.bytes;
  }

  #deliverToGroup(pushes: EntryPushes, changed: readonly ChannelMember[], answered: object | undefined): void {
    const { channel, offset } = pushes.entry;
    const loaded = this.#members.peek(channel);
    if (loaded === undefined) {
      this.#noteMissed(pushes, changed);
      return;
    }
    const joined = changed.filter((member) => member.joined === offset && member.left === undefined);
    for (const member of joined) this.#beginStay(member, pushes);
    for (const { readers } of loaded.audience) readers?.deliver(pushes, answered);
    for (const member of changed) this.#endStay(member, channel);
    for (const { user } of joined) for (const reader of this.#users.readersOf(user) ?? []) this.#catchUp.serve(reader);
  }

  /** The user has joined: of what came before, nothing more is due. */
  #beginStay({ user, dueFrom }: ChannelMember, pushes: EntryPushes): void {
    if (dueFrom === 1) return;
    for (const reader of this.#users.readersOf(user) ?? []) continueAt(reader, this.#tailAt(pushes), dueFrom);
  }

  /** Readers at the tail have everything. Those that are behind get the rest up to `left`. */
  #endStay({ user, left }: ChannelMember, { key }: Channel): void {
    if (left === undefined) return;
    for (const reader of this.#users.readersOf(user) ?? []) {
      const state = reader.behind.get(key);
      if (state !== undefined) state.end = left;
    }
  }

  /** The members are not loaded: they get the entry from the log once they are. */
  #noteMissed({ entry }: EntryPushes, changed: readonly ChannelMember[]): void {
    const { channel, offset } = entry;
    let missed = this.#missed.get(channel.key);
    if (missed === undefined) {
      missed = { from: offset, newest: entry, gone: new Map() };
      this.#missed.set(channel.key, missed);
      this.#members.load(channel);
    }
    missed.newest = entry;
    for (const member of changed) {
      if (member.left === undefined) missed.gone.delete(member.user);
      else missed.gone.set(member.user, member);
    }
  }

  /** What was applied while the members were being loaded is put behind for them. */
  #onMembers(channel: Channel): void {
    const missed = this.#missed.get(channel.key);
    const loaded = this.#members.peek(channel);
    if (missed === undefined || loaded === undefined) return;
    this.#missed.delete(channel.key);
    for (const { id } of loaded.audience) this.#putBehind(id, loaded.member(id)!.dueFrom, missed);
    for (const member of missed.gone.values()) {
      this.#putBehind(member.user, member.dueFrom, missed);
      this.#endStay(member, channel);
    }
    const users = [...loaded.audience.map(({ id }) => id), ...missed.gone.keys()];
    for (const user of users) for (const reader of this.#users.readersOf(user) ?? []) this.#catchUp.serve(reader);
  }

  #putBehind(user: UserId, dueFrom: number, { from, newest }: MissedEntries): void {
    const { channel, epoch, offset } = newest;
    for (const reader of this.#users.readersOf(user) ?? []) {
      const isBehind = reader.behind.has(channel.key);
      if (isBehind && dueFrom <= from) continue;
      const tail = this.#tailOf(channel, epoch, offset);
      if (dueFrom <= from) reader.fallBehind(tail, from - 1);
      else continueAt(reader, tail, dueFrom);
    }
  }

  /** Everything that the reader may take now and did not get before: after opening, and whenever its outbox has room again. */
  #attend(reader: LogReader): void {
    if (reader.phase !== 'open') return;
    for (const channel of reader.receiptsDue?.values() ?? []) {
      if (!reader.behind.has(channel.key)) this.#sendReceipts(reader, channel);
    }
    this.#catchUp.serve(reader);
  }

  #offerReceipt(reader: LogReader, channel: Channel, pushes: CodecPushes): void {
    if (reader.isAtTailOf(channel) && reader.offer(pushes.in(reader.recipient.codec))) return;
    reader.receiptsDue ??= new Map();
    if (reader.receiptsDue.size < MAX_RECEIPTS_DUE) reader.receiptsDue.set(channel.key, channel);
  }

  #join(reader: LogReader, channel: Channel): void {
    this.#release(reader, channel);
    if (reader.receiptsDue?.has(channel.key)) this.#sendReceipts(reader, channel);
  }

  #sendReceipts(reader: LogReader, channel: Channel): void {
    reader.receiptsDue?.delete(channel.key);
    void this.#receiptsOf(channel).then((receipts) => {
      for (const receipt of receipts) {
        if (receipt.user === reader.user ? receipt.read === undefined : receipt.isPrivate) continue;
        if (reader.phase !== 'left') this.#offerReceipt(reader, channel, receiptPushes(receipt, reader.user));
      }
    });
  }

  #release(reader: LogReader, channel: Channel): void {
    const tail = reader.behind.get(channel.key)?.tail;
    reader.catchUpWith(channel);
    if (tail === undefined || tail.readers > 0) return;
    this.#tails.delete(channel.key);
    tail.drop();
  }

  #tailOf(channel: Channel, epoch: Epoch, head: number): ChannelTail {
    let tail = this.#tails.get(channel.key);
    if (tail === undefined) {
      tail = new ChannelTail(channel, epoch, head, this.#rings);
      this.#tails.set(channel.key, tail);
    }
    return tail;
  }

  /** The channel's tail, created at this entry if no reader was behind until now. */
  #tailAt(pushes: EntryPushes): ChannelTail {
    const { entry } = pushes;
    const known = this.#tails.get(entry.channel.key);
    if (known !== undefined) return known;
    const tail = this.#tailOf(entry.channel, entry.epoch, entry.offset - 1);
    tail.add(pushes);
    return tail;
  }
}

/**
 * The session goes on at `dueFrom`, as if it had been behind: it may have the channel up to an earlier stay of its user, and
 * learns of the gap.
 */
function continueAt(reader: LogReader, tail: ChannelTail, dueFrom: number): void {
  const known = reader.behind.get(tail.channel.key);
  if (known !== undefined && known.position >= dueFrom - 1) return;
  const from = known === undefined ? 1 : (known.gap?.from ?? known.position + 1);
  const state = known ?? reader.fallBehind(tail, dueFrom - 1);
  state.position = dueFrom - 1;
  state.gap = { from, to: dueFrom - 1, next: dueFrom, reason: 'skipped' };
  state.end = undefined;
  state.dueFrom = dueFrom;
}

function receiptPushes(event: ReceiptEvent, viewer: UserId): CodecPushes {
  return new CodecPushes((codec) => codec.receipt(event, viewer));
}
