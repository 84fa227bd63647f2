// Events of one session that wait for their handler.
import type { HandlerKind } from '../declaring/handlers.js';
import { EndpointError } from '../errors.js';

/** One event that waits: what it is, and what its handler gets besides the session. */
export interface WaitingEvent {
  readonly kind: HandlerKind;
  readonly value: unknown;
}

export class EventQueue {
  #events: WaitingEvent[] = [];

  get length(): number {
    return this.#events.length;
  }

  push(kind: HandlerKind, value: unknown): void {
    const isBehindClose = this.#events.at(-1)?.kind === 'close';
    // OnClose comes after everything, also after the error of a reply that came too late.
    this.#events.splice(isBehindClose ? -1 : this.#events.length, 0, { kind, value });
  }

  shift(): WaitingEvent | undefined {
    return this.#events.shift();
  }

  clear(): void {
    this.#events = [];
  }

  /** A session whose handler never settles must not collect the failures of everybody who still sends to it. */
  isRepeating(error: unknown): boolean {
    return isSessionEnded(error) && this.#events.some(({ value }) => isSessionEnded(value));
  }
}

function isSessionEnded(value: unknown): boolean {
  return value instanceof EndpointError && value.code === 'SESSION_ENDED';
}
