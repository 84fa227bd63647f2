// Who is here, and what reaches them: every committed entry passes through once and is queued for every reader at
// the tail. A session without room becomes a reader behind the tail; delivery never waits for a socket.

import type { UserId } from '@longwire/protocol';
import type { BusEvent, EventListener, ReceiptEvent, SignalEvent } from '../bus/bus.js';
import type { EntryOrigin } from '../bus/in-flight-appends.js';
import type { LaneListener, OrderGate } from '../bus/order-gate.js';
import { type Channel, namedReaders } from '../channel/channel.js';
import type { LaneRow } from '../channel/lane.js';
import type { ChangedMember } from '../channel/membership.js';
import type { LocalUsers } from '../membership/local-users.js';
import type { MemberCache } from '../membership/member-cache.js';
import type { ChannelStatus } from '../storage/directory.js';
import { CatchUp } from './catch-up.js';
import { ChannelTails } from './channel-tails.js';
import { CodecPushes, EntryPushes } from './encoded-push.js';
import { GroupDelivery } from './group-delivery.js';
import { LogReader, type LogReaderEvents, type Recipient, skipTo } from './log-reader.js';
import type { PageSource } from './page-source.js';
import { RingBudget } from './ring-budget.js';
import type { StartPosition } from './start-position.js';
import { notifyRemoved } from './stays.js';
import { type OnMissed, type SharedRoom, UserReaders } from './user-readers.js';

/** What the hub needs from outside its floor. */
export interface HubPorts {
  readonly pages: PageSource;
  readonly onPageError: (error: unknown, channel: Channel) => void;
  /** The present receipts of users in a channel; never rejects. */
  readonly receiptsOf: (channel: Channel, users: readonly UserId[]) => Promise<readonly ReceiptEvent[]>;
  /** How far a user has read, as far as that is in memory. */
  readonly readOf: (user: UserId, channel: Channel) => number;
  /** Whether a user with a session has switched off receipts, and so sees none of others. */
  readonly hidesReceipts: (user: UserId) => boolean;
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
  /** Groups with more members have no receipts, except those of a user for the user's own sessions. */
  readonly receiptMembers: number;
}

/** For fewer sessions, a turn buffer costs as much as it saves. */
export const SHARE_FROM = 8;

/** Channels whose receipts are remembered as due per reader; beyond it the channel object of the next connect has them. */
const MAX_RECEIPTS_DUE = 1_000;

const NO_MEMBERS: readonly ChangedMember[] = [];

export class Hub implements LaneListener, EventListener {
  readonly #users: LocalUsers<UserReaders>;
  readonly #members: MemberCache<UserReaders>;
  readonly #rings: RingBudget;
  readonly #tails: ChannelTails;
  readonly #catchUp: CatchUp;
  readonly #groups: GroupDelivery;

  readonly #receiptsOf: HubPorts['receiptsOf'];
  readonly #hidesReceipts: HubPorts['hidesReceipts'];
  readonly #receiptMembers: number;

