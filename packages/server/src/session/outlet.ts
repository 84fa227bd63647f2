// The way out of one session: where its texts go, the switch that stops its input, and its end.

import type { TurnBuffer } from '@longwire/websocket';
import type { Codec } from '../delivery/codec.js';
import type { EncodedPush } from '../delivery/encoded-push.js';

/** One per connection, made by its transport. */
export interface Outlet {
  /** How its transport writes what is delivered. */
  readonly codec: Codec;
  /** Queued and not yet with the operating system, in bytes. */
  readonly bufferedBytes: number;
  /** Queues; never throws, also after the end. */
  send(push: EncodedPush): void;
  /**
   * Queues what is appended to `turn` from here on, until the end of the turn or until something else is queued.
   * @param bytes of the next message; `maxBufferedBytes` may be queued with it
   * @returns false if it does not, or does no longer: each message has to be sent by itself, for want of room or always
   */
  follow<Receiver>(turn: TurnBuffer<Receiver>, receiver: Receiver, bytes: number, maxBufferedBytes: number): boolean;
  /** Stops following; what was appended so far stays queued. */
  unfollow<Receiver>(turn: TurnBuffer<Receiver>): void;
  /** Calls back once everything that is queued now is with the operating system; never if the connection ends before. */
  whenWritten(callback: () => void): void;
  pauseReading(): void;
  resumeReading(): void;
  /** Closes behind what is queued. */
  close(code: number, reason: string): void;
  /** Closes instead of sending what is queued: for a peer that does not take it. */
  discard(code: number, reason: string): void;
  /** Cuts the connection, also while it closes. */
  terminate(): void;
}
