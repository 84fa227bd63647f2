// What a session and its sender ask of the lifecycle behind them. An interface, because that lifecycle runs handlers, whose
// signatures name the session.
import type { MessageHandlerOptions } from '../declaring/message-handler.js';
import type { CloseCause } from './close-reason.js';
import type { IdleTimeout } from './idle-timeout.js';

/** A function that takes messages of one kind, as `session.addMessageHandler` gets it. */
export type AnyMessageHandler = (...parameters: never[]) => unknown;

/** `Owner` is the session: this file knows nothing of it. */
export interface SessionControl<Owner = unknown> {
  /** The endpoint's path template. */
  readonly template: string;
  /** How much may wait to be sent. */
  readonly maxBufferedBytes: number;
  /** How long a session may wait for its last sends before it closes. */
  readonly closeTimeoutMs: number;
  /**
   * The message that the first fitting encoder makes of the value, or a promise of it; undefined if no encoder takes it.
   * @throws EndpointError encode_failed; the promise rejects with it
   */
  encode(value: unknown): string | Uint8Array | Promise<string | Uint8Array> | undefined;
  /** Passes an error that no handler threw to the endpoint's error handler. */
  report(error: unknown): void;
  /** As `report`, for an error that its caller gets as well: if a handler then fails with it, it is not reported again. */
  reportOnce(error: unknown): void;
  /** The program has ended the session: no message handler is started any more. The first cause stands. */
  endedHere(cause: CloseCause): void;
  /** Undefined while there was never a limit. */
  readonly idle: IdleTimeout | undefined;
  /** Restarts the count; 0 for no limit. */
  setIdleTimeout(timeoutMs: number): void;
  pauseReading(): void;
  resumeReading(): void;
  openSessions(): Iterable<Owner>;
  /** @throws EndpointError duplicate_handler, missing_decoder, invalid_handler, invalid_option, unknown_option */
  addMessageHandler(options: MessageHandlerOptions, handler: AnyMessageHandler): void;
  removeMessageHandler(handler: AnyMessageHandler): void;
  messageHandlers(): AnyMessageHandler[];
}
