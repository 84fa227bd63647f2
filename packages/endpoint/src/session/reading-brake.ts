// A connection is read while nobody has a reason against it.
import type { WebSocketConnection } from '@longwire/websocket';

/** Who may have one: the program, the queue of events, a message that is read as a stream. */
export const Brake = { session: 1, queue: 2, stream: 4 } as const;

export class ReadingBrake {
  readonly #connection: WebSocketConnection;
  #reasons = 0;

  constructor(connection: WebSocketConnection) {
    this.#connection = connection;
  }

  has(reason: number): boolean {
    return (this.#reasons & reason) !== 0;
  }

  set(reason: number): void {
    this.#reasons |= reason;
    this.#connection.pause();
  }

  /** The last one lets go. */
  release(reason: number): void {
    this.#reasons &= ~reason;
    if (this.#reasons === 0) this.#connection.resume();
  }
}
