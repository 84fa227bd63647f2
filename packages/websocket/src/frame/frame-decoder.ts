// Bytes to frames, without I/O: any chunking of the same bytes gives the same events. Checks what RFC 6455 §5 asks of one frame.
import { WebSocketError, type WebSocketErrorCode } from '../errors.js';
import {
  FIN_BIT,
  LENGTH_BITS,
  LENGTH_IS_64_BIT,
  MASK_BIT,
  MASK_KEY_BYTES,
  MAX_CONTROL_BYTES,
  OPCODE_BITS,
  RSV1_BIT,
  RSV2_AND_3_BITS,
} from './header.js';
import { mask } from './mask.js';
import { type ControlOpcode, type DataOpcode, isControlOpcode, isReservedOpcode, type Role } from './opcode.js';

/** Where the events of a decoder go. A sink may call `stop` or `suspend` of the decoder from inside any of them. */
export interface FrameSink {
  /** The header of a data frame is complete and correct; its payload follows in pieces. */
  onDataFrame(opcode: DataOpcode, isFinal: boolean, isCompressed: boolean, payloadBytes: number): void;
  /** Unmasked payload of the data frame, at least one byte, as it arrives. The sink owns the bytes. */
  onDataPayload(piece: Buffer): void;
  onDataFrameEnd(): void;
  /** A whole control frame, unmasked. */
  onControlFrame(opcode: ControlOpcode, payload: Buffer): void;
  /** The stream breaks the rules; nothing follows. */
  onFrameError(error: WebSocketError): void;
}

type Stage = 'first-byte' | 'length' | 'long-length' | 'mask-key' | 'payload';

const NO_BYTES = Buffer.alloc(0);

export class FrameDecoder {
  readonly #sink: FrameSink;
  readonly #expectsMask: boolean;
  readonly #allowsRsv1: boolean;
  #stage: Stage = 'first-byte';
  #firstByte = 0;
  #maskKey = 0;
  #payloadBytes = 0;
  /** Payload bytes received so far. */
  #position = 0;
  /** Bytes of the long length or of the mask key that are still missing. */
  #missing = 0;
  #isLength64 = false;
  #control: Buffer | undefined;
  #rest: Buffer | undefined;
  #isSuspended = false;
  #isStopped = false;
  #isRunning = false;

  /**
   * @param role whose bytes these are *for*: a server expects masked frames, a client unmasked ones
   * @param allowsRsv1 an extension that defines RSV1 was negotiated
   */
  constructor(role: Role, sink: FrameSink, allowsRsv1: boolean) {
    this.#sink = sink;
    this.#expectsMask = role === 'server';
    this.#allowsRsv1 = allowsRsv1;
  }

  /** The masking key of the current or last frame; undefined when frames here are not masked. */
  get maskKey(): number | undefined {
    return this.#expectsMask ? this.#maskKey >>> 0 : undefined;
  }

  get isSuspended(): boolean {
    return this.#isSuspended;
  }

  /** True if bytes were pushed that are not decoded yet, or are being decoded. */
  get hasUnread(): boolean {
    return this.#rest !== undefined || this.#isRunning;
  }

  /** Takes the next bytes of the stream. They belong to the decoder from here on: payloads are unmasked in place. */
  push(chunk: Buffer): void {
    if (this.#isStopped || chunk.length === 0) return;
    if (this.#isSuspended || this.#isRunning) {
      this.#rest = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
      return;
    }
    this.#run(chunk);
  }

  /** Emits no events until `resume`, not even for bytes already pushed, which are kept. */
  suspend(): void {
    this.#isSuspended = true;
  }

  resume(): void {
    this.#isSuspended = false;
    const rest = this.#rest;
    if (rest === undefined || this.#isRunning || this.#isStopped) return;
    this.#rest = undefined;
    this.#run(rest);
  }

  /** Emits no more events. */
  stop(): void {
    this.#isStopped = true;
    this.#rest = undefined;
    this.#control = undefined;
  }

  #run(first: Buffer): void {
    this.#isRunning = true;
    let chunk: Buffer | undefined = first;
    // The rest: bytes left when a sink suspended, or pushed from inside a sink.
    while (chunk !== undefined) {
      const taken = this.#take(chunk);
      if (this.#isStopped) break;
      if (this.#isSuspended) {
        this.#keep(chunk, taken);
        break;
      }
      chunk = this.#rest;
      this.#rest = undefined;
    }
    this.#isRunning = false;
  }

  #keep(chunk: Buffer, taken: number): void {
    if (taken === chunk.length) return;
    const left = chunk.subarray(taken);
    this.#rest = this.#rest === undefined ? left : Buffer.concat([left, this.#rest]);
  }

  /** Decodes until the chunk is used up or the sink stops or suspends; returns the number of bytes taken. */
  #take(chunk: Buffer): number {
    let at = 0;
    while (at < chunk.length && !this.#isStopped && !this.#isSuspended) {
      switch (this.#stage) {
        case 'first-byte':
          this.#readFirstByte(chunk[at++]!);
          break;
        case 'length':
          this.#readLength(chunk[at++]!);
          break;
        case 'long-length':
          this.#readLongLength(chunk[at++]!);
          break;
        case 'mask-key':
          this.#readMaskKey(chunk[at++]!);
          break;
        case 'payload':
          at = this.#readPayload(chunk, at);
          break;
      }
    }
    return at;
  }

