// What an observer sees on the way from the engine to a session's dispatcher. Only observed sessions have one.
import type { CloseDetails } from '@longwire/websocket';
import type { ConnectionEvents } from '../session/connection-events.js';
import type { Session } from '../session/session.js';
import type { GuardedObserver } from './observer.js';

/** Tells of messages, and passes everything on. */
export class ObservedEvents implements ConnectionEvents {
  readonly #next: ConnectionEvents;
  readonly #session: Session;
  readonly #messageReceived: NonNullable<GuardedObserver['messageReceived']>;
  /** Of the parts of a message that is not whole yet. */
  #partBytes = 0;

  constructor(
    next: ConnectionEvents,
    session: Session,
    messageReceived: NonNullable<GuardedObserver['messageReceived']>,
  ) {
    this.#next = next;
    this.#session = session;
    this.#messageReceived = messageReceived;
  }

  receiveText(text: string): void {
    this.#messageReceived(this.#session, 'text', Buffer.byteLength(text));
    this.#next.receiveText(text);
  }

  receiveBinary(data: Uint8Array): void {
    this.#messageReceived(this.#session, 'binary', data.length);
    this.#next.receiveBinary(data);
  }

  receivePart(kind: 'text' | 'binary', part: string | Uint8Array, isLast: boolean): void {
    this.#partBytes += typeof part === 'string' ? Buffer.byteLength(part) : part.length;
    if (isLast) {
      this.#messageReceived(this.#session, kind, this.#partBytes);
      this.#partBytes = 0;
    }
    this.#next.receivePart(kind, part, isLast);
  }

  receive(kind: 'pong' | 'drain', value: Uint8Array | undefined): void {
    this.#next.receive(kind, value);
  }

  report(error: unknown): void {
    this.#next.report(error);
  }

  closed(reason: CloseDetails): void {
    this.#next.closed(reason);
  }
}
