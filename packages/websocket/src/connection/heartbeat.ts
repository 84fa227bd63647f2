// Is the peer still there, and does it take what it is sent? One judgement per connection, asked by the shared timer wheel.
import type { ResolvedWebSocketOptions } from '../options.js';
import type { WheelEntry } from './timer-wheel.js';
import type { Writer } from './writer.js';

export type Verdict = 'alive' | 'dead' | 'too-slow';

/** What is remembered between two judgements, and the connection's place in the timer wheel. */
export class Heartbeat<Owner> implements WheelEntry {
  readonly owner: Owner;
  dueMs = -1;
  /** When a byte came, or the send queue was seen to have moved. On the wheel's clock. */
  lastAliveMs: number;
  #writtenBytes = 0;
  #wasStuck = false;
  #pausedSinceMs = -1;

  constructor(owner: Owner, nowMs: number) {
    this.owner = owner;
    this.lastAliveMs = nowMs;
  }

  /** We stopped reading: what the peer says meanwhile cannot be heard, so its silence does not count. */
  notePause(nowMs: number): void {
    if (this.#pausedSinceMs < 0) this.#pausedSinceMs = nowMs;
  }

  noteResume(nowMs: number): void {
    if (this.#pausedSinceMs < 0) return;
    this.lastAliveMs += nowMs - this.#pausedSinceMs;
    this.#pausedSinceMs = -1;
  }

  judge(options: ResolvedWebSocketOptions, writer: Writer<Owner> | undefined, nowMs: number): Verdict {
    // Only what was stuck and moved shows that the peer takes something: our pings go into an empty queue all the same.
    const writtenBytes = writer?.writtenBytes ?? 0;
    if (this.#wasStuck && writtenBytes > this.#writtenBytes) this.lastAliveMs = nowMs;
    this.#writtenBytes = writtenBytes;
    this.#wasStuck = writer?.isWriting ?? false;
    if (writer !== undefined && isTooSlow(options, writer, nowMs)) return 'too-slow';
    if (options.heartbeatMs === 0 || this.#pausedSinceMs >= 0) return 'alive';
    const silenceMs = nowMs - this.lastAliveMs;
    return silenceMs >= options.heartbeatMs + options.heartbeatGraceMs ? 'dead' : 'alive';
  }

  /** In how many milliseconds to judge again: at the next ping, and at each moment that may bring a verdict. -1 = never. */
  nextDelayMs(options: ResolvedWebSocketOptions, writer: Writer<Owner> | undefined, nowMs: number): number {
    let delayMs = Number.POSITIVE_INFINITY;
    if (options.heartbeatMs > 0) {
      delayMs = options.heartbeatMs;
      const deadAtMs = this.lastAliveMs + options.heartbeatMs + options.heartbeatGraceMs;
      if (deadAtMs > nowMs) delayMs = Math.min(delayMs, deadAtMs - nowMs);
    }
    if (options.minDrainBytesPerSecond > 0) {
      const fullSinceMs = writer?.fullSinceMs ?? -1;
      const judgedAtMs = fullSinceMs < 0 ? nowMs + options.slowReaderMs : fullSinceMs + options.slowReaderMs;
      delayMs = Math.min(delayMs, Math.max(1, judgedAtMs - nowMs));
    }
    return Number.isFinite(delayMs) ? delayMs : -1;
  }
}

function isTooSlow<Owner>(options: ResolvedWebSocketOptions, writer: Writer<Owner>, nowMs: number): boolean {
  if (options.minDrainBytesPerSecond === 0 || writer.fullSinceMs < 0) return false;
  const fullMs = nowMs - writer.fullSinceMs;
  if (fullMs < options.slowReaderMs) return false;
  if (writer.writtenBytesSinceFull < (options.minDrainBytesPerSecond * fullMs) / 1000) return true;
  writer.noteFull(nowMs);
  return false;
}
