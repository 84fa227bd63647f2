// Whether the peer is still there and takes what it is sent. One per connection, asked by the shared timer wheel.
import type { WebSocketError } from '../../errors.js';
import type { ResolvedWebSocketOptions } from '../../options.js';
import type { SocketWriter } from '../output/socket-writer.js';
import { connectionErrors } from './connection-errors.js';
import type { WheelEntry } from './timer-wheel.js';

/** What is remembered between two checks, and the connection's place in the timer wheel. */
export class Heartbeat<Owner> implements WheelEntry {
  readonly owner: Owner;
  dueMs = -1;
  /** When a byte was last received, or the send queue last moved. On the wheel's clock. */
  lastAliveMs: number;
  #writtenBytes = 0;
  #wasStuck = false;
  #pausedSinceMs = -1;

  constructor(owner: Owner, nowMs: number) {
    this.owner = owner;
    this.lastAliveMs = nowMs;
  }

  /** Reading has stopped: what the peer sends meanwhile is not seen, so its silence does not count. */
  notePause(nowMs: number): void {
    if (this.#pausedSinceMs < 0) this.#pausedSinceMs = nowMs;
  }

  noteResume(nowMs: number): void {
    if (this.#pausedSinceMs < 0) return;
    this.lastAliveMs += nowMs - this.#pausedSinceMs;
    this.#pausedSinceMs = -1;
  }

  /** Why the connection has to end now; undefined while the peer is alive and fast enough. */
  check(
    options: ResolvedWebSocketOptions,
    writer: SocketWriter<Owner> | undefined,
    nowMs: number,
  ): WebSocketError | undefined {
    // Only a queue that was stuck and moved proves that the peer reads: an empty queue takes our pings in any case.
    const writtenBytes = writer?.writtenBytes ?? 0;
    if (this.#wasStuck && writtenBytes > this.#writtenBytes) this.lastAliveMs = nowMs;
    this.#writtenBytes = writtenBytes;
    this.#wasStuck = writer?.isWriting ?? false;
    if (writer !== undefined && isTooSlow(options, writer, nowMs)) return connectionErrors.readerTooSlow(options);
    if (options.heartbeatMs === 0 || this.#pausedSinceMs >= 0) return undefined;
    const silenceMs = nowMs - this.lastAliveMs;
    const isAlive = silenceMs < options.heartbeatMs + options.heartbeatGraceMs;
    return isAlive ? undefined : connectionErrors.heartbeatMissed(options);
  }

  /** In how many milliseconds to check again: at the next ping, and at each moment at which a check may fail. -1 = never. */
  nextDelayMs(options: ResolvedWebSocketOptions, writer: SocketWriter<Owner> | undefined, nowMs: number): number {
    let delayMs = Number.POSITIVE_INFINITY;
    if (options.heartbeatMs > 0) {
      delayMs = options.heartbeatMs;
      const deadAtMs = this.lastAliveMs + options.heartbeatMs + options.heartbeatGraceMs;
      if (deadAtMs > nowMs) delayMs = Math.min(delayMs, deadAtMs - nowMs);
    }
    if (options.minDrainBytesPerSecond > 0) {
      const fullSinceMs = writer?.fullSinceMs ?? -1;
      const checkedAtMs = fullSinceMs < 0 ? nowMs + options.slowReaderMs : fullSinceMs + options.slowReaderMs;
      delayMs = Math.min(delayMs, Math.max(1, checkedAtMs - nowMs));
    }
    return Number.isFinite(delayMs) ? delayMs : -1;
  }
}

function isTooSlow<Owner>(options: ResolvedWebSocketOptions, writer: SocketWriter<Owner>, nowMs: number): boolean {
  if (options.minDrainBytesPerSecond === 0 || writer.fullSinceMs < 0) return false;
  const fullMs = nowMs - writer.fullSinceMs;
  if (fullMs < options.slowReaderMs) return false;
  if (writer.writtenBytesSinceFull < (options.minDrainBytesPerSecond * fullMs) / 1000) return true;
  writer.noteFull(nowMs);
  return false;
}
