// Notifies an observer of the messages and handlers of a session. Only observed sessions use this.
import type { CloseDetails } from '@longwire/websocket';
import type { HandlerKind } from '../declaring/handlers.js';
import { isThenable } from '../promises.js';
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

/** Returns or throws what `run` does; a promise in its place settles as the handler's does, after the observer was told. */
export function runObserved(
  { handlerStarted, handlerEnded }: GuardedObserver,
  session: Session,
  kind: HandlerKind,
  run: () => unknown,
): unknown {
  const span = handlerStarted?.(session, kind);
  if (handlerEnded === undefined) return run();
  let result: unknown;
  let isPending: boolean;
  try {
    result = run();
    isPending = isThenable(result);
  } catch (error) {
    handlerEnded(session, kind, span, { error });
    throw error;
  }
  if (!isPending) {
    handlerEnded(session, kind, span, undefined);
    return result;
  }
  return Promise.resolve(result).then(
    (later) => {
      handlerEnded(session, kind, span, undefined);
      return later;
    },
    (error: unknown) => {
      handlerEnded(session, kind, span, { error });
      throw error;
    },
  );
}
