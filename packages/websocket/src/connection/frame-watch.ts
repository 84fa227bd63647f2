// A handler that looks at single frames: what stands between it and the bytes. Exists only on connections that have one.
import { FrameDecoder } from '../frame/frame-decoder.js';
import { FrameTap, type SeenFrame } from '../frame/frame-tap.js';
import type { Role } from '../frame/opcode.js';
import { warnOfFault } from './dispatch.js';
import type { HandlerOf } from './handler.js';

/** Gets every frame of one direction. */
export type FrameWatch = (frame: SeenFrame) => void;

/**
 * What calls `onFrame` of a connection's handler; undefined when it has none, and then nothing of this file runs. Somebody
 * who only looks on must not hurt: a throw is a process warning, and the last of its direction.
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
      warnOfFault(cause);
    }
  };
}

/** Reads the bytes that go out back into frames: so they are seen as they are on the wire, whoever queued or joined them. */
export class OutgoingFrames {
  readonly #decoder: FrameDecoder;

  constructor(role: Role, watch: FrameWatch) {
    const tap = new FrameTap('out', watch);
    // What a server writes is what a client reads.
    this.#decoder = new FrameDecoder(role === 'server' ? 'client' : 'server', tap, true);
    tap.decoder = this.#decoder;
  }

  /** The next bytes, as they are handed to the operating system. */
  push(batch: Buffer | readonly Buffer[]): void {
    // Copies: a decoder unmasks in place, and these bytes may go to others as well.
    if (Buffer.isBuffer(batch)) this.#decoder.push(Buffer.from(batch));
    else for (const piece of batch) this.#decoder.push(Buffer.from(piece));
  }
}
