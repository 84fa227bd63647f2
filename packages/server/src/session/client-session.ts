// The session of one client: how much it may hold at once, when its socket is read, and how it ends. It knows no transport;
// the transport hands in texts and takes texts out.

import type { Address, DeviceId, UserId } from '@longwire/protocol';
import { CloseCode, reconnectRule } from '@longwire/protocol';
import type { TurnBuffer } from '@longwire/websocket';
import type { Channel } from '../channel/channel.js';
import type { Codec } from '../delivery/codec.js';
import { EncodedPush } from '../delivery/encoded-push.js';
import type { LogReader, Recipient, RoomWaiter } from '../delivery/log-reader.js';
import type { Clock } from '../runtime/clock.js';
import type { OutboxBudget } from './limits/outbox-budget.js';
import type { UserRates } from './limits/user-rates.js';
import { Outbox } from './outbox.js';
import type { Outlet } from './outlet.js';

/** The limits of one session. */
export interface SessionBounds {
  readonly outboxBytes: number;
  readonly inFlight: number;
}

/** A session has a user from `ready` on: once `connected` was queued. */
export type SessionPhase = 'pending' | 'signing-in' | 'ready' | 'ended';

export interface Identity {
  readonly user: UserId;
  readonly device: DeviceId;
}

export class ClientSession implements Recipient {
  readonly id: string;
  readonly outlet: Outlet;
  readonly outbox: Outbox;
  phase: SessionPhase = 'pending';
  identity: Identity | undefined;
  /** What the newest token says. */
  role: 'admin' | undefined;
  takesBatches = false;
  /** Those of its user, from the moment it was admitted. */
  rates: UserRates | undefined;
  reader: LogReader | undefined;
  /** Until this monotonic instant no send is taken: one was put off, and what was sent after it must not overtake it. */
  sendsHeldUntilMs = 0;
  /** Where it sent last. */
  lastSend: { readonly to: Address; readonly channel: Channel } | undefined;
  /** Close code of the first reason to end. */
  endedWith: number | undefined;
  /** Messages that were not commands, or not allowed before sign-in. */
  mistakes = 0;
  /** Messages that came before `ready`. */
  earlyMessages = 0;
  /** Those of them that are handled once the session is ready. */
  heldTexts: string[] = [];
  readonly #bounds: SessionBounds;
  #unanswered = 0;
  #isReading = true;
  #isStopping = false;
  #isReadingHeld = false;
  /** Answers of up to a page that wait for room in the outbox, in the order of their commands. */
  #waitingPages: (() => Promise<void>)[] = [];
  #isMakingPage = false;
  readonly #pageWaiter: RoomWaiter = { onRoom: () => this.#makeNextPage() };
  readonly #readingWaiter: RoomWaiter = { onRoom: () => this.updateReading() };

