// Who is here, and what reaches them: every committed entry passes through once and is queued for every reader at
// the tail. A session without room becomes a reader behind the tail; delivery never waits for a socket.

import type { Epoch, UserId } from '@longwire/protocol';
import type { BusEvent, EventListener, ReceiptEvent, SignalEvent } from '../bus/bus.js';
import type { EntryOrigin } from '../bus/in-flight-appends.js';
import type { LaneListener } from '../bus/order-gate.js';
import { type Channel, type ChannelKey, namedReaders } from '../channel/channel.js';
import type { Entry } from '../channel/entry.js';
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

export class Hub implements LaneListener, EventListener {
  readonly #users = new Map<UserId, UserReaders>();
  /** Exist only for channels in which a reader is behind. */
  readonly #tails = new Map<ChannelKey, ChannelTail>();
  readonly #rings: RingBudget;
  readonly #catchUp: CatchUp;

  readonly #receiptsOf: HubPorts['receiptsOf'];

  readonly #room: SharedRoom;
  readonly #shareFrom: number;
  readonly #readerEvents: LogReaderEvents = {
    onRoom: (reader) => this.#attend(reader),
    onMoved: (reader) => this.#users.get(reader.user)?.noteMoved(reader),
  };

  // If the channel of an opening reader is yet to be compared, the comparison sets the position.
  readonly #onMissed: OnMissed = (reader, pushes) => {
    reader.fallBehind(this.#tailAt(pushes), pushes.entry.offset - 1);
  };

  constructor(ports: HubPorts, { allRingsBytes, shareFrom }: HubOptions) {
    this.#rings = new RingBudget(allRingsBytes, ports.onRingEmptied);
    this.#room = ports.room;
    this.#shareFrom = shareFrom;
    this.#receiptsOf = ports.receiptsOf;
    this.#catchUp = new CatchUp(ports.pages, {
      onJoin: (reader, channel) => this.#join(reader, channel),
      onPageError: ports.onPageError,
    });
  }

  /** The first step of opening: from here on nothing that is committed can pass the reader by. */
  enter(recipient: Recipient): LogReader {
    const reader = new LogReader(recipient, this.#readerEvents);
    let readers = this.#users.get(recipient.user);
    if (readers === undefined) {
      readers = new UserReaders(recipient.user, this.#onMissed, this.#room, this.#shareFrom);
      this.#users.set(recipient.user, readers);
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
      if (state === undefined && position >= status.head && gap === undefined) continue;
      if (state === undefined) {
        const tail = this.#tailOf(status.channel, status.epoch, status.head);
        state = reader.fallBehind(tail, position);
      }
      state.tail.raise(status.head);
      state.position = position;
      state.gap = gap;
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
    const readers = this.#users.get(reader.user);
    readers?.delete(reader);
    if (readers?.size === 0) this.#users.delete(reader.user);
    for (const { tail } of [...reader.behind.values()]) this.#release(reader, tail.channel);
  }

  onEntry(entry: Entry, origin: EntryOrigin | undefined, echo: boolean): void {
    let pushes: EntryPushes | undefined;
    const tail = this.#tails.get(entry.channel.key);
    if (tail !== undefined) {
      pushes = new EntryPushes(entry);
      tail.add(pushes);
    }
    for (const user of namedReaders(entry.channel)) {
      const readers = this.#users.get(user);
      if (readers === undefined) continue;
      pushes ??= new EntryPushes(entry);
      // `sent`, queued right after this, stands in the place of the entry: a sender at the tail stays there, however full.
      readers.deliver(pushes, echo ? undefined : origin);
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
    }
  }

  #onReceipt(event: ReceiptEvent): void {
    for (const viewer of namedReaders(event.channel)) {
      // The user's own `delivered` concerns no other device of theirs; their own `read` keeps the devices in step.
      if (viewer === event.user && event.read === undefined) continue;
      const readers = this.#users.get(viewer);
      if (readers === undefined) continue;
      const pushes = receiptPushes(event, viewer);
      for (const reader of readers) this.#offerReceipt(reader, event.channel, pushes);
    }
  }

  #onSignal(event: SignalEvent): void {
    for (const viewer of namedReaders(event.channel)) {
      const readers = this.#users.get(viewer);
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
    return this.#users.size;
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
    this.#release(reader, channel);
    if (reader.receiptsDue?.has(channel.key)) this.#sendReceipts(reader, channel);
  }

  #sendReceipts(reader: LogReader, channel: Channel): void {
    reader.receiptsDue?.delete(channel.key);
    void this.#receiptsOf(channel).then((receipts) => {
      for (const receipt of receipts) {
        if (receipt.user === reader.user && receipt.read === undefined) continue;
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

function receiptPushes(event: ReceiptEvent, viewer: UserId): CodecPushes {
  return new CodecPushes((codec) => codec.receipt(event, viewer));
}
