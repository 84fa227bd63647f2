// Ends sessions in which no message goes either way. One timer for all of them, and none for a message.
import { TimerWheel, type WheelEntry } from '@longwire/websocket';

const wheel = new TimerWheel<IdleTimeout>((timeout, nowMs) => timeout.judge(nowMs));

export class IdleTimeout implements WheelEntry {
  dueMs = -1;
  readonly #expired: () => void;
  #timeoutMs = 0;
  #lastMessageMs = 0;

  /** @param expired  called at most once for each start */
  constructor(expired: () => void) {
    this.#expired = expired;
  }

  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  /** Counts from now on; 0 stops. */
  start(timeoutMs: number): void {
    this.#timeoutMs = timeoutMs;
    this.#lastMessageMs = wheel.now();
    if (timeoutMs > 0) wheel.schedule(this, timeoutMs);
    else wheel.remove(this);
  }

  stop(): void {
    wheel.remove(this);
  }

  /** A message came or went. */
  note(): void {
    this.#lastMessageMs = wheel.now();
  }

  /** In how many milliseconds to look again; -1 for never. */
  judge(nowMs: number): number {
    const restMs = this.#lastMessageMs + this.#timeoutMs - nowMs;
    if (restMs > 0) return restMs;
    this.#expired();
    return -1;
  }
}
