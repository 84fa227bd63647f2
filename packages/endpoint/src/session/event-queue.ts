// Events of one session that wait for their handler.
import { Queue } from '@longwire/websocket';
import type { HandlerKind } from '../declaring/handlers.js';
import { EndpointError } from '../errors.js';

/** One event that waits: what it is, and what its handler gets besides the session. */
export interface WaitingEvent {
  readonly kind: HandlerKind;
  readonly value: unknown;
}

export class EventQueue {
  readonly #events = new Queue<WaitingEvent>();
  /** Reading is paused until fewer wait. */
  isHeldBack = false;
  #bytes = 0;
  /** Apart, as it comes after everything, also after the error of a reply that came too late. */
  #close: WaitingEvent | undefined;
  /** How many events wait that say that the session has ended. */
  #saysEnded = 0;

  get length(): number {
    return this.#events.length + (this.#close === undefined ? 0 : 1);
  }

  /** Of the messages that wait; text counts by its characters. */
  get bytes(): number {
    return this.#bytes;
  }

  get hasClose(): boolean {
    return this.#close !== undefined;
  }

  push(kind: HandlerKind, value: unknown): void {
    const event: WaitingEvent = { kind, value };
    if (kind === 'close') {
      this.#close = event;
      return;
    }
    if (isSessionEnded(value)) this.#saysEnded++;
    this.#bytes += lengthOf(value);
    this.#events.push(event);
  }

  shift(): WaitingEvent | undefined {
    const event = this.#events.shift();
    if (event === undefined) return this.takeClose();
    this.#bytes -= lengthOf(event.value);
    if (isSessionEnded(event.value)) this.#saysEnded--;
    return event;
  }

  clear(): void {
    this.#events.takeAll();
    this.#close = undefined;
    this.#saysEnded = 0;
    this.#bytes = 0;
  }

  /** A session whose handler never settles must not collect the failures of all sends that still reach it. */
  isRepeating(error: unknown): boolean {
    return this.#saysEnded > 0 && isSessionEnded(error);
  }

  /** Takes the end of the session before everything else. */
  takeClose(): WaitingEvent | undefined {
    const close = this.#close;
    this.#close = undefined;
    return close;
  }
}

function isSessionEnded(value: unknown): boolean {
  return value instanceof EndpointError && value.code === 'session_ended';
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string' || value instanceof Uint8Array) return value.length;
  const part: unknown = typeof value === 'object' && value !== null && 'part' in value ? value.part : undefined;
  return typeof part === 'string' || part instanceof Uint8Array ? part.length : 0;
}
