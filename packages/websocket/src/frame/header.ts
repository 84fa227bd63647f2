// The header of a frame, RFC 6455 §5.2: bits, sizes, and how it is written.

export const FIN_BIT = 0x80;
export const RSV1_BIT = 0x40;
export const RSV2_AND_3_BITS = 0x30;
export const OPCODE_BITS = 0x0f;
export const MASK_BIT = 0x80;
export const LENGTH_BITS = 0x7f;

/** RFC 6455 §5.5: payload of a control frame, in bytes. */
export const MAX_CONTROL_BYTES = 125;
const MAX_SHORT_LENGTH = 125;
const MAX_16_BIT_LENGTH = 0xffff;
const LENGTH_IS_16_BIT = 126;
export const LENGTH_IS_64_BIT = 127;
export const MASK_KEY_BYTES = 4;

export function headerBytes(payloadBytes: number, isMasked: boolean): number {
  const lengthBytes = payloadBytes <= MAX_SHORT_LENGTH ? 0 : payloadBytes <= MAX_16_BIT_LENGTH ? 2 : 8;
  return 2 + lengthBytes + (isMasked ? MASK_KEY_BYTES : 0);
}

/**
 * Writes a header at the start of `target`, with the shortest length form (RFC 6455 §5.2).
 * @param firstByte FIN, RSV bits and opcode
 * @param maskKey the masking key as one 32-bit number, first byte highest; undefined = not masked
 * @returns where the payload begins
 */
export function writeHeader(
  target: Uint8Array,
  firstByte: number,
  payloadBytes: number,
  maskKey: number | undefined,
): number {
  const maskBit = maskKey === undefined ? 0 : MASK_BIT;
  let at = 2;
  target[0] = firstByte;
  if (payloadBytes <= MAX_SHORT_LENGTH) {
    target[1] = maskBit | payloadBytes;
  } else if (payloadBytes <= MAX_16_BIT_LENGTH) {
    target[1] = maskBit | LENGTH_IS_16_BIT;
    target[2] = payloadBytes >>> 8;
    target[3] = payloadBytes;
    at = 4;
  } else {
    target[1] = maskBit | LENGTH_IS_64_BIT;
    at = writeUint32(target, 2, Math.floor(payloadBytes / 2 ** 32));
    at = writeUint32(target, at, payloadBytes % 2 ** 32);
  }
  return maskKey === undefined ? at : writeUint32(target, at, maskKey);
}

function writeUint32(target: Uint8Array, at: number, value: number): number {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
  return at + 4;
}
