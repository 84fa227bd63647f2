// Frames as a client sends them (RFC 6455 §5.2), for load generators.
import { randomBytes } from 'node:crypto';

/**
 * @param {number} opcode
 * @param {Buffer} payload up to 65 535 bytes
 * @param {Buffer} [mask]
 */
export function maskedFrame(opcode, payload, mask = randomBytes(4)) {
  const isShort = payload.length < 126;
  const start = isShort ? 6 : 8;
  const frame = Buffer.allocUnsafe(start + payload.length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (isShort ? payload.length : 126);
  if (!isShort) frame.writeUInt16BE(payload.length, 2);
  mask.copy(frame, start - 4);
  for (let i = 0; i < payload.length; i++) {
    frame[start + i] = /** @type {number} */ (payload[i]) ^ /** @type {number} */ (mask[i & 3]);
  }
  return frame;
}

/** @param {string} text */
export function maskedText(text) {
  return maskedFrame(0x1, Buffer.from(text));
}

/** The Close frame of a client that is done: 1000. */
export function maskedClose() {
  return maskedFrame(0x8, Buffer.from([0x03, 0xe8]));
}
