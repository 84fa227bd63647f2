// One session: what it may hold at once, when its socket is read, and how it ends. It knows no transport; the
// transport hands in texts and takes texts out.

import type { DeviceId, UserId } from '@longwire/protocol';
import { encodeGoodbyePush, reconnectRule } from '@longwire/protocol';
import { EncodedPush } from '../delivery/encoded-push.js';
import type { Reader, Recipient } from '../delivery/reader.js';

/** The way out of a session, and the valve of the way in. One per connection, made by its transport. */
export interface Outlet {
  /** Queued and not yet with the operating system, in bytes. */
  readonly bufferedBytes: number;
  /** Queues; never throws, also after the end. */
  send(push: EncodedPush): void;
  pauseReading(): void;
  resumeReading(): void;
  close(code: number, reason: string): void;
}

/** The bounds of one session. */
export interface SessionBounds {
  readonly outboxBytes: number;
  readonly inFlight: number;
}

/** Before `connected` was queued a session is nobody. */
export type SessionPhase = 'greeting' | 'signing-in' | 'ready' | 'ended';

export interface Identity {
  readonly user: UserId;
  readonly device: DeviceId;
}

export class Session implements Recipient {
  readonly id: string;
  readonly outlet: Outlet;
  phase: SessionPhase = 'greeting';
  identity: Identity | undefined;
  reader: Reader | undefined;
  /** The first reason to end counts. */
  endedWith: number | undefined;
  /** Texts that were no commands here. */
  mistakes = 0;
  readonly #bounds: SessionBounds;
  readonly #isProcessFull: () => boolean;
  #unanswered = 0;
  #isReading = true;
  #isDraining = false;
  /** Answers too large to be made without room for them, in the order in which they were asked for. */
  #large: (() => Promise<void>)[] = [];
  #isMakingLarge = false;

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

  /** A command was taken that will be answered, once, by `answered`. */
  asked(): void {
    this.#unanswered += 1;
    this.balance();
  }

  answered(): void {
    this.#unanswered -= 1;
    this.balance();
  }

  /**
   * Opens or closes the valve: the socket is not read while signing in, with too many unanswered commands, or with a
   * full outbox. So the answers that can still come are bounded too.
   */
  balance(): void {
    const mayRead =
      !this.#isDraining &&
      this.phase !== 'signing-in' &&
      this.#unanswered < this.#bounds.inFlight &&
      this.outlet.bufferedBytes < this.#bounds.outboxBytes;
    if (mayRead === this.#isReading || this.phase === 'ended') return;
    this.#isReading = mayRead;
    if (mayRead) this.outlet.resumeReading();
    else this.outlet.pauseReading();
  }

  /** Takes no more commands: the server stops, and what was taken is still answered. */
  drain(): void {
    this.#isDraining = true;
    this.balance();
  }

  /** Runs `make` when the outbox has room for a page; one at a time, in order. */
  whenRoomForPage(make: () => Promise<void>): void {
    this.#large.push(make);
    this.#makeLarge();
  }

  /** The transport's queue has fallen: go on with what waited for it. */
  onDrain(): void {
    this.balance();
    this.#makeLarge();
  }

  /** Says goodbye and closes. Idempotent. */
  end(code: number, reason: string, afterMs?: number): void {
    if (this.endedWith !== undefined || this.phase === 'ended') return;
    this.endedWith = code;
    const reconnect = reconnectRule(code) !== 'no';
    this.queueText(encodeGoodbyePush({ code, reason, reconnect, afterMs }));
    this.outlet.close(code, reason);
  }

  /** The connection is gone. */
  ended(): void {
    this.phase = 'ended';
    this.#large = [];
  }

  #makeLarge(): void {
    if (this.#isMakingLarge || this.phase === 'ended' || !this.hasRoomFor(this.#largeAnswerBytes())) return;
    const make = this.#large.shift();
    if (make === undefined) return;
    this.#isMakingLarge = true;
    void make().finally(() => {
      this.#isMakingLarge = false;
      this.#makeLarge();
    });
  }

  /** Never more than half the outbox: a refusal is then always followed by a drain. */
  #largeAnswerBytes(): number {
    return Math.min(LARGE_ANSWER_BYTES, this.#bounds.outboxBytes / 2);
  }
}

/** What a page of history or channels is counted as before it is made. */
const LARGE_ANSWER_BYTES = 256 * 1024;
