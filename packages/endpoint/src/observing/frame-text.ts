// One frame as a line: `TEXT fin mask=37fa213d len=5 "Hello"`.
import { decodeClosePayload, type SeenFrame } from '@longwire/websocket';
import { hex, plain, quoted } from './printable.js';

const shownCharacters = 60;
const shownBytes = 20;

const names: Readonly<Record<SeenFrame['opcode'], string>> = {
  0: 'CONTINUATION',
  1: 'TEXT',
  2: 'BINARY',
  8: 'CLOSE',
  9: 'PING',
  10: 'PONG',
};

/** Describes the frames of one direction of one connection: what a continuation continues says how to read it. */
export class FrameText {
  #isText = false;
  #isCompressed = false;

  describe(frame: SeenFrame): string {
    if (frame.opcode === 1 || frame.opcode === 2) {
      this.#isText = frame.opcode === 1;
      this.#isCompressed = frame.isCompressed;
    }
    const parts = [names[frame.opcode]];
    if (frame.isFinal) parts.push('fin');
    if (frame.isCompressed) parts.push('rsv1');
    if (frame.maskKey !== undefined) parts.push(`mask=${frame.maskKey.toString(16).padStart(8, '0')}`);
    parts.push(`len=${frame.payloadBytes}`);
    const payload = this.#payload(frame);
    if (payload !== '') parts.push(payload);
    return parts.join(' ');
  }

  #payload(frame: SeenFrame): string {
    if (frame.opcode === 8) return closeText(frame.payloadStart);
    if (frame.payloadBytes === 0) return '';
    const isControl = frame.opcode > 8;
    if (!isControl && this.#isCompressed) return `(compressed) ${bytesText(frame)}`;
    if (isControl ? isPrintable(frame.payloadStart) : this.#isText) return startOfText(frame);
    return bytesText(frame);
  }
}

function closeText(payload: Uint8Array): string {
  if (payload.length === 0) return '(no code)';
  const close = decodeClosePayload(Buffer.from(payload));
  if (close instanceof Error) return `${hex(payload, shownBytes)} (${plain(close.message)})`;
  return close.reason === '' ? `${close.code}` : `${close.code} ${quoted(close.reason)}`;
}

function startOfText({ payloadStart, payloadBytes }: SeenFrame): string {
  // A frame, and what is shown of it, may begin and end inside a character (RFC 6455 §5.6).
  const text = Buffer.from(payloadStart)
    .toString('utf8')
    .replace(/^\ufffd{1,3}|\ufffd{1,3}$/g, '');
  const characters = [...text];
  const isAll = payloadStart.length === payloadBytes && characters.length <= shownCharacters;
  return isAll ? quoted(text) : `${quoted(characters.slice(0, shownCharacters).join(''))}…`;
}

function bytesText({ payloadStart, payloadBytes }: SeenFrame): string {
  return `${hex(payloadStart, shownBytes)}${payloadBytes > shownBytes ? ' …' : ''}`;
}

function isPrintable(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte >= 0x20 && byte < 0x7f);
}
