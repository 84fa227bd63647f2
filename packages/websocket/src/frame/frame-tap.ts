// Reports frames as they pass: a sink in front of the one that processes them, or alone.
import type { WebSocketError } from '../errors.js';
import type { FrameSink } from './frame-decoder.js';
import { MAX_CONTROL_BYTES } from './header.js';
import type { ControlOpcode, DataOpcode, Opcode } from './opcode.js';

/** One frame as it was on the wire. */
export interface SeenFrame {
  /** `in`: received; `out`: passed to the operating system. */
  readonly direction: 'in' | 'out';
  readonly opcode: Opcode;
  readonly isFinal: boolean;
  /** RSV1: the payload, with all frames that continue it, is compressed (RFC 7692 §6). */
  readonly isCompressed: boolean;
  /** As one 32-bit number, first byte highest; undefined in frames of a server, which are not masked. */
  readonly maskKey: number | undefined;
  /** Bytes of the whole payload, as given in the header. */
  readonly payloadBytes: number;
  /** The unmasked payload, at most its first 125 bytes: of a control frame all of it. Still compressed. */
  readonly payloadStart: Uint8Array;
}

/** The mask key of the frame a decoder is at. */
interface MaskKeySource {
  readonly maskKey: number | undefined;
}

const NO_BYTES = Buffer.alloc(0);

/** A frame is reported once its first 125 bytes are there, before the next sink gets them. */
export class FrameTap implements FrameSink {
  readonly #direction: SeenFrame['direction'];
  readonly #report: (frame: SeenFrame) => void;
  readonly #next: FrameSink | undefined;
  /** Set by the creator of tap and decoder, which need each other. */
  decoder: MaskKeySource | undefined;
  #opcode: DataOpcode = 0;
  #isFinal = false;
  #isCompressed = false;
  #payloadBytes = 0;
  #start: Buffer = NO_BYTES;
  #isTold = true;

  constructor(direction: SeenFrame['direction'], report: (frame: SeenFrame) => void, next?: FrameSink) {
    this.#direction = direction;
    this.#report = report;
    this.#next = next;
  }

  onDataFrame(opcode: DataOpcode, isFinal: boolean, isCompressed: boolean, payloadBytes: number): void {
    this.#opcode = opcode;
    this.#isFinal = isFinal;
    this.#isCompressed = isCompressed;
    this.#payloadBytes = payloadBytes;
    this.#start = NO_BYTES;
    this.#isTold = false;
    this.#next?.onDataFrame(opcode, isFinal, isCompressed, payloadBytes);
  }

  onDataPayload(piece: Buffer): void {
    if (!this.#isTold) {
      // A copy: the next sink owns the piece, and may change it.
      this.#start = Buffer.concat([this.#start, piece.subarray(0, MAX_CONTROL_BYTES - this.#start.length)]);
      if (this.#start.length === Math.min(MAX_CONTROL_BYTES, this.#payloadBytes)) this.#reportData();
    }
    this.#next?.onDataPayload(piece);
  }

  onDataFrameEnd(): void {
    if (!this.#isTold) this.#reportData();
    this.#next?.onDataFrameEnd();
  }

  onControlFrame(opcode: ControlOpcode, payload: Buffer): void {
    this.#report({
      direction: this.#direction,
      opcode,
      isFinal: true,
      isCompressed: false,
      maskKey: this.decoder?.maskKey,
      payloadBytes: payload.length,
      payloadStart: Buffer.from(payload),
    });
    this.#next?.onControlFrame(opcode, payload);
  }

  onFrameError(error: WebSocketError): void {
    this.#next?.onFrameError(error);
  }

  #reportData(): void {
    this.#isTold = true;
    this.#report({
      direction: this.#direction,
      opcode: this.#opcode,
      isFinal: this.#isFinal,
      isCompressed: this.#isCompressed,
      maskKey: this.decoder?.maskKey,
      payloadBytes: this.#payloadBytes,
      payloadStart: this.#start,
    });
  }
}
