// A session's way out over one WebSocket connection.

import type { Session } from '@longwire/endpoint';
import { PreparedMessage, type TurnBuffer } from '@longwire/websocket';
import type { EncodedPush } from '../../delivery/encoded-push.js';
import { jsonCodec } from '../../delivery/json-codec.js';
import type { Outlet } from '../../session/outlet.js';

/** What the outlet uses of a container's session, whatever path it is at. */
type Connection = Pick<
  Session,
  | 'bufferedBytes'
  | 'isOpen'
  | 'sendPrepared'
  | 'sendPreparedAsync'
  | 'follow'
  | 'unfollow'
  | 'pauseReading'
  | 'resumeReading'
  | 'close'
  | 'terminate'
>;

/** Sends nothing, behind everything that is queued. */
const NOTHING = PreparedMessage.join([]);

export class EndpointOutlet implements Outlet {
  readonly codec = jsonCodec;
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get bufferedBytes(): number {
    return this.#connection.bufferedBytes;
  }

  send(push: EncodedPush): void {
    // A session that has begun to close may still be offered entries until its end is reported.
    if (this.#connection.isOpen) this.#connection.sendPrepared(push.prepared);
  }

  follow<Receiver>(turn: TurnBuffer<Receiver>, receiver: Receiver, bytes: number, maxBufferedBytes: number): boolean {
    return this.#connection.follow(turn, receiver, bytes, maxBufferedBytes);
  }

  unfollow<Receiver>(turn: TurnBuffer<Receiver>): void {
    this.#connection.unfollow(turn);
  }

  whenWritten(callback: () => void): void {
    this.#connection.sendPreparedAsync(NOTHING).then(callback, () => {
      // The connection has ended: nothing is written any more.
    });
  }

  pauseReading(): void {
    this.#connection.pauseReading();
  }

  resumeReading(): void {
    this.#connection.resumeReading();
  }

  close(code: number, reason: string): void {
    this.#connection.close(code, truncated(reason));
  }

  discard(code: number, reason: string): void {
    if (this.#connection.isOpen) this.#connection.close(code, truncated(reason), { dropQueued: true });
    // It was already closing behind what it does not take.
    else this.#connection.terminate();
  }

  terminate(): void {
    this.#connection.terminate();
  }
}

/** RFC 6455 §5.5.1: a close frame has 125 bytes, two of which are the code. */
const MAX_REASON_BYTES = 123;

function truncated(reason: string): string {
  const bytes = Buffer.from(reason);
  // A character cut in two is left out whole.
  return bytes.length <= MAX_REASON_BYTES
    ? reason
    : bytes
        .subarray(0, MAX_REASON_BYTES)
        .toString()
        .replace(/\uFFFD+$/, '');
}