  /** @param budget of the outboxes of all sessions */
  constructor(id: string, outlet: Outlet, bounds: SessionBounds, budget: OutboxBudget) {
    this.id = id;
    this.outlet = outlet;
    this.#bounds = bounds;
    this.outbox = new Outbox(outlet, bounds.outboxBytes, budget, () => this.#giveUp());
  }

  /** It is closing or gone: what is still being done for it is in vain. */
  get hasEnded(): boolean {
    return this.endedWith !== undefined || this.phase === 'ended';
  }

  /** Signed in, and not about to end. */
  get isLive(): boolean {
    return this.phase === 'ready' && !this.hasEnded;
  }

  get codec(): Codec {
    return this.outlet.codec;
  }

  get user(): UserId {
    // Only a signed-in session is handed to the hub.
    return this.identity!.user;
  }

  offer(push: EncodedPush, waiter: RoomWaiter): boolean {
    // Who has begun to end takes nothing more, and leaves the hub soon.
    return this.endedWith === undefined && this.outbox.offer(push, waiter);
  }

  notify(push: EncodedPush): void {
    if (this.endedWith === undefined) this.outbox.queue(push);
  }

  offerOrDrop(push: EncodedPush): void {
    if (this.endedWith === undefined) this.outbox.offerOrDrop(push);
  }

  follow(turn: TurnBuffer<LogReader>, reader: LogReader, bytes: number): boolean {
    if (this.endedWith === undefined) return this.outbox.follow(turn, reader, bytes);
    this.outlet.unfollow(turn);
    return false;
  }

  unfollow(turn: TurnBuffer<LogReader>): void {
    this.outlet.unfollow(turn);
  }

  queueText(text: string): void {
    this.outbox.queue(new EncodedPush(text));
  }

  /** A command was accepted; `finishCommand` is called once, when it has been answered. */
  startCommand(): void {
    this.#unanswered += 1;
    if (this.#unanswered >= this.#bounds.inFlight) this.updateReading();
  }

  finishCommand(): void {
    this.#unanswered -= 1;
    // One that is read is looked at again with its next command.
    if (!this.#isReading) this.updateReading();
  }

  /**
   * Pauses or resumes reading: the socket is not read with a command that has to wait for the sign-in, with too many
   * unanswered ones, with a full outbox, or for a while after too many commands. So the answers still to come are bounded
   * too. It is read while signing in: a client that has left is noticed by reading alone.
   */
  updateReading(): void {
    const mayRead =
      !this.#isStopping &&
      !this.#isReadingHeld &&
      this.heldTexts.length === 0 &&
      this.#unanswered < this.#bounds.inFlight &&
      !this.outbox.isFull(this.#readingWaiter);
    if (mayRead === this.#isReading || this.phase === 'ended') return;
    this.#isReading = mayRead;
    if (mayRead) this.outlet.resumeReading();
    else this.outlet.pauseReading();
  }

  /** Lets the client wait in its own buffers for so long. */
  holdReading(durationMs: number, clock: Clock): void {
    if (this.#isReadingHeld) return;
    this.#isReadingHeld = true;
    this.updateReading();
    clock.setTimer(durationMs, () => {
      this.#isReadingHeld = false;
      this.updateReading();
    });
  }

  /** Accepts no more commands: the server stops. Commands accepted before are still answered. */
  stopReading(): void {
    this.#isStopping = true;
    this.updateReading();
  }

  /** Runs `make` when the outbox has room for a page; one at a time, in order. */
  whenRoomForPage(make: () => Promise<void>): void {
    this.#waitingPages.push(make);
    this.#makeNextPage();
  }

  /** Queues `goodbye` and closes. Idempotent. */
  end(code: number, reason: string, afterMs?: number): void {
    if (this.hasEnded) return;
    this.endedWith = code;
    const reconnect = reconnectRule(code) !== 'no';
    this.outbox.queue(new EncodedPush(this.codec.goodbye({ code, reason, reconnect, afterMs })));
    this.outlet.close(code, reason);
  }

  /**
   * Ends the session of a user who may receive nothing more: what is unsent is dropped, with `goodbye` if anything is, and
   * what the system has not sent after a second as well.
   */
  revoke(code: number, reason: string, clock: Clock): void {
    if (this.outlet.bufferedBytes === 0) this.end(code, reason);
    else {
      this.endedWith ??= code;
      this.outlet.discard(code, reason);
    }
    clock.setTimer(REVOKE_WITHIN_MS, () => this.outlet.terminate());
  }

  /** The connection is gone. */
  markEnded(): void {
    this.phase = 'ended';
    this.#waitingPages = [];
    this.heldTexts = [];
    this.outbox.close();
  }

  /** What waits to be sent is given up, `goodbye` included: this session holds too much of what all may hold together. */
  #giveUp(): void {
    this.endedWith ??= CloseCode.slow;
    this.outlet.discard(CloseCode.slow, 'all sessions together have too much unsent, and this one has most of it');
  }

  #makeNextPage(): void {
    if (this.#isMakingPage || this.#waitingPages.length === 0) return;
    if (!this.outbox.hasRoomFor(PAGE_ANSWER_BYTES, this.#pageWaiter)) return;
    const make = this.#waitingPages.shift()!;
    this.#isMakingPage = true;
    void make().finally(() => {
      this.#isMakingPage = false;
      this.#makeNextPage();
    });
  }
}

/** How long the peer has to take the close of a revoked session. */
const REVOKE_WITHIN_MS = 1_000;
/** The size a page of history or channels is counted with before it is made. */
const PAGE_ANSWER_BYTES = 256 * 1024;