  #readFirstByte(byte: number): void {
    const opcode = byte & OPCODE_BITS;
    if (isReservedOpcode(opcode)) {
      this.#fail('reserved_opcode', `opcode 0x${opcode.toString(16)} is reserved`);
      return;
    }
    if ((byte & RSV2_AND_3_BITS) !== 0) {
      this.#fail('reserved_bits', 'RSV2 or RSV3 is set');
      return;
    }
    // RFC 7692 §6: RSV1 marks a compressed message on its first frame, and is not allowed anywhere else.
    if ((byte & RSV1_BIT) !== 0 && (!this.#allowsRsv1 || opcode === 0 || isControlOpcode(opcode))) {
      this.#fail('reserved_bits', 'RSV1 is set on a frame that cannot begin a compressed message');
      return;
    }
    if (isControlOpcode(opcode) && (byte & FIN_BIT) === 0) {
      this.#fail('control_fragmented', 'a control frame must have FIN set');
      return;
    }
    this.#firstByte = byte;
    this.#stage = 'length';
  }

  #readLength(byte: number): void {
    const length = byte & LENGTH_BITS;
    if (((byte & MASK_BIT) !== 0) !== this.#expectsMask) {
      // RFC 6455 §5.1: a server closes on an unmasked frame, a client on a masked one.
      if (this.#expectsMask) {
        this.#fail('mask_required', 'a frame from a client must be masked');
        return;
      }
      this.#fail('mask_forbidden', 'a frame from a server must not be masked');
      return;
    }
    if (length > MAX_CONTROL_BYTES && isControlOpcode(this.#firstByte & OPCODE_BITS)) {
      this.#fail('control_too_long', `a control frame has at most ${MAX_CONTROL_BYTES} bytes`);
      return;
    }
    if (length > MAX_CONTROL_BYTES) {
      this.#payloadBytes = 0;
      this.#isLength64 = length === LENGTH_IS_64_BIT;
      this.#missing = this.#isLength64 ? 8 : 2;
      this.#stage = 'long-length';
      return;
    }
    this.#payloadBytes = length;
    this.#afterLength();
  }

  #readLongLength(byte: number): void {
    // RFC 6455 §5.2: the most significant bit of a 64-bit length is 0.
    if (this.#missing === 8 && (byte & 0x80) !== 0) {
      this.#fail('length_out_of_range', 'the highest bit of a 64-bit length must be 0');
      return;
    }
    // Above 2^53 this loses precision, not magnitude: such a length exceeds maxMessageBytes in any case.
    this.#payloadBytes = this.#payloadBytes * 256 + byte;
    this.#missing--;
    if (this.#missing > 0) return;
    // RFC 6455 §5.2: the minimal number of bytes must be used to encode the length.
    if (this.#payloadBytes <= (this.#isLength64 ? 0xffff : MAX_CONTROL_BYTES)) {
      this.#fail('length_not_minimal', `${this.#payloadBytes} bytes must be given in the shortest form`);
      return;
    }
    this.#afterLength();
  }

  #afterLength(): void {
    const opcode = this.#firstByte & OPCODE_BITS;
    const isControl = isControlOpcode(opcode);
    this.#position = 0;
    if (!isControl) {
      const isFinal = (this.#firstByte & FIN_BIT) !== 0;
      const isCompressed = (this.#firstByte & RSV1_BIT) !== 0;
      // Before the mask key: a length above the limit fails as soon as it is known.
      this.#sink.onDataFrame(opcode as DataOpcode, isFinal, isCompressed, this.#payloadBytes);
      if (this.#isStopped) return;
    }
    if (this.#expectsMask) {
      this.#maskKey = 0;
      this.#missing = MASK_KEY_BYTES;
      this.#stage = 'mask-key';
      return;
    }
    this.#beginPayload();
  }

  #readMaskKey(byte: number): void {
    this.#maskKey = (this.#maskKey << 8) | byte;
    this.#missing--;
    if (this.#missing === 0) this.#beginPayload();
  }

  #beginPayload(): void {
    this.#stage = 'payload';
    if (this.#payloadBytes === 0) this.#endFrame(NO_BYTES);
  }

  #readPayload(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#payloadBytes - this.#position);
    const piece = at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end);
    if (this.#expectsMask) mask(piece, this.#maskKey, this.#position);
    this.#position += piece.length;
    const isComplete = this.#position === this.#payloadBytes;
    if (isControlOpcode(this.#firstByte & OPCODE_BITS)) {
      this.#readControlPayload(piece, isComplete);
      return end;
    }
    this.#sink.onDataPayload(piece);
    if (isComplete && !this.#isStopped) this.#endFrame(NO_BYTES);
    return end;
  }

  #readControlPayload(piece: Buffer, isComplete: boolean): void {
    if (isComplete && this.#control === undefined) {
      this.#endFrame(piece);
      return;
    }
    // A peer may never send the rest, so what is kept of such a frame has memory of its own.
    this.#control ??= Buffer.allocUnsafeSlow(this.#payloadBytes);
    this.#control.set(piece, this.#position - piece.length);
    if (!isComplete) return;
    const control = this.#control;
    this.#control = undefined;
    this.#endFrame(control);
  }

  #endFrame(controlPayload: Buffer): void {
    this.#stage = 'first-byte';
    const opcode = this.#firstByte & OPCODE_BITS;
    if (isControlOpcode(opcode)) this.#sink.onControlFrame(opcode as ControlOpcode, controlPayload);
    else this.#sink.onDataFrameEnd();
  }

  #fail(code: WebSocketErrorCode, message: string): void {
    this.stop();
    this.#sink.onFrameError(new WebSocketError(code, message));
  }
}
