// Whether the peer is still there and takes what it is sent. One per connection, asked by the shared timer wheel.
import type { Duplex } from 'node:stream';
import type { WebSocketError } from '../../errors.js';
import type { ResolvedWebSocketOptions } from '../../options.js';
import type { SocketWriter } from '../output/socket-writer.js';
import { connectionErrors } from './connection-errors.js';
import { SendQueueWatch } from './send-queue-watch.js';
import type { WheelEntry } from './timer-wheel.js';

/** What is remembered between two checks, and the connection's place in the timer wheel. */
export class Heartbeat<Owner> implements WheelEntry {
  readonly owner: Owner;
  dueMs = -1;
  /** When a byte was last received, or the send queue last moved. On the wheel's clock. */
  lastAliveMs: number;
  #lastPingMs: number;
  #writtenBytes = 0;
  #wasStuck = false;
  #pausedSinceMs = -1;
  /** Only while the peer seems dead or too slow. */
  #queue: SendQueueWatch | undefined;

  constructor(owner: Owner, nowMs: number) {
    this.owner = owner;
    this.lastAliveMs = nowMs;
    this.#lastPingMs = nowMs;
  }

  /** True at most once every heartbeatMs, and not before the last ping was answered: the caller then sends a ping. */
  takePing(options: ResolvedWebSocketOptions, nowMs: number): boolean {
    if (options.heartbeatMs === 0 || this.#isPingUnanswered) return false;
    if (nowMs - this.#lastPingMs < options.heartbeatMs) return false;
    this.#lastPingMs = nowMs;
    return true;
  }

  /** TCP loses nothing, so a second ping would say no more. While reading is paused answers cannot be seen. */
  get #isPingUnanswered(): boolean {
    return this.lastAliveMs < this.#lastPingMs && this.#pausedSinceMs < 0;
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

  /** The error for which to fail the connection now; undefined while the peer is alive and fast enough. */
  check(
    options: ResolvedWebSocketOptions,
    socket: Duplex,
    writer: SocketWriter<Owner> | undefined,
    nowMs: number,
  ): WebSocketError | undefined {
    this.#noteMovement(writer, nowMs);
    this.#watchIfSuspect(options, socket, writer, nowMs);
    // Without output nothing can be held up on its way to the peer.
    const patience = this.#queue?.patience(this.#wasStuck) ?? 1;
    if (writer !== undefined && this.#isTooSlow(options, writer, nowMs, patience)) {
      return connectionErrors.readerTooSlow(options);
    }
    if (options.heartbeatMs === 0 || this.#pausedSinceMs >= 0) return undefined;
    const silenceMs = nowMs - this.lastAliveMs;
    const isAlive = silenceMs < patience * (options.heartbeatMs + options.heartbeatGraceMs);
    return isAlive ? undefined : connectionErrors.heartbeatMissed(options);
  }

  /** In how many milliseconds to check again: at the next ping, and whenever a peer may become suspect or fail. -1 = never. */
  nextDelayMs(options: ResolvedWebSocketOptions, writer: SocketWriter<Owner> | undefined, nowMs: number): number {
    let delayMs = Number.POSITIVE_INFINITY;
    if (options.heartbeatMs > 0) {
      const suspectAtMs = this.lastAliveMs + suspectSilenceMs(options);
      const deadAtMs = this.lastAliveMs + options.heartbeatMs + options.heartbeatGraceMs;
      const lastMs = this.#isPingUnanswered ? nowMs : this.#lastPingMs;
      const pingAtMs = Math.max(nowMs + 1, lastMs + options.heartbeatMs);
      for (const dueMs of [pingAtMs, suspectAtMs, deadAtMs]) {
        if (dueMs > nowMs) delayMs = Math.min(delayMs, dueMs - nowMs);
      }
    }
    if (options.minDrainBytesPerSecond > 0) {
      const stepMs = Math.max(1, options.slowReaderMs / 2);
      const fullSinceMs = writer?.fullSinceMs ?? -1;
      const intoStepMs = fullSinceMs < 0 ? 0 : (nowMs - fullSinceMs) % stepMs;
      delayMs = Math.min(delayMs, stepMs - intoStepMs);
    }
    return Number.isFinite(delayMs) ? Math.ceil(delayMs) : -1;
  }

  #noteMovement(writer: SocketWriter<Owner> | undefined, nowMs: number): void {
    const writtenBytes = writer?.writtenBytes ?? 0;
    // Only a queue that was stuck and moved proves that the peer reads: an empty queue takes our pings in any case.
    const hasMoved = this.#wasStuck && writtenBytes > this.#writtenBytes;
    if (hasMoved || this.#queue?.takeMoved() === true) this.lastAliveMs = nowMs;
    this.#writtenBytes = writtenBytes;
    this.#wasStuck = writer?.isWriting ?? false;
  }

  /** Half-way to a deadline the kernel is asked, so that it has said more than once by then what has become of our output. */
  #watchIfSuspect(
    options: ResolvedWebSocketOptions,
    socket: Duplex,
    writer: SocketWriter<Owner> | undefined,
    nowMs: number,
  ): void {
    const isSilent =
      options.heartbeatMs > 0 && this.#pausedSinceMs < 0 && nowMs - this.lastAliveMs >= suspectSilenceMs(options);
    const fullMs = writer === undefined || writer.fullSinceMs < 0 ? 0 : nowMs - writer.fullSinceMs;
    const isSlow = options.minDrainBytesPerSecond > 0 && fullMs >= options.slowReaderMs / 2;
    if (writer === undefined || !(isSilent || isSlow)) this.#stopWatching();
    else this.#queue ??= new SendQueueWatch(socket, writer);
  }

  #isTooSlow(options: ResolvedWebSocketOptions, writer: SocketWriter<Owner>, nowMs: number, patience: number): boolean {
    if (options.minDrainBytesPerSecond === 0 || writer.fullSinceMs < 0) return false;
    const fullMs = nowMs - writer.fullSinceMs;
    if (fullMs < options.slowReaderMs) return false;
    const drainedBytes = Math.max(writer.writtenBytesSinceFull, this.#queue?.ackedBytes ?? 0);
    if (drainedBytes < (options.minDrainBytesPerSecond * fullMs) / 1000)
      return fullMs >= patience * options.slowReaderMs;
    writer.noteFull(nowMs);
    this.#queue?.countFromHere();
    return false;
  }

  #stopWatching(): void {
    this.#queue?.stop();
    this.#queue = undefined;
  }
}

/** A peer that was silent for so long has left a ping unanswered for some time. */
function suspectSilenceMs(options: ResolvedWebSocketOptions): number {
  return options.heartbeatMs + options.heartbeatGraceMs / 2;
}
