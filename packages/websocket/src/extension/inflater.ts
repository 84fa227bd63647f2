// What the assembler needs of a decompressor. Two engines: the synchronous zlib handle and the public stream.
import type { WebSocketError } from '../errors.js';

export interface InflateSink {
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
  /** The message is over, or given up: the sink hears nothing more. */
  release(): void;
}
