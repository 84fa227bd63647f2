// Data frames to messages, without I/O: order of fragments, one size limit, inflating, UTF-8 as it arrives (RFC 6455 §5.4, §5.6, §8.1).
import { constants } from 'node:buffer';
import { WebSocketError, type WebSocketErrorCode } from '../errors.js';
import type { Inflater, InflateSink } from '../extension/inflater.js';
import { type DataOpcode, Opcode } from '../frame/opcode.js';
import { ownCopy } from '../own-memory.js';
import { GrowingBuffer } from './growing-buffer.js';
import { Utf8Validator } from './utf8.js';

export type MessageKind = 'text' | 'binary';

/** Where messages go. */
export interface MessageSink {
  /** Called once at the start of each message: whether to deliver it in parts. */
  wantsParts(kind: MessageKind): boolean;
  /** Called once at the start of each message: the most bytes it may have, inflated, plus one for each fragment. */
  maxMessageBytes(kind: MessageKind): number;
  onText(text: string): void;
  onBinary(data: Buffer): void;
  onTextPart(part: string, isLast: boolean): void;
  onBinaryPart(part: Buffer, isLast: boolean): void;
  onMessageError(error: WebSocketError): void;
  /** The inflater has caught up after `isBusy`; the next data frames may come. */
  onAssemblerReady(): void;
}

const NO_BYTES = Buffer.alloc(0);

/** A longer text may not fit a string of this engine. */
const MAX_STRING_BYTES = constants.MAX_STRING_LENGTH;

export class MessageAssembler implements InflateSink {
  readonly #sink: MessageSink;
  readonly #takeInflater: ((sink: InflateSink) => Inflater) | undefined;
  readonly #bytes = new GrowingBuffer();
  readonly #utf8 = new Utf8Validator();
  #kind: MessageKind | undefined;
  #maxMessageBytes = 0;
  #inParts = false;
  #isFinalFrame = false;
  #inflater: Inflater | undefined;
  /** Payload bytes as announced by the headers so far, plus one for each fragment. */
  #cost = 0;
  #inflatedBytes = 0;
  /** Payload announced so far: the length of the whole, once the final frame has begun. */
  #announcedBytes = 0;
  #receivedBytes = 0;
  /** A message received in one piece, which need not be copied; or the last of its parts. */
  #whole: Buffer | undefined;
  #textTail: Buffer | undefined;
  #isBusy = false;
  #isStopped = false;

  /** @param takeInflater gives the inflater for one message; undefined = no compression was negotiated */
  constructor(sink: MessageSink, takeInflater?: (sink: InflateSink) => Inflater) {
    this.#sink = sink;
    this.#takeInflater = takeInflater;
  }

  /** True while an inflater works elsewhere: hold data frames back until `onAssemblerReady`. Control frames may pass. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  beginFrame(opcode: DataOpcode, isFinal: boolean, isCompressed: boolean, payloadBytes: number): void {
    if (opcode === Opcode.continuation) {
      if (this.#kind === undefined) {
        this.#fail('continuation_unexpected', 'there is no message to continue');
        return;
      }
    } else {
      if (this.#kind !== undefined) {
        this.#fail('continuation_expected', 'the last message has not ended');
        return;
      }
      this.#beginMessage(opcode === Opcode.text ? 'text' : 'binary', isCompressed);
    }
    // Each fragment costs a byte, so that empty ones cannot continue endlessly. A message in one frame has no fragments.
    const isFragment = !isFinal || opcode === Opcode.continuation;
    this.#announcedBytes += payloadBytes;
    this.#cost += payloadBytes + (isFragment ? 1 : 0);
    this.#isFinalFrame = isFinal;
    const limit = this.#inflater === undefined ? this.#maxMessageBytes : maxWireBytes(this.#maxMessageBytes);
    if (this.#cost > limit) this.#failTooBig();
  }

  push(piece: Buffer): void {
    if (this.#isStopped) return;
    if (this.#inflater === undefined) this.#accept(piece, false);
    else if (!this.#inflater.write(piece, false)) this.#isBusy = true;
  }

  endFrame(): void {
    if (this.#isStopped || !this.#isFinalFrame) return;
    if (this.#inflater === undefined) this.#complete();
    else if (this.#inflater.write(NO_BYTES, true)) this.#complete();
    else this.#isBusy = true;
  }

  /** Inflating stops until `resume`; `isBusy` meanwhile. */
  suspend(): void {
    this.#inflater?.suspend();
  }

  resume(): void {
    this.#inflater?.resume();
  }

  /** Discards the current message and all input from here on; releases memory and inflater. */
  stop(): void {
    this.#isStopped = true;
    this.#releaseMessage();
  }

  get inflateRoom(): number {
    return this.#maxMessageBytes - this.#inflatedBytes;
  }

