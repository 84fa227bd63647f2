// Acknowledges what the app has handled: coalesced, after a time or a number of entries, repeated if the connection was
// lost before the server confirmed it.

import type { Position } from '@longwire/protocol';
import type { LongwireError } from '../errors.js';
import type { PlatformClock, PlatformTimer } from '../platform/platform.js';

export interface AckPort {
  /**
   * Sends one `ack`, and calls `onAnswer` when the server has confirmed or refused it, unless the connection ends first.
   * False if there is no connection and nothing was sent.
   */
  sendAck(cursors: ReadonlyMap<string, Position>, onAnswer: (error: LongwireError | undefined) => void): boolean;
  onError(error: LongwireError): void;
}

export interface AckOptions {
  readonly afterMs: number;
  readonly afterEntries: number;
  /** The number of channels in one command. */
  readonly maxChannels: number;
}

/** Between two acks: half of what a server takes by default from all sessions of a user together. */
const MIN_INTERVAL_MS = 200;

/** The acks that the server has not confirmed. At most one `ack` is unanswered at a time, and at most five are sent per second. */
export class AckBatcher {
  readonly #port: AckPort;
  readonly #clock: PlatformClock;
  readonly #options: AckOptions;
  #due = new Map<string, Position>();
  #entriesDue = 0;
  #unconfirmed: ReadonlyMap<string, Position> | undefined;
  /** Parts of a batch that the server refused because of one of its addresses: they are sent separately. */
  #halves: ReadonlyMap<string, Position>[] = [];
  #timer: PlatformTimer | undefined;
  /** Runs after an `ack` was sent or put off; until it ends, what becomes due is merged. */
  #pause: PlatformTimer | undefined;

  constructor(port: AckPort, clock: PlatformClock, options: AckOptions) {
    this.#port = port;
    this.#clock = clock;
    this.#options = options;
  }

  /** The app has handled everything in the channel up to `position`. */
  take(channel: string, position: Position): void {
    const due = this.#due.get(channel);
    if (due !== undefined && due.epoch === position.epoch && due.offset >= position.offset) return;
    this.#due.set(channel, position);
    this.#entriesDue += 1;
    if (this.#entriesDue >= this.#options.afterEntries) this.flush();
    else this.#schedule(this.#options.afterMs);
  }

  /** Drops the ack that is due in the channel: it belongs to an earlier epoch. */
  forget(channel: string): void {
    this.#due.delete(channel);
  }

  /** Sends what is due, unless an `ack` is unanswered or was sent a moment ago. */
  flush(): void {
    if (this.#unconfirmed !== undefined || this.#pause !== undefined) return;
    const batch = this.#nextBatch();
    if (batch.size > 0) this.#send(batch);
  }

  /** Sends everything that is due without waiting for answers, before the connection is closed. */
  flushBeforeClosing(): void {
    this.#cancelTimer();
    this.#restore();
    for (let batch = this.#nextBatch(); batch.size > 0; batch = this.#nextBatch()) {
      if (!this.#port.sendAck(batch, () => undefined)) return;
    }
  }

  /** A new connection: acks that the last one left unconfirmed are sent with the next ones. */
  onConnected(): void {
    if (this.#due.size > 0) this.#schedule(this.#options.afterMs);
  }

  /** The connection is lost: unconfirmed acks are due again. */
  onLost(): void {
    this.#cancelTimer();
    this.#cancelPause();
    this.#restore();
  }

  /** Sends nothing more, and leaves no timer. */
  stop(): void {
    this.#cancelTimer();
    this.#cancelPause();
    this.#due.clear();
  }

  #send(batch: ReadonlyMap<string, Position>): void {
    this.#cancelTimer();
    this.#unconfirmed = batch;
    if (this.#port.sendAck(batch, (error) => this.#onAnswer(batch, error))) {
      this.#pauseFor(MIN_INTERVAL_MS, () => this.#goOn());
    } else {
      this.#restore();
    }
  }

  #onAnswer(batch: ReadonlyMap<string, Position>, error: LongwireError | undefined): void {
    if (this.#unconfirmed !== batch) return;
    if (error?.retryable === true) {
      this.#restore();
      this.#pauseFor(error.afterMs ?? this.#options.afterMs, () => this.flush());
      return;
    }
    this.#unconfirmed = undefined;
    // The server moves all addresses of an ack except the refused ones (PROTOCOL, "ack, read"), but refuses the whole
    // command if it cannot parse one of them. Acks are monotone, so they may be sent again.
    if (error?.code === 'invalid_field' && batch.size > 1) this.#halve(batch);
    else if (error !== undefined) this.#port.onError(error);
    this.#goOn();
  }

  /** Another `ack` may go out now. */
  #goOn(): void {
    if (this.#unconfirmed !== undefined) return;
    if (this.#halves.length > 0 || this.#entriesDue >= this.#options.afterEntries) this.flush();
    else if (this.#due.size > 0) this.#schedule(this.#options.afterMs);
  }

  #halve(batch: ReadonlyMap<string, Position>): void {
    const cursors = [...batch];
    const middle = cursors.length >> 1;
    this.#halves.push(new Map(cursors.slice(0, middle)), new Map(cursors.slice(middle)));
  }

  #nextBatch(): ReadonlyMap<string, Position> {
    const half = this.#halves.shift();
    if (half !== undefined) return half;
    const batch = new Map<string, Position>();
    for (const [channel, position] of this.#due) {
      if (batch.size === this.#options.maxChannels) break;
      batch.set(channel, position);
      this.#due.delete(channel);
    }
    if (this.#due.size === 0) this.#entriesDue = 0;
    return batch;
  }

  #restore(): void {
    for (const [channel, position] of [this.#unconfirmed ?? [], ...this.#halves].flatMap((batch) => [...batch])) {
      // What became due meanwhile is newer.
      if (!this.#due.has(channel)) this.#due.set(channel, position);
    }
    this.#halves = [];
    this.#unconfirmed = undefined;
  }

  #schedule(delayMs: number): void {
    this.#timer ??= this.#clock.startTimer(delayMs, () => {
      this.#timer = undefined;
      this.flush();
    });
  }

  #pauseFor(durationMs: number, onEnd: () => void): void {
    this.#cancelPause();
    this.#pause = this.#clock.startTimer(durationMs, () => {
      this.#pause = undefined;
      onEnd();
    });
  }

  #cancelPause(): void {
    this.#pause?.cancel();
    this.#pause = undefined;
  }

  #cancelTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
