// One session as a reader of logs: opening, then per channel at the tail or behind at a position.
// Being at the tail needs no state: a channel that is not in `behind` is one.

import type { UserId } from '@longwire/protocol';
import type { TurnBuffer } from '@longwire/websocket';
import type { Channel, ChannelKey } from '../channel/channel.js';
import type { ChannelTail } from './channel-tail.js';
import type { DueGap } from './codec.js';
import type { EncodedPush, Viewpoint } from './encoded-push.js';

/** Who was refused room in an outbox. */
export interface RoomWaiter {
  /** There is room for what was refused. */
  onRoom(): void;
}

/** What delivery knows of a session: who it is, how it is written to, and whether it takes more. */
export interface Recipient extends Viewpoint {
  /** Several entries may be one push, joined by the codec. */
  readonly takesBatches: boolean;
  /**
   * Queues the push, or returns false for want of room. Every refusal is followed by one call of `waiter.onRoom`, once
   * there is room for this push; only a session that has ended is not called any more.
   */
  offer(push: EncodedPush, waiter: RoomWaiter): boolean;
  /** Queues the push whatever the room: for what is small and rare, and is learnt no other way. */
  notify(push: EncodedPush): void;
  /** Queues the push, or drops it for want of room: for what is worth nothing later. No refusal, so no call follows. */
  offerOrDrop(push: EncodedPush): void;
  /**
   * Queues what is appended to `turn` from here on, as if each were offered, until the end of the turn or until anything
   * else is queued for this recipient: what was appended before stands before that.
   * @returns false if it does not, or does no longer: the next push, of so many bytes, has to be offered. So it is as long
   *   as a waiter has not been called.
   */
  follow(turn: TurnBuffer<LogReader>, reader: LogReader, bytes: number): boolean;
  /** Stops following; what was appended so far stays queued. */
  unfollow(turn: TurnBuffer<LogReader>): void;
}

/** What a reader reports. */
export interface LogReaderEvents {
  /** The recipient has room again, after it had refused a push. */
  onRoom(reader: LogReader): void;
  /** `isAtEveryTail` may have changed. */
  onMoved(reader: LogReader): void;
}

/** Reported before anything newer, in the epoch of that moment. */
export type PendingGap = Omit<DueGap, 'epoch'>;

export interface BehindState {
  readonly tail: ChannelTail;
  /** Everything up to here is queued, or was never due. */
  position: number;
  gap: PendingGap | undefined;
  /** The last offset that the user gets, because they left by it; undefined: they are in the channel. */
  end: number | undefined;
  /** From here on entries are due, as far as a join that was applied says so; 0: as the comparison says. */
  dueFrom: number;
}

export type LogReaderPhase = 'opening' | 'open' | 'left';

const NOTHING_WAITING: readonly EncodedPush[] = [];
const NOTHING_BEHIND: ReadonlyMap<ChannelKey, BehindState> = new Map();

export class LogReader implements RoomWaiter {
  readonly recipient: Recipient;
  #phase: LogReaderPhase = 'opening';
  /** Whether catch-up has this reader in its queue or waits for pages for it. */
  isBeingServed = false;
  /** Pages that catch-up waits for, for this reader. */
  pagesInFlight = 0;
  /** Channels with a receipt that was not sent: the present state is sent once the reader is at the tail there. */
  receiptsDue: Map<ChannelKey, Channel> | undefined;
  // Most sessions are behind nowhere most of the time: the map exists only while it has something.
  #behind: Map<ChannelKey, BehindState> | undefined;
  #isWaitingForRoom = false;
  #untilOpen: readonly EncodedPush[] = NOTHING_WAITING;
  readonly #events: LogReaderEvents;

  constructor(recipient: Recipient, events: LogReaderEvents) {
    this.recipient = recipient;
    this.#events = events;
  }

  get phase(): LogReaderPhase {
    return this.#phase;
  }

  set phase(phase: LogReaderPhase) {
    this.#phase = phase;
    this.#events.onMoved(this);
  }

  /** Nothing but its recipient decides whether it gets a new entry. */
  get isAtEveryTail(): boolean {
    return this.#phase === 'open' && this.#behind === undefined;
  }

  isAtTailOf({ key }: Channel): boolean {
    return this.#phase === 'open' && this.#behind?.has(key) !== true;
  }

  get user(): UserId {
    return this.recipient.user;
  }

  get behind(): ReadonlyMap<ChannelKey, BehindState> {
    return this.#behind ?? NOTHING_BEHIND;
  }

  /** A push was refused, and the recipient has not called since: until then it takes nothing. */
  get isWaitingForRoom(): boolean {
    return this.#isWaitingForRoom;
  }

  /** Queues the push at the recipient. After a refusal `onRoom` follows: nothing else has to be arranged. */
  offer(push: EncodedPush): boolean {
    if (this.#isWaitingForRoom) return false;
    this.#isWaitingForRoom = !this.recipient.offer(push, this);
    return !this.#isWaitingForRoom;
  }

  /** Queues what must not be lost, whatever the room; while the reader opens, it waits until that is over. */
  notify(push: EncodedPush): void {
    if (this.#phase === 'open') this.recipient.notify(push);
    else if (this.#phase === 'opening') this.#untilOpen = [...this.#untilOpen, push];
  }

  /** The opening is over. */
  notifyWaiting(): void {
    for (const push of this.#untilOpen) this.recipient.notify(push);
    this.#untilOpen = NOTHING_WAITING;
  }

  /** As `offer`, for what is worth nothing later. */
  offerOrDrop(push: EncodedPush): void {
    if (!this.#isWaitingForRoom) this.recipient.offerOrDrop(push);
  }

  follow(turn: TurnBuffer<LogReader>, bytes: number): boolean {
    return this.recipient.follow(turn, this, bytes);
  }

  onRoom(): void {
    this.#isWaitingForRoom = false;
    this.#events.onRoom(this);
  }

  fallBehind(tail: ChannelTail, position: number): BehindState {
    const state: BehindState = { tail, position, gap: undefined, end: undefined, dueFrom: 0 };
    this.#behind ??= new Map();
    this.#behind.set(tail.channel.key, state);
    tail.readers += 1;
    this.#events.onMoved(this);
    return state;
  }

  /** The reader has everything up to the head, or has left. */
  catchUpWith({ key }: Channel): void {
    const state = this.#behind?.get(key);
    if (state === undefined) return;
    state.tail.readers -= 1;
    this.#behind?.delete(key);
    if (this.#behind?.size !== 0) return;
    this.#behind = undefined;
    this.#events.onMoved(this);
  }
}

/** Of what is below `dueFrom`, nothing is due: the client learns of it as of a gap. */
export function skipTo(state: BehindState, dueFrom: number): void {
  if (state.position < dueFrom - 1) {
    const from = state.gap?.from ?? state.position + 1;
    state.gap = { from, to: dueFrom - 1, next: dueFrom, reason: 'skipped' };
    state.position = dueFrom - 1;
  }
  state.end = undefined;
  state.dueFrom = dueFrom;
}
