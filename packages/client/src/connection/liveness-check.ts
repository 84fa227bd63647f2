// Notices a connection that is dead without a close: a pulled cable, a laptop that slept.

import type { PlatformClock, PlatformTimer } from '../platform/platform.js';

export interface LivenessCheckPort {
  sendPing(): void;
  /** No answer came in time: the connection is dead. */
  onDead(): void;
}

export interface LivenessCheckOptions {
  /** After this silence a `ping` is sent. The server sets it. */
  readonly heartbeatMs: number;
  readonly answerTimeoutMs: number;
}

// A timer this late means that the program did not run, and did not read what arrived meanwhile.
const LATE_MS = 2000;

/** Runs from its construction until `stop()`. Needs one timer, whatever the traffic. */
export class LivenessCheck {
  readonly #port: LivenessCheckPort;
  readonly #clock: PlatformClock;
  readonly #options: LivenessCheckOptions;
  #heardAt: number;
  #isWaiting = false;
  #timer: PlatformTimer | undefined;
  #dueAt = 0;
  #hadGrace = false;

  constructor(port: LivenessCheckPort, clock: PlatformClock, options: LivenessCheckOptions) {
    this.#port = port;
    this.#clock = clock;
    this.#options = options;
    this.#heardAt = clock.now();
    this.#wait(options.heartbeatMs);
  }

  /** A message of the server was received. */
  heard(): void {
    this.#heardAt = this.#clock.now();
    this.#hadGrace = false;
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.#wait(this.#options.heartbeatMs);
  }

  /** Pings at once, however recent the last message is: the machine may have slept since. */
  check(): void {
    if (this.#isWaiting) return;
    this.#ask();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #onTimer(): void {
    const now = this.#clock.now();
    if (this.#isWaiting) {
      // Time in which the program did not run does not count. Only once, because a hidden page always has late timers.
      if (now - this.#dueAt <= LATE_MS || this.#hadGrace) {
        this.#port.onDead();
        return;
      }
      this.#hadGrace = true;
      this.#ask();
      return;
    }
    // After the clock was set back, the wait must not be longer than one heartbeat.
    const silentMs = Math.max(0, now - this.#heardAt);
    if (silentMs < this.#options.heartbeatMs) this.#wait(this.#options.heartbeatMs - silentMs);
    else this.#ask();
  }

  #ask(): void {
    this.#isWaiting = true;
    this.#wait(this.#options.answerTimeoutMs);
    this.#port.sendPing();
  }

  #wait(delayMs: number): void {
    this.#timer?.cancel();
    this.#dueAt = this.#clock.now() + delayMs;
    this.#timer = this.#clock.startTimer(delayMs, () => this.#onTimer());
  }
}
