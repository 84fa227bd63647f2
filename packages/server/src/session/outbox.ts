// The unsent output of one session: bounded, and a refusal for want of room is always followed by a call when there is some.

import type { TurnBuffer } from '@longwire/websocket';
import type { EncodedPush } from '../delivery/encoded-push.js';
import type { RoomWaiter } from '../delivery/log-reader.js';
import { type CountedOutbox, NOT_HOLDING, type OutboxBudget } from './limits/outbox-budget.js';
import type { Outlet } from './outlet.js';

export class Outbox implements CountedOutbox {
  heldBytes = NOT_HOLDING;
  readonly #outlet: Outlet;
  readonly #maxBytes: number;
  readonly #budget: OutboxBudget;
  readonly #onOverload: () => void;
  /** Who was refused, and how many bytes each asked for, in the order of the refusals. Most outboxes never have it. */
  #waiting: Map<RoomWaiter, number> | undefined;
  #isWaking = false;
  #isWriteAwaited = false;

  /** @param onOverload the budget gives this outbox up: the session has to end */
  constructor(outlet: Outlet, maxBytes: number, budget: OutboxBudget, onOverload: () => void) {
    this.#outlet = outlet;
    this.#maxBytes = maxBytes;
    this.#budget = budget;
    this.#onOverload = onOverload;
  }

  get bufferedBytes(): number {
    return this.#outlet.bufferedBytes;
  }

  /** Queues without asking for room: for answers, whose number is bounded by the commands that may be unanswered. */
  queue(push: EncodedPush): void {
    this.#outlet.send(push);
    this.#budget.note(this, push.estimatedBytes);
  }

  /** Queues the push if there is room; else returns false, and `waiter` is called once there is. */
  offer(push: EncodedPush, waiter: RoomWaiter): boolean {
    if (!this.hasRoomFor(push.estimatedBytes, waiter)) return false;
    this.queue(push);
    return true;
  }

  /** Queues the push if there is room, and nothing waits for some. */
  offerOrDrop(push: EncodedPush): void {
    if (this.#waiting === undefined && this.#fits(push.estimatedBytes)) this.queue(push);
  }

  /**
   * Queues what is appended to `turn` from here on, as if each were offered; the caller that appends notes the bytes at the budget.
   * @returns false if it does not, or does no longer: the next `bytes` have to be offered
   */
  follow<Receiver>(turn: TurnBuffer<Receiver>, receiver: Receiver, bytes: number): boolean {
    if (this.#waiting !== undefined) {
      this.#outlet.unfollow(turn);
      return false;
    }
    const maxBufferedBytes = Math.min(this.#maxBytes, this.#budget.freeBytes);
    if (!this.#outlet.follow(turn, receiver, bytes, maxBufferedBytes)) return false;
    this.#budget.note(this, 0);
    return true;
  }

  /**
   * Whether so many bytes may be queued now; if not, `waiter` is called once they may. An empty outbox takes anything.
   * While one waits, all are refused, so that what is small cannot keep what is large waiting.
   */
  hasRoomFor(bytes: number, waiter: RoomWaiter): boolean {
    if ((this.#waiting === undefined || this.#isWaking) && this.#fits(bytes)) return true;
    this.#wait(waiter, bytes);
    return false;
  }

  /** Whether it holds all that it may; if so, `waiter` is called once it does not. */
  isFull(waiter: RoomWaiter): boolean {
    if (this.bufferedBytes < this.#maxBytes) return false;
    this.#wait(waiter, 0);
    return true;
  }

  /** The outlet says that its queue has become short, which may be before all of it was written. */
  onDrain(): void {
    this.#wake();
  }

  /** The connection is gone: no callback is called any more. */
  close(): void {
    this.#waiting = undefined;
  }

  giveUp(): void {
    this.#onOverload();
  }

  #fits(bytes: number): boolean {
    const buffered = this.#outlet.bufferedBytes;
    if (buffered === 0) return true;
    // Each may hold as much as all together have left: when that becomes little, it is the large ones that have to wait.
    return buffered + bytes <= Math.min(this.#maxBytes, this.#budget.freeBytes);
  }

  #wait(waiter: RoomWaiter, bytes: number): void {
    this.#waiting ??= new Map();
    this.#waiting.set(waiter, bytes);
    this.#awaitWrite();
  }

  /** What is queued now will be written, or the connection ends: this is the call that follows every refusal. */
  #awaitWrite(): void {
    if (this.#isWriteAwaited) return;
    this.#isWriteAwaited = true;
    this.#outlet.whenWritten(() => {
      this.#isWriteAwaited = false;
      this.#wake();
    });
  }

  /** First come, first served; who is refused again waits behind the others. */
  #wake(): void {
    if (this.#waiting === undefined || this.#isWaking) return;
    this.#isWaking = true;
    for (const [waiter, bytes] of [...this.#waiting]) {
      if (!this.#fits(bytes)) break;
      this.#waiting?.delete(waiter);
      waiter.onRoom();
    }
    this.#isWaking = false;
    if (this.#waiting?.size === 0) this.#waiting = undefined;
    if (this.#waiting !== undefined) this.#awaitWrite();
  }
}
