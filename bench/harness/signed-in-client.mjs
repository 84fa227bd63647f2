// A raw client that has signed in to a Longwire server. Messages are distinguished by one byte at a known place.
import { maskedText } from './masked-frame.mjs';
import { RawClient } from './raw-client.mjs';

const quote = 0x22;
const lineFeed = 0x0a;
const letterM = 0x6d;
const letterS = 0x73;
const letterR = 0x72;
const answerStart = Buffer.from('{"re":');
/** `{"type":"` before the name of a push. */
const pushNameAt = 9;
/** `,"type":"` between the number of an answer and its name. */
const answerNameAfterNumber = 9;

/** @typedef {'message' | 'sent' | 'receipt'} Kind */

/**
 * Connects and signs in. Resolves when `connected` has come; from then on every frame goes to `onFrame`.
 * @param {object} options
 * @param {number} options.port
 * @param {number} options.index
 * @param {string} options.user
 * @param {boolean} [options.batch] whether the server may send several objects in one message
 * @param {(kind: Kind, bytes: Buffer, start: number, end: number) => void} options.onFrame
 * @param {() => void} [options.onChunkEnd]
 */
export async function signIn({ port, index, user, batch = false, onFrame, onChunkEnd }) {
  /** @type {(value?: unknown) => void} */
  let onConnected = () => undefined;
  let isConnected = false;
  const connected = new Promise((resolve) => {
    onConnected = resolve;
  });
  const client = new RawClient({
    port,
    index,
    path: '/v1/connect',
    subprotocol: 'longwire.v1.json',
    onFrame(_opcode, bytes, start, end) {
      if (isConnected) {
        forEachObject(bytes, start, end, batch, (from, to) => onFrame(kindOf(bytes, from, to), bytes, from, to));
        return;
      }
      const text = bytes.toString('utf8', start, end);
      if (!text.startsWith('{"re":1,"type":"connected"')) throw new Error(`sign-in of ${user} failed: ${text}`);
      isConnected = true;
      onConnected();
    },
    onChunkEnd,
  });
  await client.opened();
  client.write(maskedText(`{"id":1,"type":"connect","token":"dev:${user}","device":"bench","batch":${batch}}`));
  await connected;
  return client;
}

/**
 * @param {Buffer} bytes
 * @param {number} start
 * @param {number} end
 * @param {boolean} batch
 * @param {(start: number, end: number) => void} run
 */
function forEachObject(bytes, start, end, batch, run) {
  while (batch) {
    const at = bytes.indexOf(lineFeed, start);
    if (at < 0 || at >= end) break;
    run(start, at);
    start = at + 1;
  }
  run(start, end);
}

/**
 * @param {Buffer} bytes
 * @param {number} start
 * @param {number} end
 * @returns {Kind}
 */
function kindOf(bytes, start, end) {
  if (bytes[start + 2] === answerStart[2]) {
    const nameAt = bytes.indexOf(0x2c, start + answerStart.length) + answerNameAfterNumber;
    if (bytes[nameAt] === letterS && bytes[nameAt - 1] === quote) return 'sent';
  } else if (bytes[start + pushNameAt] === letterM) return 'message';
  else if (bytes[start + pushNameAt] === letterR) return 'receipt';
  throw new Error(`a benchmark got what it did not expect: ${bytes.toString('utf8', start, end)}`);
}

const offsetName = Buffer.from('"offset":');
const epochName = Buffer.from('"epoch":"');

/**
 * @param {Buffer} bytes
 * @param {number} start of an entry or a `sent`
 */
export function offsetOf(bytes, start) {
  let at = bytes.indexOf(offsetName, start) + offsetName.length;
  let offset = 0;
  for (let digit = bytes[at] ?? 0; digit >= 48 && digit <= 57; digit = bytes[++at] ?? 0) {
    offset = offset * 10 + digit - 48;
  }
  return offset;
}

/**
 * @param {Buffer} bytes
 * @param {number} start of an entry or a `sent`
 */
export function epochOf(bytes, start) {
  const at = bytes.indexOf(epochName, start) + epochName.length;
  return bytes.toString('latin1', at, bytes.indexOf(quote, at));
}
