// A message of unknown length as frames, without I/O (RFC 6455 §5.4): text or binary first, continuations, FIN on the last.
import { WebSocketError } from '../errors.js';
import { encodeFrame, firstByte } from '../frame/frame-encoder.js';
import { Opcode, type Role } from '../frame/opcode.js';
import type { MessageKind } from './assembler.js';
import { assertBytes, wrongType } from './payload-type.js';
import { Utf8Validator } from './utf8.js';

export class Fragmenter {
  readonly #role: Role;
  readonly #kind: MessageKind;
  #hasBegun = false;
  /** The first half of a surrogate pair that is split between two chunks. */
  #highSurrogate = '';
  #utf8: Utf8Validator | undefined;

  constructor(role: Role, kind: MessageKind) {
    this.#role = role;
    this.#kind = kind;
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /**
   * One fragment with this chunk. Bytes in a text message must be UTF-8 as a whole; a character may be split between chunks
   * of the same type. A chunk that is rejected has no effect.
   * @throws WebSocketError `invalid_payload`
   */
  fragment(chunk: string | Uint8Array): Buffer {
    return this.#encode(this.#bytesOf(chunk), false);
  }

  /** The last frame, empty except for the rest of a split character. */
  end(): Buffer {
    if (this.#isInsideCharacter) {
      throw new WebSocketError('invalid_payload', 'the text message ends inside a character');
    }
    const rest = this.#highSurrogate;
    this.#highSurrogate = '';
    return this.#encode(Buffer.from(rest), true);
  }

  #encode(payload: Uint8Array, isFinal: boolean): Buffer {
    const opcode = this.#hasBegun ? Opcode.continuation : this.#kind === 'text' ? Opcode.text : Opcode.binary;
    const frame = encodeFrame(this.#role, firstByte(opcode, isFinal, false), payload);
    this.#hasBegun = true;
    return frame;
  }

  #bytesOf(chunk: string | Uint8Array): Uint8Array {
    if (this.#kind === 'text') return typeof chunk === 'string' ? this.#bytesOfText(chunk) : this.#checkedUtf8(chunk);
    assertBytes(chunk);
    return chunk;
  }

  #bytesOfText(chunk: string): Uint8Array {
    if (this.#isInsideCharacter) {
      throw new WebSocketError('invalid_payload', 'text follows bytes that end inside a character');
    }
    return Buffer.from(this.#wholeCharacters(chunk));
  }

  #checkedUtf8(chunk: Uint8Array): Uint8Array {
    if (!(chunk instanceof Uint8Array)) throw wrongType('a string or a Uint8Array', chunk);
    if (this.#highSurrogate !== '') {
      throw new WebSocketError('invalid_payload', 'bytes follow text that ends in half of a surrogate pair');
    }
    this.#utf8 ??= new Utf8Validator();
    if (!this.#utf8.tryPush(chunk)) {
      throw new WebSocketError('invalid_payload', 'bytes of a text message must be UTF-8');
    }
    return chunk;
  }

  /** The bytes so far end inside a character. */
  get #isInsideCharacter(): boolean {
    return this.#utf8 !== undefined && !this.#utf8.isComplete;
  }

  #wholeCharacters(chunk: string): string {
    const text = this.#highSurrogate + chunk;
    const last = text.charCodeAt(text.length - 1);
    const isCut = last >= 0xd800 && last <= 0xdbff;
    this.#highSurrogate = isCut ? text.slice(-1) : '';
    return isCut ? text.slice(0, -1) : text;
  }
}