  readonly #room: SharedRoom;
  readonly #shareFrom: number;
  readonly #readerEvents: LogReaderEvents = {
    onRoom: (reader) => this.#attend(reader),
    onMoved: (reader) => this.#users.readersOf(reader.user)?.noteMoved(reader),
  };

  // If the channel of an opening reader is yet to be compared, the comparison sets the position.
  readonly #onMissed: OnMissed = (reader, pushes) => {
    reader.fallBehind(this.#tails.at(pushes), pushes.entry.offset - 1);
  };

  constructor(ports: HubPorts, { allRingsBytes, shareFrom, receiptMembers }: HubOptions) {
    this.#rings = new RingBudget(allRingsBytes, ports.onRingEmptied);
    this.#tails = new ChannelTails(this.#rings);
    this.#room = ports.room;
    this.#users = ports.users;
    this.#members = ports.members;
    this.#shareFrom = shareFrom;
    this.#receiptsOf = ports.receiptsOf;
    this.#hidesReceipts = ports.hidesReceipts;
    this.#receiptMembers = receiptMembers;
    this.#catchUp = new CatchUp(ports.pages, {
      onJoin: (reader, channel) => this.#join(reader, channel),
      onPageError: ports.onPageError,
    });
    const { users, members, readOf } = ports;
    this.#groups = new GroupDelivery({ users, members, tails: this.#tails, catchUp: this.#catchUp, readOf });
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
      const { channel, left } = status;
      // What was applied since has reached no reader yet.
      const missed = this.#groups.newestMissed(channel);
      const head = Math.max(status.head, missed?.offset ?? 0);
      const isAtEnd = position >= Math.min(head, left ?? head) && gap === undefined;
      if (state === undefined && isAtEnd && missed === undefined) continue;
      state ??= reader.fallBehind(this.#tails.of(channel, status.epoch, head), position);
      state.tail.raise(head);
      const { dueFrom, end } = state;
      state.position = position;
      state.gap = gap;
      if (dueFrom > status.dueFrom) {
        // The user has joined anew since the status was read, and may have left again.
        skipTo(state, dueFrom);
        state.end = end;
      } else state.end ??= left ?? this.#groups.endMissed(reader.user, channel, status);
    }
  }

  /** The last step of opening, after `connected` was queued: at the tail everywhere but in what was put on the list. */
  finishOpening(reader: LogReader): void {
    if (reader.phase !== 'opening') return;
    reader.phase = 'open';
    reader.notifyWaiting();
    this.#attend(reader);
  }

  leave(reader: LogReader): void {
    if (reader.phase === 'left') return;
    reader.phase = 'left';
    const readers = this.#users.readersOf(reader.user);
    readers?.delete(reader);
    if (readers?.size === 0) this.#users.depart(reader.user);
    for (const { tail } of [...reader.behind.values()]) this.#tails.release(reader, tail.channel);
  }

  onRow({ channel, entry, change }: LaneRow, origin: EntryOrigin | undefined, echo: boolean): void {
    if (entry === undefined) return;
    const pushes = new EntryPushes(entry);
    this.#tails.add(pushes);
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
        this.#groups.deliver(pushes, change?.members ?? NO_MEMBERS, answered);
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
      case 'channel':
        // For the sessions of one user: see `session/channel-pushes.ts`.
        break;
    }
  }

  #onReceipt(event: ReceiptEvent): void {
    for (const viewer of this.#receiptUsers(event.channel, event.user)) {
      // The user's own `delivered` concerns no other device of theirs; their own `read` keeps the devices in step.
      if (viewer === event.user ? event.read === undefined : event.isPrivate || this.#hidesReceipts(viewer)) continue;
      const readers = this.#users.readersOf(viewer);
      if (readers === undefined) continue;
      const pushes = receiptPushes(event, viewer);
      for (const reader of readers) this.#offerReceipt(reader, event.channel, pushes);
    }
  }

  #onSignal(event: SignalEvent): void {
    const { channel } = event;
    if (channel.kind === 'group') {
      // Its address is the same for all. Where it is not loaded, its members miss the signal, as anything passing may be missed.
      const pushes = new CodecPushes((codec) => codec.signal(event, event.from));
      for (const { readers } of this.#members.peek(channel)?.audience ?? []) passSignal(readers, event, pushes);
      return;
    }
    for (const viewer of namedReaders(channel)) {
      const pushes = new CodecPushes((codec) => codec.signal(event, viewer));
      passSignal(this.#users.readersOf(viewer), event, pushes);
    }
  }

  /** Who gets the receipts of a user there. The members of a large group are not even listed for it. */
  #receiptUsers(channel: Channel, user: UserId): readonly UserId[] {
    if (channel.kind === 'all') return [user];
    if (channel.kind !== 'group') return namedReaders(channel);
    const audience = this.#members.peek(channel)?.audience ?? [];
    const isShared = audience.length > 0 && audience.length <= this.#receiptMembers;
    return isShared ? audience.map(({ id }) => id) : [user];
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
    if (this.#groups.keepsBehind(reader, channel)) return;
    const hasLeft = reader.behind.get(channel.key)?.end !== undefined;
    this.#tails.release(reader, channel);
    if (hasLeft) notifyRemoved(reader, channel);
    if (reader.receiptsDue?.has(channel.key)) this.#sendReceipts(reader, channel);
  }

  #sendReceipts(reader: LogReader, channel: Channel): void {
    reader.receiptsDue?.delete(channel.key);
    void this.#receiptsOf(channel, this.#receiptUsers(channel, reader.user)).then((receipts) => {
      for (const receipt of receipts) {
        const isHidden = receipt.isPrivate || this.#hidesReceipts(reader.user);
        if (receipt.user === reader.user ? receipt.read === undefined : isHidden) continue;
        if (reader.phase !== 'left') this.#offerReceipt(reader, channel, receiptPushes(receipt, reader.user));
      }
    });
  }
}

/** To the sessions that are at the tail and have room. */
function passSignal(
  readers: Iterable<LogReader> | undefined,
  { channel, origin }: SignalEvent,
  pushes: CodecPushes,
): void {
  for (const reader of readers ?? []) {
    if (reader.recipient === origin || !reader.isAtTailOf(channel)) continue;
    reader.offerOrDrop(pushes.in(reader.recipient.codec));
  }
}

function receiptPushes(event: ReceiptEvent, viewer: UserId): CodecPushes {
  return new CodecPushes((codec) => codec.receipt(event, viewer));
}
