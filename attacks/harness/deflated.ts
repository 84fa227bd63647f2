// Payloads of permessage-deflate, made with zlib and without the engine.

import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { FIN, frame, Opcode, RSV1 } from './frame-writer.js';

/** RFC 7692 §7.2.1: what a sender takes off the end, and a receiver puts back. */
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);

export function deflated(payload: Uint8Array, level = 6): Buffer {
  const bytes = deflateRawSync(payload, { level, finishFlush: constants.Z_SYNC_FLUSH });
  return bytes.subarray(0, bytes.length - TAIL.length);
}

/** A compressed message in one frame. */
export function deflatedFrame(payload: Uint8Array, opcode: number = Opcode.binary): Buffer {
  return frame({ first: FIN | RSV1 | opcode, payload });
}

/** What zlib alone makes of a payload; undefined if it is not a complete stream of blocks, or has a final one. */
export function inflatedByReference(payload: Uint8Array, maxBytes: number): Buffer | undefined {
  try {
    const input = Buffer.concat([payload, TAIL]);
    const result = inflateRawSync(input, {
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength: maxBytes,
      info: true,
    });
    const { buffer, engine } = result as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    return engine.bytesWritten === input.length ? buffer : undefined;
  } catch {
    return undefined;
  }
}
