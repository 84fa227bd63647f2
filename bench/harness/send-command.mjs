// `send` commands as masked frames: encoded once per sender, then only the digits that differ are written in.
import { randomBytes } from 'node:crypto';
import { maskedFrame } from './masked-frame.mjs';

const textOpcode = 0x1;
const digits = 8;
/** The first number: all have the same count of digits. */
export const firstNumber = 10 ** (digits - 1);

export class SendCommand {
  #frame;
  #mask = randomBytes(4);
  /** Places in the frame at which the number stands. */
  #places;
  #payloadStart;

  /**
   * @param {string} to address
   * @param {string} sender makes the keys distinct
   * @param {number} bodyBytes of JSON text
   */
  constructor(to, sender, bodyBytes) {
    const number = '#'.repeat(digits);
    const body = `{"text":"${'abcdefghijklmnopqrstuvwxyz'.repeat(bodyBytes).slice(0, bodyBytes - '{"text":""}'.length)}"}`;
    const text = `{"id":${number},"type":"send","to":"${to}","body":${body},"key":"${sender}-${number}"}`;
    this.#frame = maskedFrame(textOpcode, Buffer.from(text), this.#mask);
    this.#payloadStart = this.#frame.length - text.length;
    this.#places = [text.indexOf('#'), text.lastIndexOf('#') - digits + 1];
  }

  get byteLength() {
    return this.#frame.length;
  }

  /**
   * Writes the frame of one message.
   * @param {number} number its id, and in its key; of eight digits
   * @param {Buffer} into
   * @param {number} at
   */
  writeTo(number, into, at) {
    this.#frame.copy(into, at);
    for (const place of this.#places) {
      let rest = number;
      for (let digit = place + digits - 1; digit >= place; digit--) {
        into[at + this.#payloadStart + digit] = (48 + (rest % 10)) ^ /** @type {number} */ (this.#mask[digit & 3]);
        rest = (rest / 10) | 0;
      }
    }
  }
}
