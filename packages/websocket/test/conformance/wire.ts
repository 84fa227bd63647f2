// The far end of a connection: sends exactly the bytes it is told to and keeps every byte that comes.
import type { Socket } from 'node:net';
import { until } from '@longwire/test-support/until';
import { toHex } from '../support/hex.js';

/** A frame as it lay on the wire, taken apart without the engine's own decoder. */
export interface SentFrame {
  /** FIN, RSV and opcode. */
  readonly first: number;
  readonly maskKey: Buffer | undefined;
  /** Unmasked. */
  readonly payload: Buffer;
}

export class Wire {
  readonly socket: Socket;
  #chunks: Buffer[] = [];
  #byteLength = 0;
  /** The engine ended its side of TCP. */
  hasEnded = false;
  isClosed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => {
      this.#chunks.push(chunk);
      this.#byteLength += chunk.length;
    });
    socket.on('end', () => {
      this.hasEnded = true;
    });
    socket.on('close', () => {
      this.isClosed = true;
    });
    socket.on('error', () => {});
  }

  send(...bytes: Array<string | Uint8Array>): void {
    for (const piece of bytes) this.socket.write(piece);
  }

  /** Everything that came and was not taken out. */
  get received(): Buffer {
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all;
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  /** Forgets the first bytes of what came. */
  take(bytes = this.#byteLength): void {
    const rest = this.received.subarray(bytes);
    this.#chunks = [rest];
    this.#byteLength = rest.length;
  }

  get hex(): string {
    return toHex(this.received);
  }

  get frames(): SentFrame[] {
    return readFrames(this.received);
  }

  /** Resolves with the first `count` frames. */
  async framesOf(count: number): Promise<SentFrame[]> {
    await until(() => this.frames.length >= count);
    return this.frames;
  }

  /** Takes everything up to the end of an HTTP header out of `received`. */
  async httpHeader(): Promise<string> {
    await until(() => this.received.includes('\r\n\r\n') || this.isClosed);
    const end = this.received.indexOf('\r\n\r\n') + 4;
    const header = this.received.subarray(0, end).toString('latin1');
    this.take(end);
    return header;
  }
}

/** All complete frames in `bytes`. */
export function readFrames(bytes: Buffer): SentFrame[] {
  const frames: SentFrame[] = [];
  let at = 0;
  while (at + 2 <= bytes.length) {
    const first = bytes[at]!;
    const isMasked = (bytes[at + 1]! & 0x80) !== 0;
    let length = bytes[at + 1]! & 0x7f;
    at += 2;
    if (length === 126) {
      if (at + 2 > bytes.length) break;
      length = bytes.readUInt16BE(at);
      at += 2;
    } else if (length === 127) {
      if (at + 8 > bytes.length) break;
      length = Number(bytes.readBigUInt64BE(at));
      at += 8;
    }
    const keyBytes = isMasked ? 4 : 0;
    if (at + keyBytes + length > bytes.length) break;
    const maskKey = isMasked ? bytes.subarray(at, at + 4) : undefined;
    at += keyBytes;
    const payload = Buffer.from(bytes.subarray(at, at + length));
    if (maskKey !== undefined) for (let i = 0; i < length; i++) payload[i]! ^= maskKey[i % 4]!;
    frames.push({ first, maskKey, payload });
    at += length;
  }
  return frames;
}
