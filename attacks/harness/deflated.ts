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

/** A stored block that is not the final one, with one byte in it (RFC 1951 §3.2.4). */
const MARKER = 0x4d;
const MARKER_BLOCK = Buffer.from([0x00, 0x01, 0x00, 0xfe, 0xff, MARKER]);

/**
 * What zlib alone makes of a payload; undefined if it is not a complete stream of blocks, or has a final one.
 * It is complete if the tail is read as an empty block, and a block behind it as a block: otherwise the last block of the
 * payload lacks bytes, and takes them from the tail or from what comes next.
 */
export function inflatedByReference(payload: Uint8Array, maxBytes: number): Buffer | undefined {
  const withoutTail = inflatedWhole(Buffer.from(payload), maxBytes);
  const inflated = inflatedWhole(Buffer.concat([payload, TAIL]), maxBytes);
  const withMarker = inflatedWhole(Buffer.concat([payload, TAIL, MARKER_BLOCK]), maxBytes + 1);
  if (withoutTail === undefined || inflated === undefined || withMarker === undefined) return undefined;
  const isComplete =
    withoutTail.equals(inflated) && withMarker.equals(Buffer.concat([inflated, Buffer.from([MARKER])]));
  return isComplete ? inflated : undefined;
}

function inflatedWhole(input: Buffer, maxBytes: number): Buffer | undefined {
  try {
    const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: maxBytes, info: true };
    const { buffer, engine } = inflateRawSync(input, options) as unknown as {
      readonly buffer: Buffer;
      readonly engine: { readonly bytesWritten: number };
    };
    return engine.bytesWritten === input.length ? buffer : undefined;
  } catch {
    return undefined;
  }
}
