// Who types where, from signals `typing`. A state ends by itself, because the signal that would end it may be lost.

import type { Signal, TypingChange } from '../client-events.js';
import type { PlatformClock, PlatformTimer } from '../platform/platform.js';

/** Users in channels; beyond it, `typing` of others is passed over until some have ended. */
const MAX_STATES = 1_000;

interface TypingState {
  readonly channel: string;
  readonly user: string;
  timer: PlatformTimer;
}

export class TypingStates {
  readonly #clock: PlatformClock;
  readonly #expiresMs: number;
  readonly #onChange: (change: TypingChange) => void;
  readonly #states = new Map<string, TypingState>();

  constructor(clock: PlatformClock, expiresMs: number, onChange: (change: TypingChange) => void) {
    this.#clock = clock;
    this.#expiresMs = expiresMs;
    this.#onChange = onChange;
  }

  /** A signal of another user. */
  take({ channel, from, name, data }: Omit<Signal, 'own'>): void {
    if (name !== 'typing') return;
    if (data === false) {
      this.end(channel, from);
      return;
    }
    const timer = this.#clock.startTimer(this.#expiresMs, () => this.end(channel, from));
    const known = this.#states.get(idOf(channel, from));
    if (known !== undefined) {
      known.timer.cancel();
      known.timer = timer;
    } else if (this.#states.size >= MAX_STATES) {
      timer.cancel();
    } else {
      this.#states.set(idOf(channel, from), { channel, user: from, timer });
      this.#onChange({ channel, user: from, isTyping: true });
    }
  }

  end(channel: string, user: string): void {
    const state = this.#states.get(idOf(channel, user));
    if (state === undefined) return;
    this.#states.delete(idOf(channel, user));
    state.timer.cancel();
    this.#onChange({ channel, user, isTyping: false });
  }

  endAll(): void {
    for (const { channel, user } of [...this.#states.values()]) this.end(channel, user);
  }
}

function idOf(channel: string, user: string): string {
  return `${channel} ${user}`;
}
