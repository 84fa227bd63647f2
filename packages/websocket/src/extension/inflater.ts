// What the assembler needs of a decompressor. Two engines: the synchronous zlib handle and the public stream.
import type { WebSocketError } from '../errors.js';

export interface InflateSink {
  /** How many more bytes of this message are wanted. One more may be handed over, which says that there are too many. */
  readonly inflateRoom: number;
  /** The next inflated bytes, in order; the memory is only lent for the call. False = stop, no more is wanted. */
  onInflated(output: Buffer): boolean;
  onInflateError(error: WebSocketError): void;
  /** A `write` that returned false is done now. */
  onInflateReady(isMessageEnd: boolean): void;
}

/** Inflates one message (RFC 7692 §7.2.2). */
export interface Inflater {
  /**
   * Inflates `piece`; with `isMessageEnd` also the four bytes that the sender left out.
   * @returns true when all its output has been handed over; false when it comes later, ending with `onInflateReady`
   */
  write(piece: Buffer, isMessageEnd: boolean): boolean;
  /** Hands nothing over until `resume`; what is left of a piece then comes later. May be called from inside `onInflated`. */
  suspend(): void;
  resume(): void;
  /** The message is over, or given up: the sink hears nothing more. */
  release(): void;
}

// A message may end its stream and begin another (RFC 7692 §7.2.3.4), but not so often that it costs us more than its sender.
const FREE_RESTARTS = 64;
const INPUT_BYTES_PER_RESTART = 256;

/** @param inputBytes of the message before the restart: where the limit strikes does not depend on how they were cut */
export function isRestartAllowed(restarts: number, inputBytes: number): boolean {
  return restarts <= FREE_RESTARTS + inputBytes / INPUT_BYTES_PER_RESTART;
}
