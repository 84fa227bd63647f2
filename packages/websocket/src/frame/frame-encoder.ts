// Frames to bytes, both roles, without I/O. The result is never changed afterwards, so it may be shared.
import { FIN_BIT, headerBytes, RSV1_BIT, writeHeader } from './header.js';
import { mask } from './mask.js';
import { nextMaskKey } from './mask-key.js';
import { Opcode, type Role } from './opcode.js';

// Payloads up to this size are copied behind their header: one piece to write, and the caller may reuse its buffer.
const COPY_UP_TO_BYTES = 4096;

/** FIN, RSV1 and opcode as the first byte of a frame. */
export function firstByte(opcode: Opcode, isFinal: boolean, isCompressed: boolean): number {
  return opcode | (isFinal ? FIN_BIT : 0) | (isCompressed ? RSV1_BIT : 0);
}

/** One frame in one new buffer; masked with a fresh key if `role` is the client. The payload is copied. */
export function encodeFrame(role: Role, first: number, payload: Uint8Array): Buffer {
  const isMasked = role === 'client';
  const key = isMasked ? nextMaskKey() : undefined;
  const frame = Buffer.allocUnsafe(headerBytes(payload.length, isMasked) + payload.length);
  const at = writeHeader(frame, first, payload.length, key);
  frame.set(payload, at);
  if (key !== undefined) mask(frame.subarray(at), key, 0);
  return frame;
}

/** The whole of `text` as one text frame in one new buffer. A lone surrogate is sent as U+FFFD. */
export function encodeTextFrame(role: Role, text: string): Buffer {
  const payloadBytes = Buffer.byteLength(text);
  const isMasked = role === 'client';
  const key = isMasked ? nextMaskKey() : undefined;
  const frame = Buffer.allocUnsafe(headerBytes(payloadBytes, isMasked) + payloadBytes);
  const at = writeHeader(frame, FIN_BIT | Opcode.text, payloadBytes, key);
  // As many bytes as characters: the text is ASCII, which latin1 writes fastest.
  frame.write(text, at, payloadBytes === text.length ? 'latin1' : 'utf8');
  if (key !== undefined) mask(frame.subarray(at), key, 0);
  return frame;
}

/** True when `encodeFrame` should be used: the frame is masked, or small enough to copy. */
export function isCopiedWhenSent(role: Role, payloadBytes: number): boolean {
  return role === 'client' || payloadBytes <= COPY_UP_TO_BYTES;
}

/** The header alone, for a large payload of a server, which is written without copying. */
export function encodeHeader(first: number, payloadBytes: number): Buffer {
  const header = Buffer.allocUnsafe(headerBytes(payloadBytes, false));
  writeHeader(header, first, payloadBytes, undefined);
  return header;
}
