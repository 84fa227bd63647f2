// Frames with arbitrary bytes: every field can be made wrong on its own.

export interface FrameParts {
  /** FIN, RSV1-3 and opcode. Default 0x81: a whole text message. */
  readonly first?: number;
  readonly payload?: string | Uint8Array;
  /** Default: masked with a fixed key. `none`: as a server would send it. */
  readonly mask?: readonly number[] | 'none';
  /** Default: the shortest. 16 and 64 write a longer one than needed. */
  readonly lengthBits?: 7 | 16 | 64;
  /** What the header claims, if not the truth. */
  readonly claimedBytes?: bigint;
}

const SAMPLE_MASK = [0x37, 0xfa, 0x21, 0x3d] as const;

export const Opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
export const FIN = 0x80;
export const RSV1 = 0x40;

export function frame(parts: FrameParts = {}): Buffer {
  const { first = FIN | Opcode.text, mask = SAMPLE_MASK } = parts;
  const payload = Buffer.from(parts.payload ?? '');
  const claimed = parts.claimedBytes ?? BigInt(payload.length);
  const header = [Buffer.from([first]), lengthBytes(claimed, parts.lengthBits, mask !== 'none')];
  if (mask === 'none') return Buffer.concat([...header, payload]);
  const masked = Buffer.allocUnsafe(payload.length);
  for (let i = 0; i < payload.length; i++) masked[i] = payload[i]! ^ mask[i & 3]!;
  return Buffer.concat([...header, Buffer.from(mask), masked]);
}

export function textFrame(text: string): Buffer {
  return frame({ payload: text });
}

export function closeFrame(code?: number, reason: string | Uint8Array = ''): Buffer {
  if (code === undefined) return frame({ first: FIN | Opcode.close });
  const payload = Buffer.concat([Buffer.from([code >>> 8, code & 0xff]), Buffer.from(reason)]);
  return frame({ first: FIN | Opcode.close, payload });
}

export function pingFrame(payload: string | Uint8Array = ''): Buffer {
  return frame({ first: FIN | Opcode.ping, payload });
}

function lengthBytes(length: bigint, bits: FrameParts['lengthBits'], isMasked: boolean): Buffer {
  const maskBit = isMasked ? 0x80 : 0;
  const wanted = bits ?? (length < 126n ? 7 : length < 65_536n ? 16 : 64);
  if (wanted === 7) return Buffer.from([maskBit | Number(length)]);
  if (wanted === 16) return Buffer.from([maskBit | 126, Number(length >> 8n), Number(length & 0xffn)]);
  const bytes = Buffer.alloc(9);
  bytes[0] = maskBit | 127;
  bytes.writeBigUInt64BE(length, 1);
  return bytes;
}
