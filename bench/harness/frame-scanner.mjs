// Finds the frames in what a server sent. Server frames are not masked, and none here is fragmented.

const longestHeaderBytes = 10;

export class FrameScanner {
  #onFrame;
  /** The beginning of a frame whose rest has not come.
   * @type {Buffer | undefined} */
  #rest;

  /** @param {(opcode: number, bytes: Buffer, start: number, end: number) => void} onFrame */
  constructor(onFrame) {
    this.#onFrame = onFrame;
  }

  /**
   * @param {Buffer} bytes
   * @param {number} start
   * @param {number} end
   */
  push(bytes, start, end) {
    if (this.#rest === undefined) {
      this.#scan(bytes, start, end);
      return;
    }
    const joined = Buffer.concat([this.#rest, bytes.subarray(start, end)]);
    this.#rest = undefined;
    this.#scan(joined, 0, joined.length);
  }

  /**
   * @param {Buffer} bytes
   * @param {number} at
   * @param {number} end
   */
  #scan(bytes, at, end) {
    while (at < end) {
      if (end - at < longestHeaderBytes && end - at < headerBytes(bytes, at, end)) break;
      const short = /** @type {number} */ (bytes[at + 1]);
      let payload = at + 2;
      let length = short;
      if (short === 126) {
        length = bytes.readUInt16BE(payload);
        payload += 2;
      } else if (short === 127) {
        length = bytes.readUInt32BE(payload + 4);
        payload += 8;
      }
      if (payload + length > end) break;
      this.#onFrame(/** @type {number} */ (bytes[at]) & 0x0f, bytes, payload, payload + length);
      at = payload + length;
    }
    if (at < end) this.#rest = Buffer.from(bytes.subarray(at, end));
  }
}

/**
 * @param {Buffer} bytes
 * @param {number} at
 * @param {number} end
 */
function headerBytes(bytes, at, end) {
  if (end - at < 2) return 2;
  return bytes[at + 1] === 126 ? 4 : bytes[at + 1] === 127 ? 10 : 2;
}
