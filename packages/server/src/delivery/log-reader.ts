// One session as a reader of logs: opening, then per channel at the tail or behind at a position.
// Being at the tail needs no state: a channel that is not in `behind` is one.

import type { GapReason, UserId } from '@longwire/protocol';
import type { ChannelKey } from '../channel/channel-key.js';
import type { ChannelTail } from './channel-tail.js';
import type { EncodedPush } from './encoded-push.js';

/** Who was refused room in an outbox. */
export interface RoomWaiter {
  /** There is room for what was refused. */
  onRoom(): void;
}

/** What delivery knows of a session: who it is, and whether it takes more. */
export interface Recipient {
  readonly user: UserId;
  /**
   * Queues the push, or returns false for want of room. Every refusal is followed by one call of `waiter.onRoom`, once
   * there is room for this push; only a session that has ended is not called any more.
   */
  offer(push: EncodedPush, waiter: RoomWaiter): boolean;
}

/** Entries that will not be delivered, reported before anything newer. Reading continues at `next`. */
export interface PendingGap {
  readonly from: number;
  readonly to: number;
  readonly next: number;
  readonly reason: GapReason;
}

export interface BehindState {
  readonly tail: ChannelTail;
  /** Everything up to here is queued, or was never due. */
  position: number;
  gap: PendingGap | undefined;
}

export type LogReaderPhase = 'opening' | 'open' | 'left';

const NOTHING_BEHIND: ReadonlyMap<ChannelKey, BehindState> = new Map();

export class LogReader implements RoomWaiter {
  readonly recipient: Recipient;
  phase: LogReaderPhase = 'opening';
  /** Whether catch-up has this reader in its queue or waits for a page for it. */
  isBeingServed = false;
  /** Channels with a receipt that was not sent: the present state is sent once the reader is at the tail there. */
  receiptsDue: Set<ChannelKey> | undefined;
  // Most sessions are behind nowhere most of the time: the map exists only while it has something.
  #behind: Map<ChannelKey, BehindState> | undefined;
  #isWaitingForRoom = false;
  readonly #onRoom: (reader: LogReader) => void;

  /** @param onRoom the recipient has room again, after it had refused a push */
  constructor(recipient: Recipient, onRoom: (reader: LogReader) => void) {
    this.recipient = recipient;
    this.#onRoom = onRoom;
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

  onRoom(): void {
    this.#isWaitingForRoom = false;
    this.#onRoom(this);
  }

  fallBehind(channel: ChannelKey, tail: ChannelTail, position: number): BehindState {
    const state: BehindState = { tail, position, gap: undefined };
    this.#behind ??= new Map();
    this.#behind.set(channel, state);
    tail.readers += 1;
    return state;
  }

  /** The reader has everything up to the head, or has left. */
  catchUpWith(channel: ChannelKey): void {
    const state = this.#behind?.get(channel);
    if (state === undefined) return;
    state.tail.readers -= 1;
    this.#behind?.delete(channel);
    if (this.#behind?.size === 0) this.#behind = undefined;
  }
}
