// A message encoded once for all its receivers: the plain frame at once, compressed ones on first use.
import type { PerMessageDeflate } from '../extension/permessage-deflate.js';
import { encodeFrame, encodeTextFrame, firstByte } from '../frame/frame-encoder.js';
import { FIN_BIT, headerBytes } from '../frame/header.js';
import { Opcode } from '../frame/opcode.js';
import { ownCopy } from '../own-memory.js';
import type { MessageKind } from './assembler.js';
import { assertBytes, assertText } from './payload-type.js';

export interface PreparedMessageOptions {
  /** False: never compressed, even if negotiated (for secrets next to text that an attacker chooses). Default true. */
  readonly compress?: boolean;
  /**
   * True for a message that is kept, such as the last value of a topic: its frames then have memory of their own. Otherwise small
   * ones may be part of a larger block that Node uses for many buffers, all of which stays in memory with the message. Default false.
   */
  readonly longLived?: boolean;
}

/**
 * One message, or several joined, as the bytes a server sends. Immutable; may go to any number of connections at once.
 * A server socket with nothing else to send writes this very buffer. A client connection masks it anew each time.
 */
export class PreparedMessage {
  /** The unmasked frames. */
  readonly frames: Buffer;
  /** The messages this was joined from; empty for a single one. */
  readonly parts: readonly PreparedMessage[];
  readonly kind: MessageKind;
  readonly mayCompress: boolean;
  readonly #isLongLived: boolean;
  /** Compressed forms by the parameters they depend on. Few: windows differ rarely. */
  #compressed: Map<number, Buffer> | undefined;

  private constructor(
    frames: Buffer,
    kind: MessageKind,
    parts: readonly PreparedMessage[],
    { compress = true, longLived = false }: PreparedMessageOptions = {},
  ) {
    this.frames = longLived ? ownCopy(frames) : frames;
    this.kind = kind;
    this.mayCompress = compress;
    this.parts = parts;
    this.#isLongLived = longLived;
  }

  /** A text message. @throws WebSocketError `invalid_payload` for what is not a string */
  static text(text: string, options?: PreparedMessageOptions): PreparedMessage {
    assertText(text);
    return new PreparedMessage(encodeTextFrame('server', text), 'text', [], options);
  }

  /** A binary message; `data` is copied. @throws WebSocketError `invalid_payload` for what is not a Uint8Array */
  static binary(data: Uint8Array, options?: PreparedMessageOptions): PreparedMessage {
    assertBytes(data);
    const frame = encodeFrame('server', FIN_BIT | Opcode.binary, data);
    return new PreparedMessage(frame, 'binary', [], options);
  }

  /**
   * Several messages in one buffer, in this order. Joined from none, nothing is sent.
   */
  static join(messages: readonly PreparedMessage[]): PreparedMessage {
    const [only] = messages;
    if (messages.length === 1 && only !== undefined) return only;
    const frames = Buffer.concat(messages.map((message) => message.frames));
    return new PreparedMessage(frames, only?.kind ?? 'text', messages.slice());
  }

  /** Bytes on the wire to an uncompressed client: headers and payloads. */
  get byteLength(): number {
    return this.frames.length;
  }

  /** The payload of a single message. */
  get payload(): Buffer {
    return this.frames.subarray(payloadStart(this.frames));
  }

  /** The frames for connections whose compressor keeps no context between messages: computed once per window size. */
  compressedFrames(deflate: PerMessageDeflate): Buffer {
    this.#compressed ??= new Map();
    let frames = this.#compressed.get(deflate.sharedKey);
    if (frames === undefined) {
      frames = this.#compress(deflate);
      if (this.#isLongLived && frames !== this.frames) frames = ownCopy(frames);
      this.#compressed.set(deflate.sharedKey, frames);
    }
    return frames;
  }

  #compress(deflate: PerMessageDeflate): Buffer {
    if (this.parts.length > 0) return Buffer.concat(this.parts.map((part) => part.compressedFrames(deflate)));
    const payload = this.payload;
    if (!this.mayCompress || !deflate.isWorthCompressing(payload.length)) return this.frames;
    const compressed = deflate.compress(payload);
    if (compressed === undefined || compressed.length >= payload.length) return this.frames;
    const opcode = this.kind === 'text' ? Opcode.text : Opcode.binary;
    return encodeFrame('server', firstByte(opcode, true, true), compressed);
  }
}

function payloadStart(frame: Buffer): number {
  // The frame is the only thing in the buffer, so the short form of its length gives the size of its header.
  const short = frame[1]! & 0x7f;
  return headerBytes(short < 126 ? short : short === 126 ? 0xffff : 0x1_0000, false);
}
