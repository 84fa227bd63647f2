// What the assembler needs of a decompressor. Two engines: the zlib handle and the public stream.
import type { WebSocketError } from '../errors.js';

export interface InflateSink {
  /** Bytes that this message may still have. One more may be passed on, which means that it is too big. */
  readonly inflateRoom: number;
  /** The next inflated bytes, in order, valid only during the call. False = stop. */
  onInflated(output: Buffer): boolean;
  onInflateError(error: WebSocketError): void;
  /** A `write` that returned false is complete. */
  onInflateReady(isMessageEnd: boolean): void;
}

/** Inflates one message (RFC 7692 §7.2.2). */
export interface Inflater {
  /**
   * Inflates `piece`; with `isMessageEnd` also the four bytes that the sender left out.
   * @returns true when all its output was passed on; false when it follows later, ending with `onInflateReady`
   */
  write(piece: Buffer, isMessageEnd: boolean): boolean;
  /** Passes nothing on until `resume`; the rest of a piece then follows later. May be called from inside `onInflated`. */
  suspend(): void;
  resume(): void;
  /** The message has ended or is discarded: the sink is not called any more. */
  release(): void;
}

// A message may end its stream and begin another (RFC 7692 §7.2.3.4), but not so often that it costs us more than its sender.
const FREE_RESTARTS = 64;
const INPUT_BYTES_PER_RESTART = 256;

/** @param inputBytes of the message before the restart, so that the limit does not depend on how they were chunked */
export function isRestartAllowed(restarts: number, inputBytes: number): boolean {
  return restarts <= FREE_RESTARTS + inputBytes / INPUT_BYTES_PER_RESTART;
}
