// What a session needs of the dispatcher that runs its handlers.
import type { MessageKind } from '@longwire/websocket';
import type { MessageHandlerOptions } from '../declaring/message-handler.js';
import type { NoEncoder } from '../messages/no-encoder.js';
import type { CloseCause } from './close-reason.js';
import type { IdleTimeout } from './idle-timeout.js';

/** A function that takes messages of one kind, as `session.addMessageHandler` gets it. */
export type AnyMessageHandler = (...parameters: never[]) => unknown;

/** `Owner` is the session: this file knows nothing of it. */
export interface SessionControl<Owner = unknown> {
  /** A message of an object, or a promise of it. @throws EndpointError what `noEncoder` makes, encode_failed */
  encode(value: unknown, noEncoder: NoEncoder): string | Uint8Array | Promise<string | Uint8Array>;
  /** How much may wait to be sent. */
  readonly maxBufferedBytes: number;
  /** How long a session may wait for its last sends before it closes. */
  readonly closeTimeoutMs: number;
  /** Counts anew. Gives what is told of messages that go out; those that come are noted already. */
  setIdleTimeout(timeoutMs: number): IdleTimeout;
  /** Tells the observer of a message that was sent whole; undefined when nobody wants to know. */
  readonly noteSent: ((kind: MessageKind, bytes: number) => void) | undefined;
  /** Hands a fault that no handler threw to the endpoint's error handler. */
  report(error: unknown): void;
  /** As `report`, for a fault that its caller is told as well: if a handler then fails with it, that is not told again. */
  reportOnce(error: unknown): void;
  /** The program has ended the session: no message handler is started any more. The first cause stands. */
  endedHere(cause: CloseCause): void;
  pauseReading(): void;
  resumeReading(): void;
  openSessions(): Iterable<Owner>;
  /** @throws EndpointError duplicate_handler, missing_decoder, invalid_handler, invalid_option, unknown_option */
  addMessageHandler(options: MessageHandlerOptions, handler: AnyMessageHandler): void;
  removeMessageHandler(handler: AnyMessageHandler): boolean;
  messageHandlers(): AnyMessageHandler[];
}
