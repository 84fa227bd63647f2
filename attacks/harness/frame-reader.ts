// Reads the frames of a server from bytes, without trusting them: an independent reading beside the engine's own.

export interface ReceivedFrame {
  readonly isFinal: boolean;
  /** RSV1-3 as they stand in the first byte. */
  readonly reserved: number;
  readonly opcode: number;
  readonly isMasked: boolean;
  readonly payload: Buffer;
}

/** The whole frames at the start of `bytes`; an unfinished one at the end is left out. */
export function readFrames(bytes: Buffer): readonly ReceivedFrame[] {
  const frames: ReceivedFrame[] = [];
  let at = 0;
  while (at + 2 <= bytes.length) {
    const first = bytes[at]!;
    const isMasked = (bytes[at + 1]! & 0x80) !== 0;
    let length = bytes[at + 1]! & 0x7f;
    let start = at + 2;
    if (length === 126) {
      if (start + 2 > bytes.length) break;
      length = bytes.readUInt16BE(start);
      start += 2;
    } else if (length === 127) {
      if (start + 8 > bytes.length) break;
      length = Number(bytes.readBigUInt64BE(start));
      start += 8;
    }
    if (isMasked) start += 4;
    if (start + length > bytes.length) break;
    frames.push({
      isFinal: (first & 0x80) !== 0,
      reserved: first & 0x70,
      opcode: first & 0x0f,
      isMasked,
      payload: bytes.subarray(start, start + length),
    });
    at = start + length;
  }
  return frames;
}
