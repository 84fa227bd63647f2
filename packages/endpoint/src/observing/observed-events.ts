// Notifies an observer of the messages that a session receives. Only observed sessions have one.
import type { CloseDetails } from '@longwire/websocket';
import type { Session } from '../session/session.js';
import type { ConnectionEvents } from '../session/session-input.js';
import type { GuardedObserver } from './observer.js';

/** Notifies of messages, and passes all events on. */
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

  receiveSignal(kind: 'pong' | 'drain', value: Uint8Array | undefined): void {
    this.#next.receiveSignal(kind, value);
  }

  report(error: unknown): void {
    this.#next.report(error);
  }

  closed(details: CloseDetails): void {
    this.#next.closed(details);
  }
}
