// Notices a connection that is dead without having been closed: a cable pulled, a laptop that slept.

import type { PlatformClock, PlatformTimer } from '../platform/platform.js';

export interface LivenessCheckPort {
  sendPing(): void;
  /** Nothing came back in time: the connection is to be given up. */
  onDead(): void;
}

export interface LivenessCheckOptions {
  /** Told by the server: after this silence a `ping` is sent. */
  readonly heartbeatMs: number;
  readonly answerTimeoutMs: number;
}

// A timer this late means that the program did not run: what came in meanwhile was not read yet either.
const LATE_MS = 2000;

/** Runs from its making until `stop()`. Costs one timer, whatever the traffic. */
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

  /** Something came from the server. */
  heard(): void {
    this.#heardAt = this.#clock.now();
    this.#hadGrace = false;
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.#wait(this.#options.heartbeatMs);
  }

  /** Asks at once, however recently something was heard: the machine may have slept since. */
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
      // Judged only by time in which an answer could have been heard. Once: a hidden page has late timers always.
      if (now - this.#dueAt <= LATE_MS || this.#hadGrace) {
        this.#port.onDead();
        return;
      }
      this.#hadGrace = true;
      this.#ask();
      return;
    }
    // A clock that was set back must not lengthen the wait beyond one heartbeat.
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
