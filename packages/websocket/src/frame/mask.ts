// Masking of payloads, RFC 6455 §5.3. XOR is its own inverse: the same function masks and unmasks.
import { endianness } from 'node:os';

// Below this many bytes the set-up of a 32-bit view costs more than it saves (measured: they meet at about 100 bytes).
const WORDWISE_FROM_BYTES = 128;
const isLittleEndian = endianness() === 'LE';

/**
 * Masks `bytes` in place.
 * @param key the masking key as one 32-bit number, first byte highest
 * @param offset how many payload bytes of the same frame came before
 */
export function mask(bytes: Uint8Array, key: number, offset: number): void {
  if (bytes.length < WORDWISE_FROM_BYTES) maskBytewise(bytes, key, offset, 0, bytes.length);
  else maskWordwise(bytes, key, offset);
}

/** The plain version, byte by byte, of the range from `start` to `end`; `offset` belongs to `bytes[0]`. */
export function maskBytewise(bytes: Uint8Array, key: number, offset: number, start: number, end: number): void {
  for (let i = start; i < end; i++) {
    bytes[i] = bytes[i]! ^ (key >>> (24 - (((offset + i) & 3) << 3)));
  }
}

function maskWordwise(bytes: Uint8Array, key: number, offset: number): void {
  const lead = (4 - (bytes.byteOffset & 3)) & 3;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + lead, (bytes.length - lead) >>> 2);
  const turned = rotateLeft(key, ((offset + lead) & 3) << 3);
  const word = isLittleEndian ? swapBytes(turned) : turned;
  maskBytewise(bytes, key, offset, 0, lead);
  for (let i = 0; i < words.length; i++) words[i] = words[i]! ^ word;
  maskBytewise(bytes, key, offset, lead + words.length * 4, bytes.length);
}

function rotateLeft(value: number, bits: number): number {
  return bits === 0 ? value | 0 : (value << bits) | (value >>> (32 - bits));
}

function swapBytes(value: number): number {
  return ((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24);
}
