// Reports single frames to `onFrame`. Exists only on connections whose handler has it.
import { FrameDecoder } from '../frame/frame-decoder.js';
import { FrameTap, type SeenFrame } from '../frame/frame-tap.js';
import type { Role } from '../frame/opcode.js';
import type { HandlerOf } from './connection-setup.js';
import { warnOfError } from './lifecycle/connection-errors.js';

/** Gets every frame of one direction. */
export type FrameWatch = (frame: SeenFrame) => void;

/**
 * A function that calls `onFrame` of a connection's handler; undefined when the handler has none, and then nothing of this
 * file runs. An observer must not break what it observes: if it throws, a process warning is emitted and no further frame of
 * that direction is reported.
 */
export function frameWatch<Connection extends { readonly handler: HandlerOf<Connection> }>(
  connection: Connection,
): FrameWatch | undefined {
  if (connection.handler.onFrame === undefined) return undefined;
  let hasFailed = false;
  return (frame) => {
    if (hasFailed) return;
    try {
      connection.handler.onFrame?.(connection, frame);
    } catch (cause) {
      hasFailed = true;
      warnOfError(cause);
    }
  };
}

/** Decodes outgoing bytes into frames again, so that they are reported as they are on the wire, however they were queued. */
export class OutgoingFrames {
  readonly #decoder: FrameDecoder;

  constructor(role: Role, watch: FrameWatch) {
    const tap = new FrameTap('out', watch);
    // What a server writes is what a client reads.
    this.#decoder = new FrameDecoder(role === 'server' ? 'client' : 'server', tap, true);
    tap.decoder = this.#decoder;
  }

  /** The next bytes, as they are passed to the operating system. */
  push(batch: Buffer | readonly Buffer[]): void {
    // Copies: a decoder unmasks in place, and these bytes may be shared with other connections.
    if (Buffer.isBuffer(batch)) this.#decoder.push(Buffer.from(batch));
    else for (const piece of batch) this.#decoder.push(Buffer.from(piece));
  }
}
