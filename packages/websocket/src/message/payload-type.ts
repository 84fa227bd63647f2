// What a message may be made of. Types say it, but not to a program in JavaScript: other views and buffers would go out as
// something else without a word.
import { WebSocketError } from '../errors.js';

/** @throws WebSocketError `invalid_payload` */
export function assertText(text: string): void {
  if (typeof text !== 'string') throw wrongType('a string as text', text);
}

/** @throws WebSocketError `invalid_payload` */
export function assertBytes(data: string | Uint8Array): asserts data is Uint8Array {
  if (!(data instanceof Uint8Array)) throw wrongType('a Uint8Array as bytes', data);
}

export function wrongType(expected: string, given: unknown): WebSocketError {
  return new WebSocketError('invalid_payload', `expected ${expected} to send, not ${nameOf(given)}${hintFor(given)}`);
}

function nameOf(given: unknown): string {
  if (given === null || given === undefined) return String(given);
  if (typeof given !== 'object') return `a ${typeof given}`;
  return `an object of the class ${given.constructor?.name ?? 'null'}`;
}

function hintFor(given: unknown): string {
  if (ArrayBuffer.isView(given)) {
    return given instanceof Uint8Array
      ? ''
      : ': new Uint8Array(view.buffer, view.byteOffset, view.byteLength) are its bytes';
  }
  const isBuffer = given instanceof ArrayBuffer || given instanceof SharedArrayBuffer;
  return isBuffer ? ': new Uint8Array(buffer) are its bytes' : '';
}
