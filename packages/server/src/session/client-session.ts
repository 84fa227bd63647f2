// The session of one client: how much it may hold at once, when its socket is read, and how it ends. It knows no transport;
// the transport hands in texts and takes texts out.

import type { DeviceId, UserId } from '@longwire/protocol';
import { encodeGoodbyePush, reconnectRule } from '@longwire/protocol';
import { EncodedPush } from '../delivery/encoded-push.js';
import type { LogReader, Recipient } from '../delivery/log-reader.js';
import type { Clock } from '../runtime/clock.js';
import type { UserRates } from './limits/user-rates.js';

/** The output of a session, and the switch that stops its input. One per connection, made by its transport. */
export interface Outlet {
  /** Queued and not yet with the operating system, in bytes. */
  readonly bufferedBytes: number;
  /** Queues; never throws, also after the end. */
  send(push: EncodedPush): void;
  pauseReading(): void;
  resumeReading(): void;
  close(code: number, reason: string): void;
  /** Cuts the connection, also while it closes. */
  terminate(): void;
}

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
  phase: SessionPhase = 'pending';
  identity: Identity | undefined;
  /** Those of its user, from the moment it was admitted. */
  rates: UserRates | undefined;
  reader: LogReader | undefined;
  /** Until this monotonic instant no send is taken: one was put off, and what was sent after it must not overtake it. */
  sendsHeldUntilMs = 0;
  /** Close code of the first reason to end. */
  endedWith: number | undefined;
  /** Messages that were not commands, or not allowed before sign-in. */
  mistakes = 0;
  /** Messages that came before `ready`. */
  earlyMessages = 0;
  readonly #bounds: SessionBounds;
  readonly #isProcessFull: () => boolean;
  #unanswered = 0;
  #isReading = true;
  #isStopping = false;
  #isReadingHeld = false;
  /** Answers of up to a page that wait for room in the outbox, in the order of their commands. */
  #waitingPages: (() => Promise<void>)[] = [];
  #isMakingPage = false;

  /** @param isProcessFull whether all outboxes together hold what they may */
  constructor(id: string, outlet: Outlet, bounds: SessionBounds, isProcessFull: () => boolean) {
    this.id = id;
    this.outlet = outlet;
    this.#bounds = bounds;
    this.#isProcessFull = isProcessFull;
  }

  get user(): UserId {
    // Only a signed-in session is handed to the hub.
    return this.identity!.user;
  }

  hasRoomFor(bytes: number): boolean {
    const buffered = this.outlet.bufferedBytes;
    if (buffered === 0) return true;
    return buffered + bytes <= this.#bounds.outboxBytes && !this.#isProcessFull();
  }

  queue(push: EncodedPush): void {
    this.outlet.send(push);
  }

  queueText(text: string): void {
    this.outlet.send(new EncodedPush(text));
  }

  /** A command was accepted; `finishCommand` is called once, when it has been answered. */
  startCommand(): void {
    this.#unanswered += 1;
    this.updateReading();
  }

  finishCommand(): void {
    this.#unanswered -= 1;
    this.updateReading();
  }

  /**
   * Pauses or resumes reading: the socket is not read while signing in, with too many unanswered commands, with a full
   * outbox, or for a while after too many commands. So the answers still to come are bounded too.
   */
  updateReading(): void {
    const mayRead =
      !this.#isStopping &&
      !this.#isReadingHeld &&
      this.phase !== 'signing-in' &&
      this.#unanswered < this.#bounds.inFlight &&
      this.outlet.bufferedBytes < this.#bounds.outboxBytes;
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

  /** The transport's queue has room again: continue what waited for it. */
  onDrain(): void {
    this.updateReading();
    this.#makeNextPage();
  }

  /** Queues `goodbye` and closes. Idempotent. */
  end(code: number, reason: string, afterMs?: number): void {
    if (this.endedWith !== undefined || this.phase === 'ended') return;
    this.endedWith = code;
    const reconnect = reconnectRule(code) !== 'no';
    this.queueText(encodeGoodbyePush({ code, reason, reconnect, afterMs }));
    this.outlet.close(code, reason);
  }

  /** The connection is gone. */
  markEnded(): void {
    this.phase = 'ended';
    this.#waitingPages = [];
  }

  #makeNextPage(): void {
    if (this.#isMakingPage || this.phase === 'ended' || !this.hasRoomFor(this.#pageBytes())) return;
    const make = this.#waitingPages.shift();
    if (make === undefined) return;
    this.#isMakingPage = true;
    void make().finally(() => {
      this.#isMakingPage = false;
      this.#makeNextPage();
    });
  }

  /** At most half the outbox: a refusal is then always followed by a drain. */
  #pageBytes(): number {
    return Math.min(PAGE_ANSWER_BYTES, this.#bounds.outboxBytes / 2);
  }
}

/** The size a page of history or channels is counted with before it is made. */
const PAGE_ANSWER_BYTES = 256 * 1024;
