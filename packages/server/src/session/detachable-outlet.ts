// A session's way out that outlives its connections: for transports over which a client comes and goes without signing in
// again, such as Server-Sent Events and long polling.

import type { TurnBuffer } from '@longwire/websocket';
import type { Codec } from '../delivery/codec.js';
import type { EncodedPush } from '../delivery/encoded-push.js';
import type { Outlet } from './outlet.js';

/** What a push in the queue is counted with besides its bytes, so that a bound of bytes bounds their number too. */
const PUSH_BYTES = 256;

/** How the session ends: `closing` behind its queue, `discarded` instead of it. */
interface Ending {
  readonly kind: 'closing' | 'discarded';
  readonly code: number;
  readonly reason: string;
}

/**
 * While it is detached it queues. What it holds counts as `bufferedBytes`, so the session's outbox bounds it: beyond
 * `limits.outboxBytes` the session becomes a reader behind, as with a connection that takes nothing.
 */
export class DetachableOutlet implements Outlet {
  readonly codec: Codec;
  readonly #onTerminated: () => void;
  #connection: Outlet | undefined;
  #queue: EncodedPush[] = [];
  #queuedBytes = 0;
  /** Called once what was queued before is with the operating system, over whichever connection. */
  readonly #whenWritten = new Set<() => void>();
  #mayRead = true;
  #ending: Ending | undefined;
  #isTerminated = false;

  /** @param onTerminated  the session is over, and no connection will be taken any more */
  constructor(codec: Codec, onTerminated: () => void) {
    this.codec = codec;
    this.#onTerminated = onTerminated;
  }

  get isAttached(): boolean {
    return this.#connection !== undefined;
  }

  get bufferedBytes(): number {
    return this.#connection?.bufferedBytes ?? this.#queuedBytes;
  }

  /**
   * Writes what is queued to `connection`, and from then on everything. The one before it must be detached.
   * @param connection  of the same codec
   */
  attach(connection: Outlet): void {
    if (this.#connection !== undefined) throw new Error('the session is attached to another connection');
    if (this.#isTerminated) {
      connection.terminate();
      return;
    }
    this.#connection = connection;
    if (!this.#mayRead) connection.pauseReading();
    const queue = this.#queue;
    this.#setQueue([]);
    for (const push of queue) connection.send(push);
    for (const callback of [...this.#whenWritten]) this.#awaitWrite(connection, callback);
    if (this.#ending !== undefined) this.#end(connection, this.#ending);
  }

  /**
   * The connection is gone. The session lives on, and queues.
   * @param undelivered  what the connection was given and the client did not get: it comes first over the next one
   */
  detach(undelivered: readonly EncodedPush[] = []): void {
    this.#connection = undefined;
    if (this.#ending?.kind !== 'discarded') this.#setQueue([...undelivered]);
  }

  send(push: EncodedPush): void {
    if (this.#connection !== undefined) this.#connection.send(push);
    else if (this.#ending === undefined && !this.#isTerminated) {
      this.#queue.push(push);
      this.#queuedBytes += PUSH_BYTES + push.estimatedBytes;
    }
  }

  follow<Receiver>(turn: TurnBuffer<Receiver>, receiver: Receiver, bytes: number, maxBufferedBytes: number): boolean {
    return this.#connection?.follow(turn, receiver, bytes, maxBufferedBytes) ?? false;
  }

  unfollow<Receiver>(turn: TurnBuffer<Receiver>): void {
    this.#connection?.unfollow(turn);
  }

  whenWritten(callback: () => void): void {
    this.#whenWritten.add(callback);
    if (this.#connection !== undefined) this.#awaitWrite(this.#connection, callback);
  }

  pauseReading(): void {
    this.#mayRead = false;
    this.#connection?.pauseReading();
  }

  resumeReading(): void {
    this.#mayRead = true;
    this.#connection?.resumeReading();
  }

  /** While it is detached: behind what is queued, over the next connection. */
  close(code: number, reason: string): void {
    this.#ending ??= { kind: 'closing', code, reason };
    if (this.#connection !== undefined) this.#end(this.#connection, this.#ending);
  }

  discard(code: number, reason: string): void {
    this.#ending = { kind: 'discarded', code, reason };
    this.#setQueue([]);
    if (this.#connection !== undefined) this.#end(this.#connection, this.#ending);
  }

  terminate(): void {
    if (this.#isTerminated) return;
    this.#isTerminated = true;
    this.#setQueue([]);
    this.#whenWritten.clear();
    this.#connection?.terminate();
    this.#onTerminated();
  }

  #setQueue(queue: EncodedPush[]): void {
    this.#queue = queue;
    this.#queuedBytes = queue.reduce((sum, push) => sum + PUSH_BYTES + push.estimatedBytes, 0);
  }

  #awaitWrite(connection: Outlet, callback: () => void): void {
    connection.whenWritten(() => {
      // Over another connection it is awaited again.
      if (this.#connection === connection && this.#whenWritten.delete(callback)) callback();
    });
  }

  #end(connection: Outlet, { kind, code, reason }: Ending): void {
    if (kind === 'closing') connection.close(code, reason);
    else connection.discard(code, reason);
  }
}