  onInflated(output: Buffer): boolean {
    if (this.#isStopped) return false;
    // Held while inflating, not after: a bomb never gets to unfold (RFC 7692 has no bound of its own).
    const room = this.inflateRoom;
    this.#inflatedBytes += output.length;
    if (output.length <= room) {
      this.#accept(output, true);
    } else {
      // The bytes before the limit come first: if they are not UTF-8, that is what the message fails of.
      if (room > 0) this.#accept(output.subarray(0, room), true);
      this.#failTooBig();
    }
    return !this.#isStopped;
  }

  onInflateError(error: WebSocketError): void {
    this.#failWith(error);
  }

  onInflateReady(isMessageEnd: boolean): void {
    if (this.#isStopped) return;
    this.#isBusy = false;
    if (isMessageEnd) this.#complete();
    if (!this.#isStopped) this.#sink.onAssemblerReady();
  }

  #beginMessage(kind: MessageKind, isCompressed: boolean): void {
    this.#kind = kind;
    this.#inParts = this.#sink.wantsParts(kind);
    const limit = this.#sink.maxMessageBytes(kind);
    // What is no number of bytes lets nothing through, rather than everything.
    this.#maxMessageBytes = limit >= 0 ? limit : 0;
    if (kind === 'text' && !this.#inParts) this.#maxMessageBytes = Math.min(this.#maxMessageBytes, MAX_STRING_BYTES);
    this.#bytes.maxBytes = this.#maxMessageBytes;
    this.#cost = 0;
    this.#announcedBytes = 0;
    this.#inflatedBytes = 0;
    this.#receivedBytes = 0;
    this.#utf8.reset();
    if (isCompressed) this.#inflater = this.#takeInflater?.(this);
  }

  /** @param isBorrowed the caller uses the memory again, so what is kept must be copied */
  #accept(piece: Buffer, isBorrowed: boolean): void {
    if (this.#kind === 'text' && !this.#utf8.push(piece)) {
      this.#fail('invalid_utf8', 'a text message that is not UTF-8');
      return;
    }
    this.#receivedBytes += piece.length;
    const isLastPiece = !isBorrowed && this.#isFinalFrame && this.#receivedBytes === this.#announcedBytes;
    if (this.#inParts) {
      // The last piece waits for the end of its frame, which follows at once, so that it is delivered as the last.
      if (isLastPiece) this.#whole = piece;
      else this.#emitPart(isBorrowed ? Buffer.from(piece) : piece, false);
      return;
    }
    if (isLastPiece && this.#bytes.length === 0) this.#whole = piece;
    else this.#bytes.append(piece, this.#isFinalFrame && !isBorrowed ? this.#announcedBytes : 0);
  }

  #complete(): void {
    // The last bytes may have been the ones that could not be inflated.
    if (this.#isStopped) return;
    const kind = this.#kind;
    if (kind === 'text' && !this.#utf8.isComplete) {
      this.#fail('invalid_utf8', 'a text message that ends inside a character');
      return;
    }
    if (this.#inParts) {
      this.#emitPart(this.#whole ?? NO_BYTES, true);
      return;
    }
    const data = this.#whole ?? this.#bytes.take();
    this.#releaseMessage();
    if (kind === 'text') this.#sink.onText(data.toString('utf8'));
    else this.#sink.onBinary(data);
  }

  #emitPart(piece: Buffer, isLast: boolean): void {
    const kind = this.#kind;
    if (isLast) this.#releaseMessage();
    if (kind === 'binary') {
      this.#sink.onBinaryPart(piece, isLast);
      return;
    }
    const text = this.#decodeWholeCharacters(piece);
    if (text !== '' || isLast) this.#sink.onTextPart(text, isLast);
  }

  /** Keeps the bytes of a character that is cut at the end of the piece for the next one. */
  #decodeWholeCharacters(piece: Buffer): string {
    const bytes = this.#textTail === undefined ? piece : Buffer.concat([this.#textTail, piece]);
    let end = bytes.length;
    if (!this.#utf8.isComplete) {
      end--;
      while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
    }
    this.#textTail = end === bytes.length ? undefined : ownCopy(bytes.subarray(end));
    return bytes.toString('utf8', 0, end);
  }

  #releaseMessage(): void {
    this.#kind = undefined;
    this.#whole = undefined;
    this.#bytes.clear();
    this.#inflater?.release();
    this.#inflater = undefined;
    if (this.#isStopped) this.#textTail = undefined;
  }

  #failTooBig(): void {
    const limit = this.#kind === 'binary' ? 'maxBinaryBytes' : 'maxTextBytes';
    this.#fail('message_too_big', `a ${this.#kind} message has at most ${this.#maxMessageBytes} bytes (${limit})`);
  }

  #fail(code: WebSocketErrorCode, message: string): void {
    this.#failWith(new WebSocketError(code, message));
  }

  #failWith(error: WebSocketError): void {
    if (this.#isStopped) return;
    this.stop();
    this.#sink.onMessageError(error);
  }
}

/** Data that does not compress grows by 5 bytes in 16 KiB at most (RFC 1951 §3.2.4), and by a block header or two. */
function maxWireBytes(maxMessageBytes: number): number {
  return maxMessageBytes + (maxMessageBytes >>> 10) + 1024;
}
