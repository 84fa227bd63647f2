// Bytes written as in the RFC: hex with spaces.

export function hex(text: string): Buffer {
  return Buffer.from(text.replace(/\s+/g, ''), 'hex');
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex').replace(/../g, '$& ').trim();
}

/** A frame as a client would send it, masked with a fixed key; `first` is FIN, RSV and opcode. */
export function maskedFrame(first: number, payload: string | Uint8Array, key = [0x37, 0xfa, 0x21, 0x3d]): Buffer {
  const bytes = Buffer.from(payload);
  const header =
    bytes.length < 126
      ? Buffer.from([first, 0x80 | bytes.length])
      : bytes.length < 65_536
        ? Buffer.from([first, 0x80 | 126, bytes.length >>> 8, bytes.length & 0xff])
        : Buffer.concat([Buffer.from([first, 0x80 | 127, 0, 0, 0, 0]), uint32(bytes.length)]);
  return Buffer.concat([header, Buffer.from(key), bytes.map((byte, index) => byte ^ key[index & 3]!)]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** `bytes` cut at each of `cuts`, taken modulo its length. */
export function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const points = [...new Set([0, ...cuts.map((point) => point % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b,
  );
  return points.slice(1).map((end, index) => Buffer.from(bytes.subarray(points[index]!, end)));
}
